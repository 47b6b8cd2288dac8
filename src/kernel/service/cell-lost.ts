/** A cell ended, and with it all that lived in it. */
import type { CellLoss, Instant, TenantId } from "../../base/index.ts";
import type { Draft } from "../draft.ts";
import { subjectOf } from "../lost-cells.ts";
import type { Phase } from "../state.ts";
import type { Input } from "../turn.ts";
import { ended } from "./supervise.ts";

export function cellLost(draft: Draft, input: Extract<Input, { readonly type: "cell_lost" }>): void {
  const { cell, tenant, loss, victims } = input;
  const living = tenant === undefined ? undefined : draft.state.index.living.get(tenant);
  const known = victims.filter(({ incarnation }) => living?.has(incarnation));
  // Told before, by a kernel that died before it could acknowledge it: its victims are dead already.
  if (known.length === 0 && draft.state.lost.has(cell)) return;
  const isThere = tenant !== undefined && draft.state.tenants.has(tenant);
  const cause = draft.record({
    type: "cell_lost",
    // Of a tenant that is gone nothing is written that its erasure would miss.
    ...(isThere ? { tenant } : {}),
    subject: subjectOf(cell),
    actor: "solo",
    payload: { cell, loss, victims: known.length },
  });
  if (tenant === undefined) return;
  const culprit = isSomebodysDoing(loss) ? culpritOf(draft, tenant, known) : undefined;
  for (const { incarnation, inFlight } of known) {
    const isCulprit = culprit === undefined || culprit.incarnation === incarnation;
    const whose = isCulprit ? {} : { culprit: culprit.service };
    const death = { type: "cell_lost", loss, inFlight: inFlight && isCulprit ? "yes" : "no", ...whose } as const;
    ended(draft, { tenant, incarnation, death, started: false }, cause);
  }
}

/** Not where Solo, the node or its operator ended the cell, or it never began. */
function isSomebodysDoing(loss: CellLoss): boolean {
  if (loss.type === "signal") return loss.signal !== "SIGKILL" && loss.signal !== "SIGTERM";
  return loss.type !== "node" && loss.type !== "closed" && loss.type !== "spawn" && loss.type !== "unknown";
}

type Victims = Extract<Input, { readonly type: "cell_lost" }>["victims"];

/** For so long a restart on probation is evidence: whoever lived longer has shown that it can. */
const probationMsMax = 600_000;

/**
 * Who brought the cell down, if that is known: the only one that was at work; or, of several, the only one that had been at
 * work when an earlier cell died. The others are its victims then.
 */
function culpritOf(draft: Draft, tenant: TenantId, victims: Victims) {
  const living = draft.state.index.living.get(tenant);
  const suspects = victims
    .filter(({ inFlight }) => inFlight)
    .flatMap(({ incarnation }) => {
      const at = living?.get(incarnation);
      const phase = at === undefined ? undefined : draft.service(tenant, at.service)?.instances.get(at.instance)?.phase;
      return at === undefined || phase === undefined ? [] : [{ incarnation, service: at.service, phase }];
    });
  const again = suspects.filter(({ phase }) => isOnProbation(phase, draft.now));
  return suspects.length === 1 ? suspects[0] : again.length === 1 ? again[0] : undefined;
}

function isOnProbation(phase: Phase, now: Instant): boolean {
  if (phase.name === "starting") return phase.probation;
  return phase.name === "running" && phase.probation === true && now - phase.since < probationMsMax;
}
