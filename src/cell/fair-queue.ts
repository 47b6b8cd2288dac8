/**
 * Who gets the next turn: whoever had the least CPU time for the shares that it has (start-time fair queueing). Of equals,
 * who came first. One that was away does not save up time: it joins where the others are.
 */

/** What an incarnation had so far, weighted. */
export class Claim {
  readonly #shares: number;
  /** Milliseconds at the ordinary number of shares. */
  pass = 0;
  /** Its shares count for less. */
  throttled = false;

  constructor(shares: number) {
    this.#shares = shares;
  }

  charge(ms: number): void {
    this.pass += (ms * ordinaryShares) / (this.#shares * (this.throttled ? throttledFactor : 1));
  }
}

const ordinaryShares = 1_024;
/** What is left of the shares of one that is throttled. */
const throttledFactor = 0.25;

/** How far those are who were served last; one for all queues between which the same incarnations change. */
export interface FairClock {
  now: number;
}

interface Waiter<T> {
  readonly item: T;
  readonly pass: number;
  readonly order: number;
}

const isBefore = (a: Waiter<unknown>, b: Waiter<unknown>): boolean =>
  a.pass < b.pass || (a.pass === b.pass && a.order < b.order);

/** A heap. Its owner keeps its bound. */
export class FairQueue<T extends { readonly claim: Claim }> {
  readonly #heap: Waiter<T>[] = [];
  #order = 0;
  readonly #clock: FairClock;

  constructor(clock: FairClock = { now: 0 }) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#heap.length;
  }

  push(item: T): void {
    const { claim } = item;
    if (claim.pass < this.#clock.now) claim.pass = this.#clock.now;
    this.#rise({ item, pass: claim.pass, order: this.#order++ });
  }

  shift(): T | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (last !== first) this.#sink(last);
    this.#clock.now = Math.max(this.#clock.now, first.pass);
    return first.item;
  }

  #rise(waiter: Waiter<T>): void {
    let at = this.#heap.length;
    this.#heap.push(waiter);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !isBefore(waiter, parent)) break;
      this.#heap[at] = parent;
      at = above;
    }
    this.#heap[at] = waiter;
  }

  /** From the top, whose place is free. */
  #sink(waiter: Waiter<T>): void {
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = this.#heap[below];
      const right = this.#heap[below + 1];
      if (child !== undefined && right !== undefined && isBefore(right, child)) {
        below++;
        child = right;
      }
      if (child === undefined || !isBefore(child, waiter)) break;
      this.#heap[at] = child;
      at = below;
    }
    this.#heap[at] = waiter;
  }
}
