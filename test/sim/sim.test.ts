/** The simulator: kept seeds, fresh ones for as long as there is time, and its own teeth. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCheckers } from "../../src/sim/checkers/index.ts";
import { flaws } from "../../src/sim/flaws.testing.ts";
import { type Outcome, realStorage, simulate } from "../../src/sim/index.ts";
import { readArgs, runOf } from "../../src/sim/options.ts";
import { sayBroken } from "../../src/sim/say.ts";
import { type Kept, realSeeds, seeds } from "../../src/sim/seeds.ts";
import { shrink } from "../../src/sim/shrink.ts";
import { counting } from "../../src/sim/situations.ts";
import type { MemoryParts } from "../../src/sim/world/memory-storage.ts";
import { RealStorage } from "../../src/sim/world/real-storage.ts";

/** How long fresh seeds are tried: two minutes where nobody waits. */
const freshMs = process.env["CI"] === "true" ? 120_000 : 10_000;

const kept = (outcome: Outcome): void => assert.ok(outcome.broken === undefined, sayBroken(outcome));

/** How many seeds further a situation is looked for that does not come about under its own any more. */
const seeksMax = 150;

/** This seed, or the first behind it, in whose run that comes about so often. */
async function reaching({ seed, steps, reaches, times = 1 }: Kept): Promise<number> {
  for (let tried = seed; tried <= seed + seeksMax; tried++) {
    const seen = counting(reaches);
    await simulate({ seed: tried, steps, checkers: [seen.checker] });
    if (seen.times() >= times) return tried;
  }
  return assert.fail(`no seed reaches ${reaches} ${times} times: a kept seed is kept for nothing`);
}

for (const one of seeds) {
  test(`every promise is kept when ${one.why} (seed ${one.seed})`, async (t) => {
    const seed = await reaching(one);
    if (seed !== one.seed) t.diagnostic(`seed ${one.seed} does not reach ${one.reaches} any more: ${seed} does`);
    kept(await simulate({ seed, steps: one.steps }));
  });
}

const disks: RealStorage[] = [];
const storage = async (parts: MemoryParts): Promise<RealStorage> => {
  const disk = await RealStorage.make(parts);
  disks.push(disk);
  return disk;
};

for (const { seed, steps, why } of realSeeds) {
  test(`every promise is kept on the real log when ${why} (seed ${seed})`, async () =>
    kept(await simulate({ seed, steps, storage })));
}

test("in these runs tails were cut, and some ended in noise", () => {
  const count = (of: (disk: RealStorage) => number): number => disks.reduce((sum, disk) => sum + of(disk), 0);
  assert.equal(disks.length, realSeeds.length);
  assert.ok(count(({ cuts }) => cuts) > 0 && count(({ noises }) => noises) > 0);
});

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

for (const { where, on } of [
  { where: "", on: {} },
  { where: ", on the real log too", on: { storage: realStorage } },
]) {
  test(`a failing seed is told in one line that shows it again${where}`, async () => {
    const flaw = flaws[0]?.flaw;
    assert.ok(flaw !== undefined);
    const { broken } = await simulate({ seed: 1, steps: 1_500, flaw, ...on });
    assert.ok(broken !== undefined);
    const smallest = await shrink({ seed: 1, steps: broken.step, flaw, ...on });
    const [, line = ""] = /^npm run sim -- (--seed 1 --steps \d+[^#]*?) {3}# P2: /.exec(sayBroken(smallest)) ?? [];
    assert.ok((smallest.broken?.step ?? Infinity) <= broken.step);
    const asked = readArgs(line.split(" "));
    assert.equal(asked.seed, 1);
    const again = await simulate({ ...runOf(asked, 1, 0), flaw });
    assert.equal(again.onRealLog, smallest.onRealLog);
    assert.deepEqual(again.broken, smallest.broken);
  });
}

test("each fourth of the seeds that are tried for a while is on the real log; a seed that is named is as it is named", () => {
  const onRealLog = (line: string): readonly boolean[] => {
    const asked = readArgs(line.split(" "));
    return [0, 1, 2, 3, 4, 5, 6, 7].map((nth) => runOf(asked, nth, nth).storage === realStorage);
  };
  assert.deepEqual(onRealLog("--minutes 2"), [false, false, false, true, false, false, false, true]);
  assert.ok(onRealLog("--seed 7 --steps 842").every((isReal) => !isReal));
  assert.ok(onRealLog("--minutes 2 --real-store").every((isReal) => isReal));
  assert.equal(runOf(readArgs(["--minutes", "2"]), 3, 3).steps, 1_000);
  assert.equal(runOf(readArgs(["--seed", "3", "--steps", "842", "--real-store"]), 3, 0).steps, 842);
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
