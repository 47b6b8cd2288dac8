/** Limits how fast a guest may log: a bucket that holds one second's worth. Pure: time is an argument. */
import { limits } from "../base/index.ts";

export class LogMeter {
  #tokens: number = limits.logBytesPerSecondMax;
  #at: number;
  #dropped = 0;

  constructor(now: number) {
    this.#at = now;
  }

  /** How many lines were dropped since the last that was kept; undefined: this one is dropped too. */
  take(bytes: number, now: number): number | undefined {
    this.#tokens = Math.min(
      limits.logBytesPerSecondMax,
      this.#tokens + ((now - this.#at) / 1_000) * limits.logBytesPerSecondMax,
    );
    this.#at = now;
    // An empty line costs something too.
    const cost = bytes + 64;
    if (cost > this.#tokens) {
      this.#dropped++;
      return undefined;
    }
    this.#tokens -= cost;
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
