/** A cell ended, and with it all that lived in it. */
import type { Death, IncarnationNumber, Instant, ServiceId } from "../../base/index.ts";
import { probationMsMax } from "../defaults.ts";
import type { Draft } from "../draft.ts";
import { subjectOf } from "../lost-cells.ts";
import type { Phase } from "../state.ts";
import type { Input } from "../turn.ts";
import { findCulprit, type Finding, type Suspect } from "./culprit.ts";
import { ended } from "./supervise.ts";

export function cellLost(draft: Draft, input: Extract<Input, { readonly type: "cell_lost" }>): void {
  const { cell, tenant, loss, victims, turns } = input;
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
  const suspects = known.map(
    (victim): Suspect & { readonly stopping: boolean; readonly service: ServiceId | undefined } => {
      const at = living?.get(victim.incarnation);
      const phase = at === undefined ? undefined : draft.service(tenant, at.service)?.instances.get(at.instance)?.phase;
      const onProbation = phase !== undefined && isOnProbation(phase, draft.now);
      return { ...victim, onProbation, stopping: phase?.name === "stopping", service: at?.service };
    },
  );
  const finding = findCulprit(loss, suspects, turns);
  const culprit = finding.found === "culprit" ? suspects.find((one) => one.incarnation === finding.culprit) : undefined;
  for (const { incarnation, inFlight, stopping } of suspects) {
    const part = partOf(incarnation, finding, culprit?.service);
    // What was to stop starts no more: nothing follows from a suspicion.
    const { suspect: _, ...rest } = part;
    const death = { type: "cell_lost", loss, inFlight: inFlight ? "yes" : "no", ...(stopping ? rest : part) } as const;
    ended(draft, { tenant, incarnation, death, started: false }, cause);
  }
}

type Part = Pick<Extract<Death, { readonly type: "cell_lost" }>, "culprit" | "suspect"> & {
  readonly inFlight?: "yes" | "no";
};

/** What its death says of its part in the loss. */
function partOf(incarnation: IncarnationNumber, finding: Finding, culprit: ServiceId | undefined): Part {
  switch (finding.found) {
    case "no_suspects":
      return {};
    case "culprit":
      if (incarnation === finding.culprit) return { inFlight: "yes" };
      return { inFlight: "no", ...(culprit === undefined ? {} : { culprit }) };
    case "suspects":
      if (finding.again.includes(incarnation)) return { suspect: "again" };
      return finding.first.includes(incarnation) ? { suspect: "first" } : { inFlight: "no" };
  }
}

function isOnProbation(phase: Phase, now: Instant): boolean {
  if (phase.name === "starting") return phase.probation;
  return phase.name === "running" && phase.probation === true && now - phase.since < probationMsMax;
}
