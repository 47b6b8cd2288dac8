import assert from "node:assert/strict";
import { test } from "node:test";
import { planRound } from "./blows.ts";
import { Random } from "./random.ts";

test("the same seed makes the same plans, whatever was drawn from its forks", () => {
  const plansOf = (seed: number, greed: number): unknown => {
    const random = new Random(seed);
    return Array.from({ length: 20 }, () => {
      const fork = random.fork();
      const plan = planRound(fork, 4);
      for (let i = 0; i < greed; i++) fork.next();
      return plan;
    });
  };
  assert.deepEqual(plansOf(5, 0), plansOf(5, 7));
  assert.notDeepEqual(plansOf(5, 0), plansOf(6, 0));
});

test("rounds never end a kernel more often than init bears", () => {
  const random = new Random(1);
  for (let i = 0; i < 500; i++) {
    const { blows } = planRound(random.fork(), 1);
    assert.ok(blows.filter(({ victim }) => victim === "kernel").length <= 1);
    assert.ok(blows.length > 0);
  }
});
