import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeHeart } from "./heart.ts";

const limits = { silentMsMax: 3_000, startMsMax: 30_000, workMsMin: 1_000 };
const heart = { beatAt: 10_000, begun: true, cpuMsAtBeat: 500 };

test("silence with CPU is a hang", () => {
  assert.equal(
    judgeHeart(limits, heart, 13_001, () => 1_500),
    3_001,
  );
});

test("silence without CPU is a machine that is busy or asleep", () => {
  assert.equal(
    judgeHeart(limits, heart, 60_000, () => 1_499),
    undefined,
  );
});

test("what has not beaten yet is starting, and has more time for that", () => {
  const starting = { ...heart, begun: false };
  const busy = (): number => 60_000;
  assert.equal(judgeHeart(limits, starting, 40_000, busy), undefined);
  assert.equal(judgeHeart(limits, starting, 40_001, busy), 30_001);
});

test("a heart that beat a while ago is not judged, nor is the CPU read", () => {
  const unread = (): number => assert.fail("read");
  assert.equal(judgeHeart(limits, heart, 13_000, unread), undefined);
});
