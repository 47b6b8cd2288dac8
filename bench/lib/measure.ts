/** Measuring: many single timings, told by their percentiles; and the machine that they were taken on. */
import { cpus, loadavg, release, totalmem } from "node:os";
import process from "node:process";

export interface Figures {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

const round = (value: number): number => Number(value.toPrecision(3));

export function figures(samples: readonly number[]): Figures {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** `times` runs, one after the other, each timed in milliseconds. */
export async function oneByOne(times: number, once: (n: number) => Promise<unknown>): Promise<Figures> {
  const samples: number[] = [];
  for (let n = 0; n < times; n++) {
    const began = performance.now();
    await once(n);
    samples.push(performance.now() - began);
  }
  return figures(samples);
}

/** `inFlight` loops that share `times` runs. */
export async function inParallel(
  inFlight: number,
  times: number,
  once: (n: number) => Promise<unknown>,
): Promise<{ readonly figures: Figures; readonly perSecond: number }> {
  const samples: number[] = [];
  let next = 0;
  const began = performance.now();
  const loop = async (): Promise<void> => {
    while (next < times) {
      const n = next++;
      const start = performance.now();
      await once(n);
      samples.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return { figures: figures(samples), perSecond: Math.round((times / (performance.now() - began)) * 1_000) };
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly load: readonly number[];
}

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 1024 ** 3),
  kernel: release(),
  node: process.version,
  load: loadavg().map(round),
});
