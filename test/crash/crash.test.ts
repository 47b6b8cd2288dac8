/** A few crash rounds with a fresh seed each time; `npm run crash -- --rounds N --seed S` runs more, or these again. */
import { test } from "node:test";
import { crash } from "./rounds.ts";

test("kill -9 of any process at any moment under load: nothing acknowledged is lost, the log verifies, nobody hangs", async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  t.diagnostic(`seed ${seed}`);
  await crash({ rounds: 6, seed, say: (line) => t.diagnostic(line) });
});
