/**
 * The calls that may come again, under way and answered. A kernel may die between a call and its answer; the next is asked
 * for what only the cell knows. A call that came before is given the outcome of the first time, and is never run again.
 *
 *   begin ──▶ under way ──outcome──▶ answered ──old, or no room──▶ forgotten
 *                 └──not executed──▶ as if it had never come
 *
 * One that is not known is run only if it is certain that it never came: if it was first sent after all that was forgotten
 * came, and the lives that it may have been given to have run here since before it was sent. Answered ones are forgotten by
 * their age, oldest first; those under way are as many as mailboxes hold.
 */
import { type IncarnationNumber, limits } from "../base/index.ts";
import type { CallFailure, CallMark, Slots } from "../wire/index.ts";
import { Queue } from "./queue.ts";

/** `body`: JSON of the result, if there is no failure. */
export interface Outcome {
  readonly failure?: CallFailure | undefined;
  readonly body?: Uint8Array | undefined;
  /** Never of one that may come again: clients are given no references. */
  readonly slots?: Slots;
}

export type Answer = (outcome: Outcome) => void;

export interface CallMemoryPowers {
  /** Milliseconds of the host's monotonic clock, which its kernels share. */
  readonly nowMs: () => number;
  /** Calls `run` after so long, unless the process has nothing else to do. */
  readonly after: (ms: number, run: () => void) => void;
}

interface UnderWay {
  readonly beganMs: number;
  readonly askers: Answer[];
}

interface Answered {
  readonly beganMs: number;
  readonly atMs: number;
  readonly outcome: Outcome;
  readonly bytes: number;
}

export class CallMemory {
  readonly #powers: CallMemoryPowers;
  readonly #running = new Map<IncarnationNumber, number>();
  readonly #underWay = new Map<string, UnderWay>();
  readonly #answered = new Map<string, Answered>();
  /** Their keys, oldest answer first. */
  readonly #order = new Queue<string>();
  #bytes = 0;
  /** What is forgotten came at this time or before. */
  #forgottenMs = 0;
  #sweeping = false;

  constructor(powers: CallMemoryPowers) {
    this.#powers = powers;
  }

  // ── lives

  /** It takes calls from now on. */
  started(life: IncarnationNumber): void {
    this.#running.set(life, this.#powers.nowMs());
  }

  ended(life: IncarnationNumber): void {
    this.#running.delete(life);
  }

  // ── calls

  /** Answers a call that came before, at once or when it is done. False: it is not known. */
  join(key: string, answer: Answer): boolean {
    const known = this.#answered.get(key);
    if (known !== undefined) {
      answer(known.outcome);
      return true;
    }
    const underWay = this.#underWay.get(key);
    if (underWay === undefined) return false;
    // Who asked first asked a kernel that is gone, or has given up.
    if (underWay.askers.length >= limits.callAskersMax) underWay.askers.shift();
    underWay.askers.push(answer);
    return true;
  }

  /** Why a call that is not known may have been run all the same. */
  doubt({ sinceMs, lives }: NonNullable<CallMark["again"]>): string | undefined {
    if (sinceMs <= this.#forgottenMs) return "its cell does not remember that far back";
    for (const life of lives) {
      const began = this.#running.get(life);
      if (began === undefined || began >= sinceMs) return "it was started after the call was first sent";
    }
    return undefined;
  }

  /** A call that is not known begins. What is returned takes its outcome, once, and tells all who asked. */
  begin(key: string, answer: Answer): Answer {
    const underWay: UnderWay = { beganMs: this.#powers.nowMs(), askers: [answer] };
    this.#underWay.set(key, underWay);
    return (outcome) => {
      this.#underWay.delete(key);
      // It may be tried again: it is as if it had never come.
      if (outcome.failure?.executed !== "not_executed") this.#remember(key, underWay.beganMs, outcome);
      for (const asker of underWay.askers) asker(outcome);
    };
  }

  // ── forgetting

  #remember(key: string, beganMs: number, outcome: Outcome): void {
    const bytes = bytesOf(outcome);
    this.#answered.set(key, { beganMs, atMs: this.#powers.nowMs(), outcome, bytes });
    this.#order.push(key);
    this.#bytes += bytes;
    this.#forget();
    this.#sweep();
  }

  #forget(): void {
    const oldMs = this.#powers.nowMs() - limits.callRememberedMs;
    for (;;) {
      const key = this.#order.at(0);
      const oldest = key === undefined ? undefined : this.#answered.get(key);
      if (key === undefined || oldest === undefined) return;
      const fits = this.#order.length <= limits.callsRememberedMax && this.#bytes <= limits.callBytesRememberedMax;
      if (fits && oldest.atMs > oldMs) return;
      this.#order.shift();
      this.#answered.delete(key);
      this.#bytes -= oldest.bytes;
      this.#forgottenMs = Math.max(this.#forgottenMs, oldest.beganMs);
    }
  }

  /** A cell that has nothing to do keeps nothing either. */
  #sweep(): void {
    if (this.#sweeping || this.#answered.size === 0) return;
    this.#sweeping = true;
    this.#powers.after(limits.callRememberedMs, () => {
      this.#sweeping = false;
      this.#forget();
      this.#sweep();
    });
  }
}

/** About what it takes besides the entry itself. */
function bytesOf({ failure, body }: Outcome): number {
  if (failure === undefined) return body?.length ?? 0;
  const { message, error } = failure;
  return 2 * (message.length + (error === undefined ? 0 : error.message.length + error.stack.length));
}
