import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { instant } from "../../base/index.ts";
import { Clock } from "./clock.ts";

const at = (wall: number, monotonic: number) => {
  const sources = { wall, monotonic };
  return {
    sources,
    powers: { wallMs: () => sources.wall, monotonicMs: () => sources.monotonic },
  };
};

test("time starts at the last logged instant when the wall clock is behind it", () => {
  const { powers } = at(1_000, 0);
  assert.equal(new Clock(powers, instant(5_000)).now(), 5_000);
});

test("time advances while the wall clock stands behind", () => {
  const { powers, sources } = at(1_000, 0);
  const clock = new Clock(powers, instant(5_000));
  sources.monotonic = 250;
  assert.equal(clock.now(), 5_250);
});

test("a wall clock set back is told once, and time goes on", () => {
  const { powers, sources } = at(100_000, 0);
  const clock = new Clock(powers, instant(0));
  sources.wall = 40_000;
  sources.monotonic = 10;
  assert.equal(clock.now(), 100_010);
  assert.deepEqual(clock.jump(), { fromMs: 100_010, toMs: 40_000 });
  assert.equal(clock.jump(), undefined);
});

test("a wall clock set ahead is followed and told", () => {
  const { powers, sources } = at(100_000, 0);
  const clock = new Clock(powers, instant(0));
  sources.wall = 200_000;
  assert.equal(clock.now(), 200_000);
  assert.deepEqual(clock.jump(), { fromMs: 100_000, toMs: 200_000 });
});

test("whatever the clocks do, time never goes back", () => {
  fc.assert(
    fc.property(
      fc.nat(1_000_000),
      fc.array(fc.record({ wall: fc.nat(2_000_000), step: fc.nat(10_000) })),
      (logged, steps) => {
        const { powers, sources } = at(500_000, 0);
        const clock = new Clock(powers, instant(logged));
        let last = clock.now();
        assert.ok(last >= logged);
        for (const { wall, step } of steps) {
          sources.wall = wall;
          sources.monotonic += step;
          const now = clock.now();
          assert.ok(now >= last);
          last = now;
        }
      },
    ),
  );
});
