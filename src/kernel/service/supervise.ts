/**
 * Ends of incarnations, and what their supervisors make of them. Two levels: the service over its instances, and, when it
 * gives up, the tenant over the service. There it stops: the service rests, and no other service notices.
 *
 *   ended ─▶ was it to stop? ──yes──▶ instance_stopped (─▶ service_killed, tenant_deleted)
 *              │ no
 *            is its deployment unfinished? ──yes──▶ service_deployment_failed
 *              │ no
 *            service level: ignore · restart ─▶ service_restart_scheduled
 *              │ too often
 *            tenant level: service_rested, for longer each time
 */
import {
  type CellLoss,
  type Death,
  type EventId,
  isAbnormal,
  later,
  supervise,
  type Supervised,
  type TenantId,
} from "../../base/index.ts";
import { blamelessWait, shedWaitMs, tenantRestMs, tenantSupervision } from "../defaults.ts";
import type { Draft } from "../draft.ts";
import type { Service } from "../state.ts";
import { finishDeletion } from "../tenant/delete-tenant.ts";
import type { Input } from "../turn.ts";
import { finishKill } from "./kill.ts";
import { type Alive, isAlive } from "./life.ts";
import { stopLiving } from "./stop.ts";

type Ended = Omit<Extract<Input, { readonly type: "ended" }>, "type">;

/** One incarnation that ended, and where it was in its life. */
interface End extends Ended {
  readonly service: Service;
  readonly instance: number;
  readonly phase: Alive;
  readonly cause: EventId;
}

/** `cause`: of a lost cell's victims, the loss; of others, what began the phase they ended in. */
export function ended(draft: Draft, report: Ended, cause?: EventId): void {
  const { tenant, incarnation, death } = report;
  const at = draft.state.index.living.get(tenant)?.get(incarnation);
  const service = at === undefined ? undefined : draft.service(tenant, at.service);
  const phase = at === undefined ? undefined : service?.instances.get(at.instance)?.phase;
  if (at === undefined || service === undefined || phase === undefined) return;
  // Late, or a second time.
  if (!isAlive(phase) || phase.incarnation !== incarnation) return;
  const end: End = { ...report, service, instance: at.instance, phase, cause: cause ?? phase.because };

  if (phase.name === "stopping") {
    recordStopped(draft, end);
    finishKill(draft, tenant, service.id);
    finishDeletion(draft, tenant);
  } else if (death.type === "stopped" && death.why === "shutdown") {
    // The node is shutting down; the next kernel resumes it.
    recordStopped(draft, end);
  } else if (service.deployment.name === "pending" && !isForgivenAtFirst(service, end)) {
    failDeployment(draft, end);
  } else {
    superviseInstance(draft, end);
  }
}

/** Not the service's fault: its cell was lost through another, or with its node, or was closed. */
export function isBlameless(death: Death): boolean {
  if (death.type === "shed") return true;
  if (death.type !== "cell_lost") return false;
  const { type }: CellLoss = death.loss;
  if (type === "node" || type === "closed") return true;
  // A cell that cannot be started is nobody's fault, but without a budget it would be tried for ever.
  if (type === "spawn") return false;
  return death.suspect === undefined ? death.inFlight === "no" : death.suspect === "first";
}

/**
 * Ends that do not fail a deployment: a victim's, and a job's that did its work before its siblings had started. A temporary
 * instance that never ran is not tried again: with it the deployment would wait for ever.
 */
function isForgivenAtFirst({ release }: Service, { death, phase }: End): boolean {
  const ran = phase.name === "running";
  if (isBlameless(death)) return ran || release.restart !== "temporary";
  return ran && release.restart !== "permanent" && !isAbnormal(death);
}

function recordStopped(draft: Draft, { tenant, service, instance, incarnation, death, cause }: End): EventId {
  const payload = { service: service.id, instance, incarnation, death };
  return draft.record({ type: "instance_stopped", tenant, subject: service.id, actor: "solo", payload, cause });
}

function recordEnd(draft: Draft, end: End): EventId {
  const { tenant, service, instance, incarnation, death, cause } = end;
  if (!isAbnormal(death)) return recordStopped(draft, end);
  const started = end.started || end.phase.name === "running";
  const payload = { service: service.id, instance, incarnation, death, started };
  return draft.record({ type: "service_crashed", tenant, subject: service.id, actor: "solo", payload, cause });
}

function failDeployment(draft: Draft, { tenant, service, instance, incarnation, death, cause }: End): void {
  const payload = { service: service.id, instance, incarnation, death };
  draft.record({ type: "service_deployment_failed", tenant, subject: service.id, actor: "solo", payload, cause });
  stopLiving(draft, tenant, service.id);
}

function superviseInstance(draft: Draft, end: End): void {
  const { service, instance, death } = end;
  const { restart, supervision } = service.release;
  const crash = recordEnd(draft, end);
  // An instance whose work is done stays done, whatever its siblings' strategy.
  const children = [...service.instances.values()].filter(({ phase }) => phase.name !== "stopped");
  const decided: Supervised<number> = supervise(
    supervision,
    children.map(({ number }) => ({ id: number, restart })),
    service.restarts,
    { child: instance, kind: isAbnormal(death) ? "abnormal" : "normal", blameless: isBlameless(death) },
    draft.now,
  );
  if (decided.type === "escalate") return superviseService(draft, end.tenant, service, crash);
  if (decided.type === "ignore") return;
  const at = later(draft.now, isBlameless(death) ? victimWaitMs(draft, end) : decided.delayMs);
  for (const started of decided.start) {
    draft.record({
      type: "service_restart_scheduled",
      tenant: end.tenant,
      subject: service.id,
      actor: "solo",
      payload: { service: service.id, instance: started, at, restarts: decided.restarts },
      cause: crash,
    });
  }
  stopLiving(draft, end.tenant, service.id);
}

/** Victims pay nothing, so this alone keeps those that fall again and again from doing it without a pause. */
function victimWaitMs(draft: Draft, { phase, death }: End): number {
  if (death.type === "shed") return shedWaitMs;
  const lived = phase.name === "running" ? draft.now - phase.since : 0;
  return lived < blamelessWait.livedMsMin ? blamelessWait.waitMs : 0;
}

function superviseService(draft: Draft, tenant: TenantId, service: Service, cause: EventId): void {
  const { now } = draft;
  const decided = supervise(
    tenantSupervision,
    [{ id: service.id, restart: "permanent" }],
    service.tenantRestarts,
    { child: service.id, kind: "abnormal" },
    now,
  );
  const again = decided.type === "restart";
  const restMs = again ? decided.delayMs : tenantRestMs;
  const counted = again ? decided.restarts : [...service.tenantRestarts, now];
  draft.record({
    type: "service_rested",
    tenant,
    subject: service.id,
    actor: "solo",
    payload: {
      service: service.id,
      until: later(now, restMs),
      level: again ? "service" : "tenant",
      // Time at rest does not age the budget, or resting longer would make it look healthier.
      restarts: counted.slice(-tenantSupervision.intensity.restartsMax).map((at) => at + restMs),
    },
    cause,
  });
  stopLiving(draft, tenant, service.id);
}
