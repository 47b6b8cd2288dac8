/**
 * How late an event loop is. A timer that should come again and again says when it came; half of its turns were at most as
 * late as the median. One long pause is no pressure, to be always late is: also so late that the timer hardly comes at all.
 * Pure: the instants are arguments, in ms of the monotonic clock.
 */
export class Lateness {
  readonly #everyMs: number;
  #cameAt: number;
  #late: number[] = [];

  constructor(everyMs: number, nowMs: number) {
    this.#everyMs = everyMs;
    this.#cameAt = nowMs;
  }

  /** The timer came. */
  came(nowMs: number): void {
    if (this.#late.length === turnsKeptMax) this.#late.shift();
    this.#late.push(this.#lateAt(nowMs));
    this.#cameAt = nowMs;
  }

  /** The median since this was asked last, in ms; a turn that should have come by now counts as late as it is. */
  take(nowMs: number): number {
    const overdue = this.#lateAt(nowMs);
    const late = [...this.#late, ...(overdue > 0 ? [overdue] : [])].toSorted((a, b) => a - b);
    this.#late = [];
    return late[Math.floor(late.length / 2)] ?? 0;
  }

  #lateAt(nowMs: number): number {
    return Math.max(0, nowMs - this.#cameAt - this.#everyMs);
  }
}

/** The newest of those since the last look: half a minute of a loop that is not late. */
const turnsKeptMax = 1_500;
