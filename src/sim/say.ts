/** What is printed of runs. */
import type { Outcome } from "./simulation.ts";

/** One line that shows it again, then what led there. */
export function sayBroken({ seed, broken }: Outcome): string {
  if (broken === undefined) return `seed ${seed} breaks nothing`;
  const { promise, problem, step, before } = broken;
  return [
    `npm run sim -- --seed ${seed} --steps ${step}   # ${promise}: ${problem}`,
    ...before.map((line) => `    ${line}`),
  ].join("\n");
}

export function sayProgress(of: {
  readonly runs: number;
  readonly steps: number;
  readonly events: number;
  readonly broken: number;
  readonly ms: number;
  readonly first: number;
}): string {
  const { runs, steps, events, broken, ms, first } = of;
  const rate = Math.round((steps / ms) * 1_000);
  const seeds = runs === 1 ? `seed ${first}` : `seeds ${first}–${first + runs - 1}`;
  return `${seeds}: ${broken === 0 ? "every promise kept" : `${broken} broken`} in ${steps} steps, ${events} events, ${(ms / 1_000).toFixed(1)} s (${rate} steps/s)`;
}
