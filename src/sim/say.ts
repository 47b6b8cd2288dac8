/** What is printed of runs. */
import type { Outcome } from "./simulation.ts";

/** One line that shows it again, then what led there. */
export function sayBroken({ seed, broken, onRealLog }: Outcome): string {
  if (broken === undefined) return `seed ${seed} breaks nothing`;
  const { promise, problem, step, before } = broken;
  const where = onRealLog ? " --real-store" : "";
  return [
    `npm run sim -- --seed ${seed} --steps ${step}${where}   # ${promise}: ${problem}`,
    ...before.map((line) => `    ${line}`),
  ].join("\n");
}

export function sayProgress(of: {
  readonly runs: number;
  /** How many of them were on the real log. */
  readonly real: number;
  readonly steps: number;
  readonly events: number;
  readonly broken: number;
  readonly ms: number;
  readonly first: number;
}): string {
  const { runs, real, steps, events, broken, ms, first } = of;
  const rate = Math.round((steps / ms) * 1_000);
  const seeds = runs === 1 ? `seed ${first}` : `seeds ${first}–${first + runs - 1} (${real} on the real log)`;
  return `${seeds}: ${broken === 0 ? "every promise kept" : `${broken} broken`} in ${steps} steps, ${events} events, ${(ms / 1_000).toFixed(1)} s (${rate} steps/s)`;
}
