// npm run chaos -- [--minutes N] [--seed S]
// Deploys, calls, kills and attacks at random for so long, while cells and the kernel are killed with -9. Ends with 1 at the
// first thing that is lost, and says how to see it again.
import { parseArgs } from "node:util";
import { chaos } from "./chaos.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "2" }, seed: { type: "string" } },
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error("chaos: --minutes takes a number, --seed a whole one");
  process.exitCode = 64;
} else {
  console.log(`chaos: ${minutes} minutes, seed ${seed}`);
  try {
    await chaos({ minutes, seed, say: (line) => console.log(line) });
    console.log("chaos: nothing was lost");
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
}
