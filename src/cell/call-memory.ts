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

/** A call. One object for its whole stay, since every call of a client makes one. */
interface Entry {
  readonly key: string;
  readonly beganMs: number;
  /** Those to be told; nobody once it is answered. */
  askers: Answer[];
  /** Undefined while it is under way. */
  outcome: Outcome | undefined;
  answeredMs: number;
  bytes: number;
}

export class CallMemory {
  readonly #powers: CallMemoryPowers;
  readonly #running = new Map<IncarnationNumber, number>();
  readonly #entries = new Map<string, Entry>();
  /** Those that are answered, oldest answer first. */
  readonly #answered = new Queue<Entry>();
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
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    const { outcome, askers } = entry;
    if (outcome !== undefined) {
      answer(outcome);
      return true;
    }
    // Who asked first asked a kernel that is gone, or has given up.
    if (askers.length >= limits.callAskersMax) askers.shift();
    askers.push(answer);
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
    const beganMs = this.#powers.nowMs();
    const entry: Entry = { key, beganMs, askers: [answer], outcome: undefined, answeredMs: 0, bytes: 0 };
    this.#entries.set(key, entry);
    return (outcome) => {
      const { askers } = entry;
      entry.askers = nobody;
      // It may be tried again: it is as if it had never come.
      if (outcome.failure?.executed === "not_executed") this.#entries.delete(key);
      else this.#remember(entry, outcome);
      for (const asker of askers) asker(outcome);
    };
  }

  // ── forgetting

  #remember(entry: Entry, outcome: Outcome): void {
    entry.outcome = outcome;
    entry.answeredMs = this.#powers.nowMs();
    entry.bytes = bytesOf(outcome);
    this.#bytes += entry.bytes;
    this.#answered.push(entry);
    this.#forget(entry.answeredMs);
    this.#sweep();
  }

  #forget(nowMs: number): void {
    for (let oldest = this.#answered.at(0); oldest !== undefined; oldest = this.#answered.at(0)) {
      const { length } = this.#answered;
      const fits = length <= limits.callsRememberedMax && this.#bytes <= limits.callBytesRememberedMax;
      if (fits && nowMs - oldest.answeredMs < limits.callRememberedMs) return;
      this.#answered.shift();
      this.#entries.delete(oldest.key);
      this.#bytes -= oldest.bytes;
      this.#forgottenMs = Math.max(this.#forgottenMs, oldest.beganMs);
    }
  }

  /** A cell that has nothing to do keeps nothing either. */
  #sweep(): void {
    if (this.#sweeping || this.#answered.length === 0) return;
    this.#sweeping = true;
    this.#powers.after(limits.callRememberedMs, () => {
      this.#sweeping = false;
      this.#forget(this.#powers.nowMs());
      this.#sweep();
    });
  }
}

const nobody: Answer[] = [];

/** About what it takes besides the entry itself. */
function bytesOf({ failure, body }: Outcome): number {
  if (failure === undefined) return body?.length ?? 0;
  const { message, error } = failure;
  return 2 * (message.length + (error === undefined ? 0 : error.message.length + error.stack.length));
}
