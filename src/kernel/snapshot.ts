/**
 * Snapshots: the state as plain JSON and back, so that a start need not replay the whole log. What does not fit, or is of
 * another `evolveVersion`, is left aside: the log alone is the truth. The index is not kept, but made again.
 */
import {
  amount,
  isMisfit,
  limits,
  flag,
  listOf,
  misfit,
  type Of,
  oneOf,
  optional,
  record,
  type RequestId,
  type ServiceId,
  type Shape,
  type TenantId,
  text,
  unionBy,
  whole,
} from "../base/index.ts";
import { emptyIndex, listSuspended, reindex } from "./agenda.ts";
import { lostCellsKeptMax } from "./defaults.ts";
import { mutable } from "./mutable.ts";
import {
  bornListShape,
  cellNumberShape,
  deathShape,
  epochShape,
  eventIdShape,
  fingerprintShape,
  incarnationShape,
  instanceNumber,
  instantShape,
  releaseShape,
  requestIdShape,
  restartsShape,
  serviceIdShape,
  tenantIdShape,
} from "./shapes.ts";
import {
  evolveVersion,
  type Instance,
  type Phase,
  type Remembered,
  type Service,
  type State,
  type Tenant,
} from "./state.ts";

const yes: Shape<true> = (value, at = "") => (value === true ? value : misfit(at, "must be true"));

const waiting = { until: instantShape, because: eventIdShape, probation: flag };
const resting = { ...waiting, level: oneOf("service", "tenant") } as const;
const nextShape = unionBy("name", { waiting: record(waiting), resting: record(resting) });
const stopping = {
  incarnation: incarnationShape,
  cell: optional(cellNumberShape),
  because: eventIdShape,
  death: deathShape,
  graceMs: whole(0),
};
const phaseShape: Shape<Phase> = unionBy("name", {
  starting: record({
    incarnation: incarnationShape,
    because: eventIdShape,
    first: flag,
    probation: flag,
    recovery: flag,
  }),
  running: record({
    incarnation: incarnationShape,
    because: eventIdShape,
    cell: cellNumberShape,
    since: instantShape,
    probation: optional(yes),
  }),
  stopping: unionBy("then", { stop: record(stopping), restart: record({ ...stopping, next: nextShape }) }),
  waiting: record(waiting),
  resting: record(resting),
  suspended: record({ because: eventIdShape }),
  stopped: record({ because: eventIdShape, death: deathShape }),
});

const outcomeShape = unionBy("name", {
  pending: record({}),
  running: record({ born: bornListShape }),
  failed: record({ death: deathShape }),
  stopped: record({ death: deathShape }),
});

const serviceShape = record({
  id: serviceIdShape,
  release: releaseShape,
  deployedBy: eventIdShape,
  deployedAt: instantShape,
  firstIncarnation: incarnationShape,
  desired: oneOf("running", "stopped"),
  deployment: outcomeShape,
  kill: optional(record({ because: eventIdShape, death: deathShape })),
  awaiting: listOf(requestIdShape, limits.requestsRememberedMax),
  instances: listOf(record({ number: instanceNumber, phase: phaseShape }), limits.instancesPerServiceMax),
  restarts: restartsShape,
  tenantRestarts: restartsShape,
  restartCount: whole(0),
  deaths: listOf(
    record({ at: instantShape, event: eventIdShape, incarnation: incarnationShape, death: deathShape }),
    limits.deathsKeptMax,
  ),
});

const rememberedShape: Shape<Remembered> = record({
  id: requestIdShape,
  fingerprint: fingerprintShape,
  at: instantShape,
  event: eventIdShape,
  operation: oneOf("create_tenant", "delete_tenant", "issue_certificate", "deploy", "kill", "shut_down"),
  tenant: optional(tenantIdShape),
  service: optional(serviceIdShape),
  deletes: optional(tenantIdShape),
  tookMs: optional(amount),
  born: bornListShape,
  outcome: outcomeShape,
});
const requestsShape = listOf(rememberedShape, limits.requestsRememberedMax);

const tenantShape = record({
  id: tenantIdShape,
  createdAt: instantShape,
  createdBy: eventIdShape,
  phase: oneOf("active", "deleting"),
  deletionRequestedBy: optional(eventIdShape),
  services: listOf(serviceShape, limits.servicesPerTenantMax),
  nextIncarnation: incarnationShape,
  lastSequence: whole(0),
  requests: requestsShape,
});

const snapshotShape = record({
  evolveVersion: whole(0),
  lastEvent: eventIdShape,
  instant: instantShape,
  epoch: epochShape,
  boot: text(256),
  startedBy: eventIdShape,
  phase: oneOf("running", "stopped"),
  tenants: listOf(tenantShape, limits.tenantsMax),
  requests: requestsShape,
  administered: listOf(eventIdShape, limits.requestsRememberedMax),
  retiring: listOf(record({ tenant: tenantIdShape, deletion: eventIdShape }), limits.tenantsMax),
  lost: listOf(cellNumberShape, lostCellsKeptMax),
});
export type Snapshot = Of<typeof snapshotShape>;

export function toSnapshot(state: State): Snapshot {
  const { lastEvent, instant, epoch, boot, startedBy, phase, tenants, requests, administered, retiring, lost } = state;
  return {
    evolveVersion,
    lastEvent,
    instant,
    epoch,
    boot,
    startedBy,
    phase,
    tenants: [...tenants.values()].map((tenant) => ({
      ...tenant,
      services: [...tenant.services.values()].map((service) => ({
        ...service,
        instances: [...service.instances.values()],
      })),
      requests: [...tenant.requests.values()],
    })),
    requests: [...requests.values()],
    administered: [...administered],
    retiring: Array.from(retiring, ([tenant, deletion]) => ({ tenant, deletion })),
    lost: [...lost],
  };
}

/** `value`: parsed JSON. Undefined if it does not fit. */
export function fromSnapshot(value: unknown): State | undefined {
  const parsed = snapshotShape(value);
  if (isMisfit(parsed) || parsed.evolveVersion !== evolveVersion) return undefined;
  const { evolveVersion: _, tenants, requests, administered, retiring, lost, ...rest } = parsed;
  const state: State = {
    ...rest,
    tenants: new Map(tenants.map((tenant): [TenantId, Tenant] => [tenant.id, toTenant(tenant)])),
    requests: byId(requests),
    administered: [...administered],
    retiring: new Map(retiring.map(({ tenant, deletion }) => [tenant, deletion])),
    lost: new Set(lost),
    index: emptyIndex(),
  };
  const writable = mutable(state);
  for (const tenant of state.tenants.values()) {
    for (const service of tenant.services.values()) reindex(writable, tenant.id, undefined, service);
  }
  listSuspended(writable.index, state.tenants, state.startedBy);
  return state;
}

const byId = (requests: readonly Remembered[]): ReadonlyMap<RequestId, Remembered> =>
  new Map(requests.map((remembered) => [remembered.id, remembered]));

const toTenant = (tenant: Of<typeof tenantShape>): Tenant => ({
  ...tenant,
  services: new Map(tenant.services.map((service): [ServiceId, Service] => [service.id, toService(service)])),
  requests: byId(tenant.requests),
});

const toService = (service: Of<typeof serviceShape>): Service => ({
  ...service,
  instances: new Map(service.instances.map((instance): [number, Instance] => [instance.number, instance])),
});
