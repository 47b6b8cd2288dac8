/** Starting again: what is due, and, after the end of a node, what was suspended with it. */
import type { ServiceId, TenantId } from "../../base/index.ts";
import { recoveriesOf } from "../agenda.ts";
import { recoveriesMax, recoveriesPerTenantMax, startsPerTurnMax } from "../defaults.ts";
import type { Draft } from "../draft.ts";
import type { Phase } from "../state.ts";
import { dueAt, isResumable } from "./life.ts";

/** Starts what waited until now. Of many, some in this turn; the rest stay due. */
export function startDue(draft: Draft): void {
  let left = startsPerTurnMax;
  for (const { at, tenant, service: id } of draft.state.index.agenda) {
    if (at > draft.now || left-- === 0) return;
    const service = draft.getService(tenant, id);
    if (dueAt(service) === undefined) continue;
    for (const { number, phase } of service.instances.values()) {
      if ((phase.name === "waiting" || phase.name === "resting") && phase.until <= draft.now) {
        startAgain(draft, { tenant, service: id, instance: number, phase });
      }
    }
  }
}

/** Starts suspended instances in the order of their deployment, as many as there are places for recoveries. */
export function resume(
  draft: Draft,
  suspended: Iterable<{ readonly tenant: TenantId; readonly service: ServiceId }>,
): void {
  const { recovering } = draft.state.index;
  let free = recoveriesMax - draft.change(undefined, recoveriesOf);
  for (const count of recovering.values()) free -= count;
  const taken = new Map<TenantId, number>();
  for (const { tenant, service: id } of suspended) {
    if (free <= 0) return;
    const service = draft.service(tenant, id);
    if (service === undefined) continue;
    let mine = taken.get(tenant) ?? (recovering.get(tenant) ?? 0) + draft.change(tenant, recoveriesOf);
    for (const { number, phase } of service.instances.values()) {
      if (free <= 0 || mine >= recoveriesPerTenantMax) break;
      if (!isResumable(phase, draft.startedBy)) continue;
      startAgain(draft, { tenant, service: id, instance: number, phase });
      free--;
      mine++;
    }
    taken.set(tenant, mine);
  }
}

interface Restart {
  readonly tenant: TenantId;
  readonly service: ServiceId;
  readonly instance: number;
  readonly phase: Extract<Phase, { readonly name: "waiting" | "resting" | "suspended" }>;
}

function startAgain(draft: Draft, { tenant, service, instance, phase }: Restart): void {
  const incarnation = draft.takeIncarnation(tenant);
  const probation = phase.name !== "suspended" && phase.probation;
  const { release } = draft.getService(tenant, service);
  draft.record({
    type: "service_restarting",
    tenant,
    subject: service,
    actor: "solo",
    payload: { service, instance, incarnation, probation },
    cause: phase.because,
  });
  draft.effect({ type: "start", tenant, service, instance, incarnation, release, probation });
}
