// npm run crash -- [--rounds N] [--seed S]
// Kills parts of a loaded Solo with -9, N times, and looks for everything that was acknowledged. Ends with 1 at the first
// thing that is lost, and says how to see it again.
import { parseArgs } from "node:util";
import { crash } from "./rounds.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "50" }, seed: { type: "string" } },
});
const rounds = Number(values.rounds);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) {
  console.error("crash: --rounds and --seed take whole numbers");
  process.exitCode = 64;
} else {
  console.log(`crash: ${rounds} rounds, seed ${seed}`);
  const began = performance.now();
  try {
    await crash({ rounds, seed, say: (line) => console.log(line) });
    console.log(`crash: ${rounds} rounds in ${Math.round((performance.now() - began) / 1_000)} s: nothing was lost`);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
}
