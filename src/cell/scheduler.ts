/**
 * Gives turns: inline ones on this thread, in short bursts between which the event loop turns; threaded ones in pool
 * threads, a few at a time, the rest waiting. Who had least for its shares is next. Each ready incarnation waits in one of the
 * queues at most once.
 */
import { type FairClock, FairQueue } from "./fair-queue.ts";
import type { Incarnation } from "./incarnation.ts";

/** A burst of inline turns ends after this long, so that frames, timers and the heartbeat get their turn. */
const burstMsMax = 8;
/** CPU time is read about this often while turns follow one another. */
const markMs = 1;
const contentionMax = 4;

export class Scheduler {
  readonly #threadsMax: number;
  readonly #queued = new Set<Incarnation>();
  readonly #clock: FairClock = { now: 0 };
  readonly #inline = new FairQueue<Incarnation>(this.#clock);
  readonly #threaded = new FairQueue<Incarnation>(this.#clock);
  #threads = 0;
  /** Threaded turns that began since the event loop turned. */
  #begun = 0;
  #contention = 1;
  #scheduled = false;
  #markedCpu = process.threadCpuUsage();
  #markedAt = 0;
  /** Inline turns on the stack of one another. */
  depth = 0;

  constructor(cores: number) {
    this.#threadsMax = cores + 2;
  }

  /** Nothing to run now. */
  get idle(): boolean {
    return this.#queued.size === 0 && this.#threads === 0;
  }

  /** Wall time for each unit of CPU time that recent bursts took: others may want the core. At least 1. */
  get contention(): number {
    return this.#contention;
  }

  /**
   * CPU time of this thread since the last mark, which is at most a turn and a millisecond ago: an upper bound for the
   * turn that has just ended. (The engine's own meter counts wall time, in which other processes may have had the core.)
   */
  get markedCpuMs(): number {
    const { user, system } = process.threadCpuUsage(this.#markedCpu);
    return (user + system) / 1_000;
  }

  #mark(now: number): void {
    this.#markedCpu = process.threadCpuUsage();
    this.#markedAt = now;
  }

  #measureContention(wallMs: number): void {
    const now = Math.min(contentionMax, Math.max(1, wallMs / Math.max(0.1, this.markedCpuMs)));
    this.#contention = Math.max(now, this.#contention * 0.9 + now * 0.1);
  }

  ready(incarnation: Incarnation): void {
    if (this.#queued.has(incarnation) || !incarnation.wantsTurn) return;
    this.#queued.add(incarnation);
    (incarnation.inline ? this.#inline : this.#threaded).push(incarnation);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#burst);
  }

  /** While it goes on it counts as scheduled: what gets ready meanwhile is for this one, or for after the event loop's turn. */
  readonly #burst = (): void => {
    this.#startThreads();
    const rest = this.#inline.length > 0 && this.#runInline();
    this.#startThreads();
    this.#scheduled = rest;
    if (rest) setImmediate(this.#burst);
  };

  /** True: its time is over, and some still wait. */
  #runInline(): boolean {
    const startedAt = performance.now();
    this.#mark(startedAt);
    for (let next = this.#inline.shift(); next !== undefined; next = this.#inline.shift()) {
      this.#queued.delete(next);
      // It may have been demoted or ended since it was queued.
      if (next.inline && next.wantsTurn) next.turnInline();
      else this.ready(next);
      const now = performance.now();
      if (now >= this.#markedAt + markMs) {
        this.#measureContention(now - this.#markedAt);
        this.#mark(now);
      }
      if (now >= startedAt + burstMsMax) return this.#inline.length > 0;
    }
    return false;
  }

  /**
   * The engine tells of threaded turns that ended, and hears what guests push, in one callback of the event loop, which lasts
   * as long as there is more of it. So only a few are begun before the event loop has turned.
   */
  #startThreads(): void {
    while (this.#threads < this.#threadsMax && this.#begun < this.#threadsMax) {
      const next = this.#threaded.shift();
      if (next === undefined) return;
      this.#queued.delete(next);
      if (!next.wantsTurn) continue;
      if (this.#begun++ === 0) setImmediate(this.#turned);
      this.#threads++;
      void next.turnThreaded().then(this.#threadDone);
    }
  }

  readonly #threadDone = (): void => {
    this.#threads--;
    this.#startThreads();
  };

  readonly #turned = (): void => {
    this.#begun = 0;
    this.#startThreads();
  };
}
