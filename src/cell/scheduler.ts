/**
 * Gives turns: inline ones on this thread, in short bursts between which the event loop turns; threaded ones in pool
 * threads, a few at a time, the rest waiting in order. Each ready incarnation waits in one of the queues at most once.
 */
import type { Incarnation } from "./incarnation.ts";
import { Queue } from "./queue.ts";

/** A burst of inline turns ends after this long, so that frames, timers and the heartbeat get their turn. */
const burstMsMax = 8;

export class Scheduler {
  readonly #threadsMax: number;
  readonly #cores: number;
  readonly #queued = new Set<Incarnation>();
  readonly #inline = new Queue<Incarnation>();
  readonly #threaded = new Queue<Incarnation>();
  #threads = 0;
  #scheduled = false;
  /** Inline turns on the stack of one another. */
  depth = 0;

  constructor(cores: number) {
    this.#cores = cores;
    this.#threadsMax = cores + 2;
  }

  /** Nothing to run now. */
  get idle(): boolean {
    return this.#queued.size === 0 && this.#threads === 0;
  }

  /** Threads that want a core, for each core there is; this thread is one of them. */
  get crowding(): number {
    return Math.max(1, (this.#threads + 1) / this.#cores);
  }

  ready(incarnation: Incarnation): void {
    if (this.#queued.has(incarnation) || !incarnation.wantsTurn) return;
    this.#queued.add(incarnation);
    (incarnation.inline ? this.#inline : this.#threaded).push(incarnation);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#burst);
  }

  readonly #burst = (): void => {
    this.#scheduled = false;
    this.#startThreads();
    const until = performance.now() + burstMsMax;
    for (let next = this.#inline.shift(); next !== undefined; next = this.#inline.shift()) {
      this.#queued.delete(next);
      // It may have been demoted or ended since it was queued.
      if (next.inline && next.wantsTurn) next.turnInline();
      else this.ready(next);
      if (this.#inline.length > 0 && performance.now() >= until) {
        this.#scheduled = true;
        setImmediate(this.#burst);
        return;
      }
    }
    this.#startThreads();
  };

  #startThreads(): void {
    while (this.#threads < this.#threadsMax) {
      const next = this.#threaded.shift();
      if (next === undefined) return;
      this.#queued.delete(next);
      if (!next.wantsTurn) continue;
      this.#threads++;
      void next.turnThreaded().then(this.#threadDone);
    }
  }

  readonly #threadDone = (): void => {
    this.#threads--;
    this.#startThreads();
  };
}
