/**
 * A kernel's first turn: it believes the log, and then what lives.
 *
 * After the end of the whole node nothing lives: `evolve` has suspended what should run, and it is resumed. After the end
 * of the kernel alone the cells went on: what they do not hold is lost, what they should not hold is stopped, and effects
 * whose reports are missing are issued again.
 */
import {
  type Death,
  type EventId,
  type IncarnationNumber,
  never,
  type ServiceId,
  type TenantId,
} from "../../base/index.ts";
import { resumesSomething } from "../agenda.ts";
import type { Draft } from "../draft.ts";
import { finishDeletion } from "../tenant/delete-tenant.ts";
import type { Service } from "../state.ts";
import type { Input, Survivor } from "../turn.ts";
import { finishKill } from "./kill.ts";
import { type Alive, isAlive } from "./life.ts";
import { resume } from "./restart.ts";
import { stopLiving } from "./stop.ts";
import { ended } from "./supervise.ts";

type Booted = Extract<Input, { readonly type: "booted" }>;

/** No cell holds it, and no report says how it ended. */
const vanished: Death = { type: "cell_lost", loss: { type: "unknown" }, inFlight: "no" };

export function booted(draft: Draft, { epoch, boot, version, survivors }: Booted): void {
  const cause = draft.record({
    type: "kernel_started",
    subject: "node",
    actor: "solo",
    payload: { epoch, boot, version },
  });
  const { tenants, retiring } = draft.state;
  const held = survivorsByTenant(survivors);
  for (const [tenant, { services }] of tenants) {
    for (const service of services.keys()) reconcile(draft, { tenant, id: service, held: held.get(tenant), cause });
    finishDeletion(draft, tenant);
  }
  stopStrays(draft, survivors);
  for (const tenant of retiring.keys()) draft.effect({ type: "retire_tenant", tenant });
  resume(draft, suspended(draft));
}

type Held = ReadonlyMap<IncarnationNumber, Survivor>;

function survivorsByTenant(survivors: readonly Survivor[]): ReadonlyMap<TenantId, Held> {
  const held = new Map<TenantId, Map<IncarnationNumber, Survivor>>();
  for (const survivor of survivors) {
    const mine = held.get(survivor.tenant) ?? new Map<IncarnationNumber, Survivor>();
    held.set(survivor.tenant, mine);
    mine.set(survivor.incarnation, survivor);
  }
  return held;
}

interface Reconciled {
  readonly tenant: TenantId;
  readonly id: ServiceId;
  readonly held: Held | undefined;
  readonly cause: EventId;
}

function reconcile(draft: Draft, { tenant, id, held, cause }: Reconciled): void {
  const service = draft.getService(tenant, id);
  for (const { number, phase } of service.instances.values()) {
    if (!isAlive(phase) || held?.has(phase.incarnation) === true) continue;
    absent(draft, { tenant, service, instance: number, phase, cause });
  }
  // Told again, in case the last kernel ended before it could.
  stopLiving(draft, tenant, id);
  finishKill(draft, tenant, id);
}

/** Found in no cell after all. */
export function missing(draft: Draft, { tenant, incarnation }: Extract<Input, { readonly type: "missing" }>): void {
  const at = draft.state.index.living.get(tenant)?.get(incarnation);
  const service = at === undefined ? undefined : draft.service(tenant, at.service);
  const phase = at === undefined ? undefined : service?.instances.get(at.instance)?.phase;
  if (at === undefined || service === undefined || phase === undefined || !isAlive(phase)) return;
  absent(draft, { tenant, service, instance: at.instance, phase, cause: phase.because });
  finishKill(draft, tenant, service.id);
}

interface Absent {
  readonly tenant: TenantId;
  readonly service: Service;
  readonly instance: number;
  readonly phase: Alive;
  readonly cause: EventId;
}

/** The log believes that it lives, and no cell holds it. */
function absent(draft: Draft, { tenant, service, instance, phase, cause }: Absent): void {
  const { incarnation } = phase;
  switch (phase.name) {
    case "starting": {
      const { id, release } = service;
      const { probation } = phase;
      draft.effect({ type: "start", tenant, service: id, instance, incarnation, release, probation });
      return;
    }
    case "running":
      return ended(draft, { tenant, incarnation, death: vanished, started: true }, cause);
    case "stopping": {
      // What was not known to run is ended by the stop, as far as anybody can tell; what ran, by whatever took its cell.
      const death = phase.cell === undefined ? phase.death : vanished;
      return ended(draft, { tenant, incarnation, death, started: phase.cell !== undefined });
    }
    default:
      return never(phase);
  }
}

/** What a cell holds and the log believes dead: it must not live beside its successor. */
function stopStrays(draft: Draft, survivors: readonly Survivor[]): void {
  for (const { tenant, service, incarnation } of survivors) {
    if (service === undefined || isBelieved(draft, tenant, incarnation)) continue;
    draft.effect({
      type: "stop",
      tenant,
      service,
      incarnation,
      death: { type: "stopped", why: "replaced" },
      graceMs: 0,
    });
  }
}

function isBelieved(draft: Draft, tenant: TenantId, incarnation: IncarnationNumber): boolean {
  const at = draft.state.index.living.get(tenant)?.get(incarnation);
  const phase = at === undefined ? undefined : draft.service(tenant, at.service)?.instances.get(at.instance)?.phase;
  return phase !== undefined && isAlive(phase) && phase.incarnation === incarnation;
}

/** In the order of deployment. */
function suspended(draft: Draft): readonly { readonly tenant: TenantId; readonly service: ServiceId }[] {
  const found: { tenant: TenantId; service: ServiceId; deployedBy: EventId }[] = [];
  for (const [tenant, { services }] of draft.state.tenants) {
    for (const id of services.keys()) {
      const service = draft.getService(tenant, id);
      if (resumesSomething(service, draft.startedBy))
        found.push({ tenant, service: id, deployedBy: service.deployedBy });
    }
  }
  return found.toSorted((a, b) => a.deployedBy - b.deployedBy);
}
