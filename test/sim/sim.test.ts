/** The simulator: kept seeds, fresh ones for as long as there is time, and its own teeth. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCheckers } from "../../src/sim/checkers/index.ts";
import { flaws } from "../../src/sim/flaws.testing.ts";
import { type Outcome, realStorage, simulate } from "../../src/sim/index.ts";
import { sayBroken } from "../../src/sim/say.ts";
import { realSeeds, seeds } from "../../src/sim/seeds.ts";
import { shrink } from "../../src/sim/shrink.ts";

/** How long fresh seeds are tried: two minutes where nobody waits. */
const freshMs = process.env["CI"] === "true" ? 120_000 : 10_000;

const kept = (outcome: Outcome): void => assert.ok(outcome.broken === undefined, sayBroken(outcome));

for (const { seed, steps, why } of seeds) {
  test(`every promise is kept when ${why} (seed ${seed})`, async () => kept(await simulate({ seed, steps })));
}

for (const { seed, steps, why } of realSeeds) {
  test(`every promise is kept on the real log when ${why} (seed ${seed})`, async () =>
    kept(await simulate({ seed, steps, storage: realStorage })));
}

test("a seed makes the same run each time, however many steps follow", async () => {
  const [one, again, longer] = [await facts(11, 1_000), await facts(11, 1_000), await facts(11, 1_500)];
  assert.equal(one.length > 1_000, true);
  assert.deepEqual(again, one);
  assert.deepEqual(longer.slice(0, 1_000), one.slice(0, 1_000));
});

async function facts(seed: number, steps: number): Promise<readonly string[]> {
  const seen: string[] = [];
  const checker = {
    promise: "",
    see: (fact: {
      readonly type: string;
      readonly events?: readonly { readonly id: number; readonly type: string }[];
    }) => void seen.push(`${fact.type} ${fact.events?.map(({ id, type }) => `${id} ${type}`).join() ?? ""}`),
  };
  await simulate({ seed, steps, checkers: [checker] });
  return seen;
}

for (const { bug, promise, flaw } of flaws) {
  test(`a kernel that ${bug} is caught, by the checker of ${promise}`, async () => {
    // Alone: each checker has to find what it is for.
    for (let seed = 1; seed <= 60; seed++) {
      const checkers = makeCheckers().filter((checker) => checker.promise === promise);
      const { broken } = await simulate({ seed, steps: 1_500, flaw, checkers });
      if (broken === undefined) continue;
      assert.equal(broken.promise, promise, broken.problem);
      assert.equal(broken.before.length > 0, true);
      return;
    }
    assert.fail("no seed has found it");
  });
}

test("a failing seed is told in one line that shows it again", async () => {
  const flaw = flaws[0]?.flaw;
  assert.ok(flaw !== undefined);
  const { broken } = await simulate({ seed: 1, steps: 1_500, flaw });
  assert.ok(broken !== undefined);
  const smallest = await shrink({ seed: 1, steps: broken.step, flaw });
  assert.match(sayBroken(smallest), /^npm run sim -- --seed 1 --steps \d+ {3}# P2: /);
  assert.ok((smallest.broken?.step ?? Infinity) <= broken.step);
});

for (const { where, ms, options } of [
  { where: "", ms: freshMs, options: { steps: 4_000 } },
  { where: " on the real log", ms: freshMs / 5, options: { steps: 800, storage: realStorage } },
]) {
  test(`every promise is kept with fresh seeds${where}, for as long as there is time`, async (t) => {
    const until = performance.now() + ms;
    const first = Math.floor(Math.random() * 2 ** 40);
    let [runs, steps] = [0, 0];
    for (let seed = first; performance.now() < until; seed++) {
      const outcome = await simulate({ seed, ...options });
      kept(outcome.broken === undefined ? outcome : await shrink({ seed, ...options, steps: outcome.broken.step }));
      runs += 1;
      steps += outcome.steps;
    }
    t.diagnostic(`seeds ${first}–${first + runs - 1}, ${steps} steps`);
  });
}
