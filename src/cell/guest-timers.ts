/** A guest's timers: the clock is here, what is to happen is in the guest. */
import { limits } from "../base/index.ts";
import { timerModes } from "../wire/index.ts";

const delayMsMax = 2 ** 31 - 1;

export interface TimerSinks {
  readonly tick: (timer: number) => void;
  /** False if it cannot be taken now: a repeating one is then left out. */
  readonly due: (timer: number, repeats: boolean) => void;
}

export class GuestTimers {
  readonly #sinks: TimerSinks;
  readonly #timers = new Map<number, NodeJS.Timeout>();

  constructor(sinks: TimerSinks) {
    this.#sinks = sinks;
  }

  /** False: there are too many, or the number is taken. */
  set(timer: number, ms: number, mode: number): boolean {
    if (this.#timers.size >= limits.timersMax || this.#timers.has(timer)) return false;
    const delay = Math.min(ms, delayMsMax);
    const repeats = mode === timerModes.repeat || mode === timerModes.dueRepeat;
    const due = mode === timerModes.dueOnce || mode === timerModes.dueRepeat;
    const fire = (): void => {
      if (!repeats) this.#timers.delete(timer);
      if (due) this.#sinks.due(timer, repeats);
      else this.#sinks.tick(timer);
    };
    this.#timers.set(timer, repeats ? setInterval(fire, delay) : setTimeout(fire, delay));
    return true;
  }

  clear(timer: number): void {
    const known = this.#timers.get(timer);
    if (known === undefined) return;
    clearTimeout(known);
    this.#timers.delete(timer);
  }

  clearAll(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
