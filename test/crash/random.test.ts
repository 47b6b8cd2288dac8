import assert from "node:assert/strict";
import { test } from "node:test";
import { drawMixtures, planRound, roundsOfEach, victims } from "./blows.ts";
import { Random } from "./random.ts";

test("the same seed makes the same plans, whatever was drawn from its forks", () => {
  const plansOf = (seed: number, greed: number): unknown => {
    const random = new Random(seed);
    const mixtures = drawMixtures(random.fork());
    return Array.from({ length: 20 }, () => {
      const fork = random.fork();
      const plan = planRound(fork, mixtures.next().value, 4);
      for (let i = 0; i < greed; i++) fork.next();
      return plan;
    });
  };
  assert.deepEqual(plansOf(5, 0), plansOf(5, 7));
  assert.notDeepEqual(plansOf(5, 0), plansOf(6, 0));
});

test("rounds never end a kernel more often than init bears", () => {
  const random = new Random(1);
  const mixtures = drawMixtures(random.fork());
  for (let i = 0; i < 500; i++) {
    const { blows } = planRound(random.fork(), mixtures.next().value, 1);
    assert.ok(blows.filter(({ victim }) => victim === "kernel").length <= 1);
    assert.ok(blows.length > 0);
  }
});

test("so many rounds strike whatever there is to strike, even where init bears no further end of a kernel", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Random(seed);
    const mixtures = drawMixtures(random.fork());
    const struck = Array.from({ length: roundsOfEach }, (_, round) =>
      planRound(random.fork(), mixtures.next().value, round % 3).blows.map(({ victim }) => victim),
    ).flat();
    for (const victim of victims) assert.ok(struck.includes(victim), `seed ${seed}: ${victim}`);
  }
});
