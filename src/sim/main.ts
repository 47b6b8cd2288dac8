/**
 * `npm run sim -- --minutes 2`           fresh seeds, for so long: each fourth on the real log, with fewer steps
 * `npm run sim -- --seed 7 --steps 842`  one run again
 *
 * `--real-store` runs the same scenarios on the real log in a temporary directory, whose tail each crash cuts anywhere.
 *
 * `--reach SITUATION` names seeds in whose runs a situation of situations.ts comes about, and how often, in place of what follows.
 *
 * Prints one line for each seed that breaks a promise, and how to see it again. Exit 1 if there is one.
 */
import process from "node:process";
import { readArgs, runOf } from "./options.ts";
import { sayBroken, sayProgress } from "./say.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulation.ts";
import { counting } from "./situations.ts";

const asked = readArgs(process.argv.slice(2));
const first = asked.seed ?? Math.floor(Math.random() * 2 ** 40);
const untilMs = performance.now() + (asked.minutes ?? 0) * 60_000;

const began = performance.now();
let [runs, real, taken, events, broken] = [0, 0, 0, 0, 0];
for (; runs === 0 || performance.now() < untilMs; runs++) {
  const options = runOf(asked, first + runs, runs);
  if (asked.reach !== undefined) {
    const seen = counting(asked.reach);
    await simulate({ ...options, checkers: [seen.checker] });
    if (seen.times() > 0) console.log(`--seed ${options.seed} --steps ${options.steps}   # ${seen.times()} times`);
    continue;
  }
  const outcome = await simulate(options);
  if (outcome.onRealLog) real += 1;
  taken += outcome.steps;
  events += outcome.events;
  if (outcome.broken === undefined) continue;
  broken += 1;
  const smallest = await shrink({ ...options, steps: outcome.broken.step });
  console.log(sayBroken(smallest));
  if (broken < 5) continue;
  runs += 1;
  break;
}
if (asked.reach === undefined)
  console.log(sayProgress({ runs, real, steps: taken, events, broken, ms: performance.now() - began, first }));
process.exitCode = broken === 0 ? 0 : 1;
