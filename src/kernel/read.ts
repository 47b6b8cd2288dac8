/** What the state says, for gateways and the daemon. Reads show data as it is; "running" only of what runs. */
import {
  type CellNumber,
  type Death,
  type EventId,
  type IncarnationNumber,
  type Instant,
  pidOf,
  type ReleaseId,
  type ServiceId,
  type TenantId,
} from "../base/index.ts";
import { firstDue } from "./agenda.ts";
import { isAlive, isStopped } from "./service/life.ts";
import type { Outcome, PastDeath, Phase, Place, Service, State, Tenant } from "./state.ts";

export const findTenant = (state: State, tenant: TenantId): Tenant | undefined => state.tenants.get(tenant);

export const findService = (
  state: State,
  at: { readonly tenant: TenantId; readonly service: ServiceId },
): Service | undefined => state.tenants.get(at.tenant)?.services.get(at.service);

/** Which service a living incarnation is of. */
export const findIncarnation = (
  state: State,
  at: { readonly tenant: TenantId; readonly incarnation: IncarnationNumber },
): Place | undefined => state.index.living.get(at.tenant)?.get(at.incarnation);

/** When `woken` is due next. */
export const nextWake = (state: State): Instant | undefined =>
  state.phase === "running" ? firstDue(state.index) : undefined;

/** A tenant's services in the order in which they start. */
export const servicesInStartOrder = (tenant: Tenant): readonly Service[] =>
  [...tenant.services.values()].toSorted((a, b) => a.deployedBy - b.deployedBy);

export interface RunningIncarnation {
  readonly tenant: TenantId;
  readonly service: ServiceId;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
  readonly cell: CellNumber;
  /** Its service's place in the order of starting. */
  readonly deployedBy: EventId;
}

/** All that run, in the order of their deployment. */
export function incarnationsRunning(state: State): readonly RunningIncarnation[] {
  const found: RunningIncarnation[] = [];
  for (const tenant of state.tenants.values()) {
    for (const { id, deployedBy, instances } of tenant.services.values()) {
      for (const { number, phase } of instances.values()) {
        if (phase.name !== "running") continue;
        const { incarnation, cell } = phase;
        found.push({ tenant: tenant.id, service: id, instance: number, incarnation, cell, deployedBy });
      }
    }
  }
  return found.toSorted((a, b) => a.deployedBy - b.deployedBy || a.instance - b.instance);
}

/** What the deployment or kill that `incarnation` took part in came to. */
export function outcomeOf(
  state: State,
  at: { readonly tenant: TenantId; readonly service: ServiceId; readonly incarnation: IncarnationNumber },
): Outcome {
  if (!state.tenants.has(at.tenant)) return { name: "stopped", death: { type: "stopped", why: "tenant_deleted" } };
  const service = findService(state, at);
  if (service === undefined || at.incarnation < service.firstIncarnation) {
    return { name: "stopped", death: { type: "stopped", why: "replaced" } };
  }
  return service.deployment;
}

export type StatusName = "DEPLOYING" | "RUNNING" | "STOPPING" | "STOPPED" | "ERROR";

export interface InstanceStatus {
  readonly instance: number;
  readonly phase: Phase["name"];
  /** Of a living incarnation. */
  readonly pid?: string;
  readonly uptimeMs?: number;
  readonly nextRestartAt?: Instant;
}

export interface ServiceStatus {
  readonly service: ServiceId;
  readonly release: ReleaseId;
  readonly status: StatusName;
  /** Why it is not running. */
  readonly reason?: Death;
  /** Of its first living incarnation. */
  readonly pid?: string;
  /** Since its first running incarnation began to run; 0 if none does. */
  readonly uptimeMs: number;
  readonly restartCount: number;
  readonly nextRestartAt?: Instant;
  /** It restarts too often, and rests; `tenant`: for longer, as it spent both budgets. */
  readonly resting?: "service" | "tenant";
  /** Newest last. */
  readonly deaths: readonly PastDeath[];
  readonly instances: readonly InstanceStatus[];
  readonly deployedAt: Instant;
}

/**
 * RUNNING: every instance runs, or has done its work. ERROR: it failed to deploy, or an instance that should run does not
 * (it waits, rests, or starts again).
 */
export function statusName(service: Service): StatusName {
  if (service.deployment.name === "failed") return "ERROR";
  if (isStopped(service)) return hasFailedWork(service) ? "ERROR" : "STOPPED";
  if (service.desired === "stopped") return "STOPPING";
  if (service.deployment.name === "pending") return "DEPLOYING";
  for (const { phase } of service.instances.values()) {
    if (phase.name !== "running" && phase.name !== "stopped") return "ERROR";
  }
  return hasFailedWork(service) ? "ERROR" : "RUNNING";
}

/** A temporary instance that crashed is not started again. */
function hasFailedWork(service: Service): boolean {
  if (service.desired === "stopped") return false;
  for (const { phase } of service.instances.values()) {
    if (phase.name === "stopped" && phase.death.type !== "stopped" && phase.death.type !== "killed") return true;
  }
  return false;
}

export function serviceStatus(service: Service, now: Instant): ServiceStatus {
  const instances = [...service.instances.values()].map(({ number, phase }) => instanceStatus(number, phase, now));
  const status = statusName(service);
  const reason = status === "RUNNING" || status === "DEPLOYING" ? undefined : reasonOf(service);
  const pid = instances.find((instance) => instance.pid !== undefined)?.pid;
  const nextRestartAt = instances.map((instance) => instance.nextRestartAt).find((at) => at !== undefined);
  const resting = [...service.instances.values()].map(({ phase }) => phase).find((phase) => phase.name === "resting");
  return {
    service: service.id,
    release: service.release.id,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(pid === undefined ? {} : { pid }),
    uptimeMs: Math.max(0, ...instances.map(({ uptimeMs }) => uptimeMs ?? 0)),
    restartCount: service.restartCount,
    ...(nextRestartAt === undefined ? {} : { nextRestartAt }),
    ...(resting === undefined ? {} : { resting: resting.level }),
    deaths: service.deaths,
    instances,
    deployedAt: service.deployedAt,
  };
}

function instanceStatus(instance: number, phase: Phase, now: Instant): InstanceStatus {
  const next = phase.name === "stopping" && phase.then === "restart" ? phase.next : phase;
  return {
    instance,
    phase: phase.name,
    ...(isAlive(phase) ? { pid: pidOf({ instance, incarnation: phase.incarnation }) } : {}),
    ...(phase.name === "running" ? { uptimeMs: Math.max(0, now - phase.since) } : {}),
    ...(next.name === "waiting" || next.name === "resting" ? { nextRestartAt: next.until } : {}),
  };
}

/** Why a service is not running: its outcome if it has ended, or else its newest death. */
function reasonOf(service: Service): Death | undefined {
  if (service.deployment.name === "failed" || service.deployment.name === "stopped") return service.deployment.death;
  if (service.kill !== undefined) return service.kill.death;
  return service.deaths.at(-1)?.death;
}
