/** A short chaos with a fresh seed each time; `npm run chaos -- --minutes N --seed S` goes on for longer, or again. */
import { test } from "node:test";
import { chaos } from "./chaos.ts";

test("deploys, calls, kills and attacks at random while cells and the kernel are killed: nothing acknowledged is lost, nothing is left", async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  t.diagnostic(`seed ${seed}`);
  await chaos({ minutes: 0.2, seed, say: (line) => t.diagnostic(line) });
});
