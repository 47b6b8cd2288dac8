/**
 * A service is over a limit, as it was measured. What follows is the service's own choice: `kill` ends the incarnation, and
 * its restart policy decides about the next; `throttle` and `warn` leave it alive.
 */
import { type Death, never } from "../../base/index.ts";
import type { Draft } from "../draft.ts";
import type { Payloads } from "../event.ts";
import { isAlive } from "../service/life.ts";
import type { Input } from "../turn.ts";

type Violation = Extract<Input, { readonly type: "violation" }>;

export function violation(draft: Draft, { type: _, tenant, ...seen }: Violation): void {
  const service = draft.service(tenant, seen.service);
  const phase = service?.instances.get(seen.instance)?.phase;
  // Measured a moment ago: it may have ended since, and its end says more.
  if (service === undefined || phase === undefined || !isAlive(phase) || phase.incarnation !== seen.incarnation) return;
  const action = service.release.limits.limitExceededAction;
  draft.record({
    type: "resource_violation",
    tenant,
    subject: service.id,
    actor: "solo",
    payload: { ...seen, action },
    cause: phase.because,
  });
  if (seen.phase === "left" || action !== "kill" || phase.name === "stopping") return;
  const { incarnation } = seen;
  // The report of its end comes as that of any other, and its supervisor decides then.
  draft.effect({ type: "stop", tenant, service: service.id, incarnation, death: deathOf(seen), graceMs: 0 });
}

function deathOf({ what, used, limit }: Pick<Payloads["resource_violation"], "what" | "used" | "limit">): Death {
  switch (what) {
    case "mailbox":
      return { type: "mailbox_overflow", limit };
    case "memory":
    case "processes":
    case "tenant_memory":
    case "tenant_processes":
      return { type: "limit_exceeded", what, used, limit };
    default:
      return never(what);
  }
}
