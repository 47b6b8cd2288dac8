/**
 * Reads what a child writes no faster than it may: a jailed process can write without end, and init, which keeps all others
 * alive, must not be kept busy by it, nor its log be turned over. What is too much waits in the child's own pipe, and the
 * child with it.
 */
import type { Readable } from "node:stream";

export interface InletRate {
  /** At once, after a rest: the last words of a process, whole. */
  readonly burst: number;
  readonly perSecond: number;
}

/** What a line costs beside its text: each gets a mark of its own in the log. */
const lineCost = 32;

export const textRate: InletRate = { burst: 1024 * 1024, perSecond: 64 * 1024 };

/** A text's cost in an inlet's units, which are bytes. */
export function costOf(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return text.length + lines * lineCost;
}

/** Hands on what arrives at `stream`, and pauses it for as long as its cost is owed. */
export function readSlowly<T>(
  stream: Readable,
  { burst, perSecond }: InletRate,
  cost: (chunk: T) => number,
  take: (chunk: T) => void,
): void {
  let room = burst;
  let at = performance.now();
  stream.on("data", (chunk: T) => {
    const now = performance.now();
    room = Math.min(burst, room + ((now - at) * perSecond) / 1_000) - cost(chunk);
    at = now;
    take(chunk);
    if (room >= 0) return;
    stream.pause();
    setTimeout(() => stream.resume(), (-room * 1_000) / perSecond).unref();
  });
}
