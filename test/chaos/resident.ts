/** Resident memory of a node as time goes by, and how fast it grows. */
import { readFileSync } from "node:fs";

const pageBytes = 4_096;
const mebibyte = 1024 ** 2;

export interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

export function residentOf(pids: readonly number[]): number {
  let sum = 0;
  for (const pid of pids) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * pageBytes;
    } catch {
      // It has ended.
    }
  }
  return sum;
}

/** MB per minute, by least squares over the second half: the first is still filling what is meant to be filled. */
export function slopeOf(samples: readonly Sample[]): number {
  const late = samples.slice(Math.floor(samples.length / 2));
  if (late.length < 2) return 0;
  const meanAt = late.reduce((sum, { atMs }) => sum + atMs, 0) / late.length;
  const mean = late.reduce((sum, { bytes }) => sum + bytes, 0) / late.length;
  let [over, under] = [0, 0];
  for (const { atMs, bytes } of late) {
    over += (atMs - meanAt) * (bytes - mean);
    under += (atMs - meanAt) ** 2;
  }
  return under === 0 ? 0 : ((over / under) * 60_000) / mebibyte;
}
