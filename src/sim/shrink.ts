/** Looks for fewer steps that break a promise too. A run's first steps do not depend on how many follow. */
import { type Outcome, type RunOptions, simulate } from "./simulation.ts";

const triesMax = 12;

export async function shrink(options: RunOptions): Promise<Outcome> {
  let best = await simulate(options);
  if (best.broken === undefined) return best;
  for (let [tries, low] = [0, 0]; tries < triesMax; tries++) {
    const high: number = best.broken?.step ?? 0;
    if (high - low <= 1) break;
    const middle = Math.floor((low + high) / 2);
    const outcome = await simulate({ ...options, steps: middle });
    if (outcome.broken === undefined) low = middle;
    else best = outcome;
  }
  return best;
}
