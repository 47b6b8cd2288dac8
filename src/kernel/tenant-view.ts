/**
 * What a tenant is shown of the state: its own part. Nothing in it tells of others: no node-wide event ids, no cells, no
 * kernel; `sequence` is the tenant's own number of its newest event.
 */
import type { Death, IncarnationNumber, Instant, ServiceId, TenantId } from "../base/index.ts";
import type { Release } from "./event.ts";
import { servicesInStartOrder } from "./read.ts";
import type { Phase, Service, State, Tenant } from "./state.ts";

export interface InstanceView {
  readonly instance: number;
  readonly phase: Phase["name"];
  readonly incarnation?: IncarnationNumber;
  readonly since?: Instant;
  readonly until?: Instant;
  readonly death?: Death;
}

export interface ServiceView {
  readonly service: ServiceId;
  readonly release: Release;
  readonly deployedAt: Instant;
  readonly desired: Service["desired"];
  readonly deployment: Service["deployment"];
  readonly restartCount: number;
  readonly instances: readonly InstanceView[];
  readonly deaths: readonly { readonly at: Instant; readonly incarnation: IncarnationNumber; readonly death: Death }[];
}

export interface TenantView {
  readonly tenant: TenantId;
  readonly sequence: number;
  readonly createdAt: Instant;
  readonly phase: Tenant["phase"];
  readonly services: readonly ServiceView[];
}

/** Undefined if there is no such tenant. */
export function toTenantView(state: State, id: TenantId): TenantView | undefined {
  const tenant = state.tenants.get(id);
  if (tenant === undefined) return undefined;
  const { lastSequence, createdAt, phase } = tenant;
  return {
    tenant: id,
    sequence: lastSequence,
    createdAt,
    phase,
    services: servicesInStartOrder(tenant).map(viewService),
  };
}

function viewService({
  id,
  release,
  deployedAt,
  desired,
  deployment,
  restartCount,
  instances,
  deaths,
}: Service): ServiceView {
  return {
    service: id,
    release,
    deployedAt,
    desired,
    deployment,
    restartCount,
    instances: [...instances.values()].map(({ number, phase }) => viewInstance(number, phase)),
    deaths: deaths.map(({ at, incarnation, death }) => ({ at, incarnation, death })),
  };
}

const viewInstance = (instance: number, phase: Phase): InstanceView => ({
  instance,
  phase: phase.name,
  ...("incarnation" in phase ? { incarnation: phase.incarnation } : {}),
  ...("since" in phase ? { since: phase.since } : {}),
  ...("until" in phase ? { until: phase.until } : {}),
  ...("death" in phase ? { death: phase.death } : {}),
});
