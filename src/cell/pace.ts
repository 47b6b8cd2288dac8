/** How an incarnation runs: its lane, and what is left of the CPU time of the message at hand. */
import { limits } from "../base/index.ts";
import type { Birth } from "./birth.ts";
import { firstLane, judgeTurn, type Lane, mayPromote } from "./lane.ts";

/** A turn of several messages ends about this long after it began; each still has its own time. */
const sliceMs = 10;
/** Inline turns between two looks at the heap. */
const turnsPerHeapLook = 64;

/** A turn that is over. */
export interface Turn {
  readonly ownMs: number;
  /** Mail that was handled in it, or begun. */
  readonly messages: number;
  /** The same handler waits as before it. */
  readonly sameWaits: boolean;
  /** A handler waits. */
  readonly waits: boolean;
}

export class Pace {
  readonly #cpuTimeMs: number;
  #lane: Lane;
  #chargedMs = 0;
  #turns = 0;

  constructor(birth: Pick<Birth, "limits" | "probation">, now: number) {
    this.#cpuTimeMs = birth.limits.cpuTimeMs;
    this.#lane = firstLane({ cpuTimeMs: this.#cpuTimeMs, probation: birth.probation, now });
  }

  get inline(): boolean {
    return this.#lane.lane === "inline";
  }

  /** CPU milliseconds for the next turn. */
  budgetMs(waits: boolean, several: boolean): number {
    const left = this.#cpuTimeMs - (waits ? this.#chargedMs : 0);
    return Math.max(1, Math.ceil(left)) + (several ? sliceMs : 0);
  }

  /** A handler that waits again and again spends one budget. False: it has spent it. */
  charge(turn: Turn): boolean {
    if (!turn.waits) this.#chargedMs = 0;
    else if (turn.sameWaits) this.#chargedMs += turn.ownMs;
    else this.#chargedMs = turn.messages <= 1 ? turn.ownMs : 0;
    return this.#chargedMs <= this.#cpuTimeMs;
  }

  judge(turn: Turn, now: number, heapBytes: () => number): void {
    this.#turns++;
    const looks = this.inline ? this.#turns % turnsPerHeapLook === 0 : mayPromote(this.#lane, now);
    const messages = Math.min(Math.max(1, turn.messages), limits.drainBatchMax);
    const measure = { ms: turn.ownMs, messages };
    this.#lane = judgeTurn(this.#lane, looks ? { ...measure, heapBytes: heapBytes() } : measure, now);
  }
}
