/**
 * The kernel's clock: max(last logged, wall clock) at the start, then advanced by the monotonic clock, so that timers
 * neither stall nor fire early when the wall clock is set. When the wall clock runs ahead it is followed; a jump of more
 * than `jumpMs` either way is told, so that the log can say so.
 */
import { type Instant, instant, later } from "../../base/index.ts";

export interface ClockSources {
  /** ms since the epoch, may jump. */
  readonly wallMs: () => number;
  /** ms, never goes back. */
  readonly monotonicMs: () => number;
}

export interface Jump {
  readonly fromMs: number;
  readonly toMs: number;
}

const jumpMs = 5_000;

export class Clock {
  readonly #sources: ClockSources;
  #origin: Instant;
  #originMonotonic: number;
  /** How far the wall clock was from the monotonic one when last looked at. */
  #offset: number;

  constructor(sources: ClockSources, lastLogged: Instant) {
    this.#sources = sources;
    const wall = Math.floor(sources.wallMs());
    this.#origin = instant(Math.max(lastLogged, wall));
    this.#originMonotonic = sources.monotonicMs();
    this.#offset = wall - this.#originMonotonic;
  }

  /** Whole milliseconds; never goes back. */
  now(): Instant {
    const advanced = later(this.#origin, Math.floor(this.#sources.monotonicMs() - this.#originMonotonic));
    const wall = Math.floor(this.#sources.wallMs());
    if (wall <= advanced) return advanced;
    this.#origin = instant(wall);
    this.#originMonotonic = this.#sources.monotonicMs();
    return this.#origin;
  }

  wallMs(): number {
    return Math.floor(this.#sources.wallMs());
  }

  /** The jump of the wall clock since this was last asked, if there was one. */
  jump(): Jump | undefined {
    const wall = this.#sources.wallMs();
    const expected = this.#sources.monotonicMs() + this.#offset;
    if (Math.abs(wall - expected) < jumpMs) return undefined;
    this.#offset = wall - this.#sources.monotonicMs();
    return { fromMs: Math.floor(expected), toMs: Math.floor(wall) };
  }
}
