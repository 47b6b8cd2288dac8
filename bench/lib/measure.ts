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

/** Three digits: no figure of a benchmark is better than that. */
export const round = (value: number): number => Number(value.toPrecision(3));

export function figures(samples: readonly number[]): Figures {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

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
): Promise<{ readonly figures: Figures; readonly perSecond: number; readonly tookMs: number }> {
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
  const tookMs = performance.now() - began;
  return { figures: figures(samples), perSecond: Math.round((times / tookMs) * 1_000), tookMs };
}

/** Several ways to do something, each timed `times` times in milliseconds, in turns, so that what else the machine does falls on all. */
export async function sideBySide<Way extends string>(
  times: number,
  ways: Readonly<Record<Way, (n: number) => Promise<unknown>>>,
): Promise<Readonly<Record<Way, Figures>>> {
  const names = Object.keys(ways) as Way[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Way, number[]>;
  for (let n = 0; n < times; n++) {
    for (const name of names) {
      const began = performance.now();
      await ways[name](n);
      samples[name].push(performance.now() - began);
    }
  }
  return Object.fromEntries(names.map((name) => [name, figures(samples[name])])) as Record<Way, Figures>;
}

/** The medians of what several ways to do something found, measured in turns. */
export async function inTurns<Way extends string>(
  rounds: number,
  ways: Readonly<Record<Way, () => Promise<number>>>,
): Promise<Readonly<Record<Way, number>>> {
  const names = Object.keys(ways) as Way[];
  const taken = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Way, number[]>;
  for (let n = 0; n < rounds; n++) {
    for (const name of names) taken[name].push(await ways[name]());
  }
  return Object.fromEntries(names.map((name) => [name, median(taken[name])])) as Record<Way, number>;
}

/** How much `y` grows with `x`, by least squares. */
export function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const mean = (of: (point: { readonly x: number; readonly y: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean((point) => point.x);
  const y = mean((point) => point.y);
  const over = mean((point) => (point.x - x) * (point.y - y));
  const under = mean((point) => (point.x - x) ** 2);
  return under === 0 ? 0 : over / under;
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
