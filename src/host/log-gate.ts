/**
 * How fast an incarnation's lines are taken in. A sound cell lets through less than this; of one that its guest broke out to,
 * the rest is dropped and counted, so that its lines cost no more than anybody's.
 */
import { limits } from "../base/index.ts";

/** Lines that waited for a kernel that was busy, or away, come all at once. */
const burstBytesMax = 4 * limits.logBytesPerSecondMax;
const perMs = (2 * limits.logBytesPerSecondMax) / 1_000;
/** What a line costs beside its text. */
const lineBytes = 64;

export class LogGate {
  #room = burstBytesMax;
  #at: number | undefined;
  #dropped = 0;

  /** How many lines were dropped since the last that was taken; undefined: this one is dropped too. */
  take(text: string, nowMs: number): number | undefined {
    this.#room = Math.min(burstBytesMax, this.#room + (nowMs - (this.#at ?? nowMs)) * perMs);
    this.#at = nowMs;
    const cost = lineBytes + text.length;
    if (cost > this.#room) {
      this.#dropped++;
      return undefined;
    }
    this.#room -= cost;
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
