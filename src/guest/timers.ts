/** Timers: the cell keeps the clock; what is to happen stays here. */
import { limits } from "../base/index.ts";
import { fromGuest, timerModes } from "../wire/index.ts";
import { SoloError } from "./errors.ts";
import type { Outbox } from "./outbox.ts";
import { apply, makeTable, numberOf } from "./primordials.ts";

interface Timer {
  readonly repeats: boolean;
  readonly work: (...args: readonly unknown[]) => unknown;
  readonly args: readonly unknown[];
}

const delayMsMax = 2 ** 31 - 1;

export class Timers {
  readonly #outbox: Outbox;
  readonly #timers = makeTable<Timer>();
  readonly #messages = makeTable<{ readonly repeats: boolean; readonly message: string | undefined }>();
  #count = 0;
  #last = 0;
  /** A callback runs: not what awaits in it, only until it returns. */
  ticking = false;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** setTimeout, setInterval. */
  set(repeats: boolean, work: unknown, ms: unknown, args: readonly unknown[]): number {
    if (typeof work !== "function") throw new TypeError("a timer needs a function");
    const id = this.#add();
    this.#timers[id] = { repeats, work: work as Timer["work"], args };
    this.#outbox.add3(fromGuest.timer, id, delay(ms), repeats ? timerModes.repeat : timerModes.once);
    return id;
  }

  /** after, every: the message comes as mail. */
  expect(repeats: boolean, message: string | undefined, ms: unknown): number {
    const id = this.#add();
    this.#messages[id] = { repeats, message };
    this.#outbox.add3(fromGuest.timer, id, delay(ms), repeats ? timerModes.dueRepeat : timerModes.dueOnce);
    return id;
  }

  #add(): number {
    if (this.#count >= limits.timersMax) {
      throw new SoloError("QUOTA_EXCEEDED", `timers: limit ${limits.timersMax}`);
    }
    this.#count++;
    return ++this.#last;
  }

  clear(id: unknown): void {
    const known = numberOf(id);
    if (this.#timers[known] === undefined && this.#messages[known] === undefined) return;
    this.#forget(known);
    this.#outbox.add1(fromGuest.clear, known);
  }

  #forget(id: number): void {
    delete this.#timers[id];
    delete this.#messages[id];
    this.#count--;
  }

  /** Runs what a timer is for. Throws what that throws. */
  tick(id: number): void {
    const timer = this.#timers[id];
    if (timer === undefined) return;
    if (!timer.repeats) this.#forget(id);
    this.ticking = true;
    try {
      apply(timer.work, undefined, timer.args);
    } finally {
      this.ticking = false;
    }
  }

  /** The message that is due, if the timer was not cleared meanwhile. */
  due(id: number): { readonly message: string | undefined } | undefined {
    const due = this.#messages[id];
    if (due !== undefined && !due.repeats) this.#forget(id);
    return due;
  }
}

function delay(ms: unknown): number {
  const wanted = numberOf(ms ?? 0);
  if (!(wanted > 1)) return 1;
  return wanted > delayMsMax ? delayMsMax : wanted;
}
