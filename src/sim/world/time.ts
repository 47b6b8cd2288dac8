/**
 * Simulated time: a list of what is to happen, soonest first. Nothing passes while something happens; a run takes as long
 * as its actions take to compute, however many hours they stand for.
 */

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly act: () => void | Promise<void>;
  cancelled: boolean;
}

/** The machine's clock at the start of every run. */
const wallMsAtStart = 1_800_000_000_000;

export class Time {
  /** A heap: each is no later than the two below it. */
  readonly #heap: Planned[] = [];
  #nowMs = 0;
  #order = 0;
  #offsetMs = wallMsAtStart;

  /** Steady: never goes back. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** What the machine's clock shows: it may be set. */
  get wallMs(): number {
    return this.#nowMs + this.#offsetMs;
  }

  /** Sets the machine's clock ahead, or back. */
  setWall(byMs: number): void {
    this.#offsetMs = Math.max(0, this.#offsetMs + byMs);
  }

  /** Plans an action; what was planned earlier for the same moment comes first. Returns how to cancel it. */
  after(delayMs: number, act: () => void | Promise<void>): () => void {
    const planned: Planned = { at: this.#nowMs + Math.max(0, delayMs), order: ++this.#order, act, cancelled: false };
    this.#push(planned);
    return () => {
      planned.cancelled = true;
    };
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Moves to the next action that is planned for no later than `untilMs`, and takes it out. */
  next(untilMs: number): (() => void | Promise<void>) | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > untilMs) return undefined;
      this.#pop();
      if (first.cancelled) continue;
      this.#nowMs = first.at;
      return first.act;
    }
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(planned);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !sooner(planned, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = planned;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const goRight = right !== undefined && left !== undefined && sooner(right, left);
      const child = goRight ? right : left;
      if (child === undefined || !sooner(child, last)) break;
      heap[at] = child;
      at = 2 * at + (goRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

const sooner = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
