import assert from "node:assert/strict";
import { test } from "node:test";
import { decideNextKernel, type KernelMode, kernelSupervision } from "./kernel-policy.ts";

const fresh: KernelMode = { name: "normal", restarts: [] };

/** What `count` ends, `apartMs` from one another, lead to. */
function endRepeatedly(
  count: number,
  apartMs: number,
): { readonly mode: KernelMode; readonly delays: readonly number[] } {
  let mode = fresh;
  const delays: number[] = [];
  for (let n = 0; n < count; n++) {
    const next = decideNextKernel(mode, `end ${n + 1}`, n * apartMs);
    mode = next.mode;
    delays.push(next.delayMs);
  }
  return { mode, delays };
}

test("a kernel that ends once is back within milliseconds", () => {
  const { mode, delays } = endRepeatedly(1, 0);
  assert.equal(mode.name, "normal");
  assert.ok((delays[0] ?? Infinity) <= 10);
});

test("the waits grow while it keeps ending", () => {
  assert.deepEqual(endRepeatedly(5, 10).delays, [5, 15, 45, 135, 405]);
});

test("the sixth end within thirty seconds leads to safe mode, for the reason of that end, at once", () => {
  const { mode, delays } = endRepeatedly(6, 10);
  assert.deepEqual(mode, { name: "safe", why: "end 6", ends: 0 });
  assert.equal(delays[5], 0);
});

test("ends that are far apart are each the first", () => {
  const { mode, delays } = endRepeatedly(50, kernelSupervision.intensity.withinMs + 1);
  assert.equal(mode.name, "normal");
  assert.ok(delays.every((ms) => ms === 5));
});

test("safe mode stays, keeps its first reason, and is tried with growing waits that have a limit", () => {
  const { mode, delays } = endRepeatedly(20, 60_000 / 20);
  assert.equal(mode.name, "safe");
  assert.equal(mode.name === "safe" ? mode.why : "", "end 6");
  assert.deepEqual(delays.slice(6, 10), [1_000, 2_000, 4_000, 8_000]);
  assert.equal(delays.at(-1), 30_000);
});
