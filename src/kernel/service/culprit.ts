/**
 * Whose doing the loss of a cell was. Nobody is charged alone unless it is known, and nobody for the first doubt; a cell that is
 * lost again and again is paid for by those who were suspected before.
 *
 *   Solo, the node or nobody's code ended it ────────────────▶ no suspects
 *   suspects: whose turn was under way; if none was, or nobody knows, all
 *     one, and beyond doubt ─────────────────────────────────▶ the culprit: it pays, the others are its victims
 *     several, or doubt; of them on probation
 *       one ──────────────────────────────────────────────────▶ the culprit, found by probation
 *       several ──────────────────────────────────────────────▶ these pay; the other suspects go on probation
 *       none ─────────────────────────────────────────────────▶ nobody pays; all suspects go on probation
 */
import type { CellLoss, IncarnationNumber } from "../../base/index.ts";
import { memoryTurnMsMin } from "../defaults.ts";
import type { CellVictim } from "../turn.ts";

export interface Suspect extends CellVictim {
  /** An earlier cell of it was lost, perhaps through it, and not long ago. */
  readonly onProbation: boolean;
}

export type Finding =
  | { readonly found: "no_suspects" }
  | { readonly found: "culprit"; readonly culprit: IncarnationNumber }
  /** `again` pay, `first` do not. Both restart on probation; who is in neither is cleared. */
  | {
      readonly found: "suspects";
      readonly first: readonly IncarnationNumber[];
      readonly again: readonly IncarnationNumber[];
    };

/** `turns`: how many were under way, of these and of lives that had ended before; undefined: nobody knows. */
export function findCulprit(loss: CellLoss, victims: readonly Suspect[], turns: number | undefined): Finding {
  const origin = originOf(loss);
  if (origin === "solo") return { found: "no_suspects" };
  const suspects = suspectsAmong(victims, turns);
  const [only] = suspects;
  if (only === undefined) return { found: "suspects", first: [], again: [] };
  if (suspects.length === 1 && isBeyondDoubt(loss, only, { alone: victims.length === 1, turns })) {
    return { found: "culprit", culprit: only.incarnation };
  }
  const again = numbersOf(suspects.filter(({ onProbation }) => onProbation));
  const [repeated] = again;
  // Whoever ends a process twice from outside shows nothing about what ran in it.
  if (origin === "within" && repeated !== undefined && again.length === 1)
    return { found: "culprit", culprit: repeated };
  return { found: "suspects", first: numbersOf(suspects.filter(({ onProbation }) => !onProbation)), again };
}

/** Whose code can have ended it: what ran in it; Solo or nobody; or perhaps somebody else, by a signal that anyone may send. */
function originOf(loss: CellLoss): "within" | "outside" | "solo" {
  switch (loss.type) {
    case "signal":
      return loss.signal === "SIGKILL" || loss.signal === "SIGTERM" ? "outside" : "within";
    case "exit":
    case "seccomp":
    case "memory":
    case "hang":
    case "protocol":
      return "within";
    case "spawn":
    case "node":
    case "closed":
    case "unknown":
      return "solo";
  }
}

function suspectsAmong(victims: readonly Suspect[], turns: number | undefined): readonly Suspect[] {
  // A call that waits shows nothing: who waits for another is not at work, and timers have no callers.
  if (turns === undefined || turns === 0) return victims;
  return victims.filter(({ inFlight }) => inFlight);
}

function isBeyondDoubt(
  loss: CellLoss,
  { inFlight, lastedMs }: Suspect,
  { alone, turns }: { readonly alone: boolean; readonly turns: number | undefined },
): boolean {
  if (!inFlight || originOf(loss) !== "within") return false;
  if (turns === undefined) return alone;
  // Another turn was that of a life which had ended, and whose thread had not.
  if (turns > 1) return false;
  switch (loss.type) {
    case "memory":
      // Another's earlier turn may have taken it.
      return alone || (lastedMs ?? 0) >= memoryTurnMsMin;
    case "exit":
    case "protocol":
      // No turn does this; something that broke out of one may, at any time.
      return alone;
    default:
      return true;
  }
}

const numbersOf = (suspects: readonly Suspect[]): readonly IncarnationNumber[] =>
  suspects.map(({ incarnation }) => incarnation);
