/**
 * `npm run sim -- --minutes 2`           fresh seeds, for so long
 * `npm run sim -- --seed 7 --steps 842`  one run again
 *
 * `--real-store` runs the same scenarios on the real log in a temporary directory, whose tail each crash cuts anywhere.
 *
 * Prints one line for each seed that breaks a promise, and how to see it again. Exit 1 if there is one.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { realStorage, simulate } from "./simulation.ts";
import { sayBroken, sayProgress } from "./say.ts";
import { shrink } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    steps: { type: "string", default: "5000" },
    minutes: { type: "string" },
    "real-store": { type: "boolean", default: false },
  },
});
const storage = values["real-store"] ? { storage: realStorage } : {};
const steps = Number(values.steps);
const first = values.seed === undefined ? Math.floor(Math.random() * 2 ** 40) : Number(values.seed);
const untilMs = performance.now() + (values.minutes === undefined ? 0 : Number(values.minutes) * 60_000);

const began = performance.now();
let [runs, taken, events, broken] = [0, 0, 0, 0];
for (let seed = first; runs === 0 || performance.now() < untilMs; seed++) {
  const outcome = await simulate({ seed, steps, ...storage });
  runs += 1;
  taken += outcome.steps;
  events += outcome.events;
  if (outcome.broken === undefined) continue;
  broken += 1;
  const smallest = await shrink({ seed, steps: outcome.broken.step, ...storage });
  console.log(sayBroken(smallest));
  if (broken >= 5) break;
}
console.log(sayProgress({ runs, steps: taken, events, broken, ms: performance.now() - began, first }));
process.exitCode = broken === 0 ? 0 : 1;
