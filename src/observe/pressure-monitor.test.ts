import assert from "node:assert/strict";
import { test } from "node:test";
import { cellNumber } from "../base/index.ts";
import { sharedResources, type SharedResource } from "../kernel/index.ts";
import type { Gauge } from "./pressure.ts";
import { PressureMonitor } from "./pressure-monitor.ts";

/** What a monitor says that reads this gauge again and again, until it has looked so often that it would have said it. */
async function watch(gauge: Gauge) {
  const said: string[] = [];
  const pressing: (readonly Gauge[])[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  let looks = 0;
  const monitor = new PressureMonitor({
    everyMs: 1,
    gauges: () => ({
      read: async () => {
        if (++looks === 6) resolve();
        return [gauge];
      },
      [Symbol.dispose]: () => undefined,
    }),
    census: () => ({ cells: [], cellsRssBytes: 0, init: undefined }),
    looked: (those) => void pressing.push(those),
    changed: ({ direction, percent }) => void said.push(`${direction} ${percent}`),
    relieve: ({ what }) => void said.push(`relieve ${what}`),
  });
  const { stop } = monitor.start((why) => said.push(why));
  await promise;
  stop();
  return { said, pressing };
}

/** Ending services gives back all that they share but the disk: their events stay in the log. */
const isGivenBack = (what: SharedResource): boolean => what !== "disk";

for (const what of sharedResources) {
  test(`${what} at 95 %: both warnings, and ${isGivenBack(what) ? "some of the newest end" : "nobody ends: it would not help"}`, async () => {
    const { said } = await watch({ what, used: 95, limit: 100 });
    assert.deepEqual(said, ["rose 80", "rose 90", ...(isGivenBack(what) ? [`relieve ${what}`] : [])]);
  });
}

test("what presses is told at each look, once that is certain", async () => {
  const gauge = { what: "memory_maps", used: 95, limit: 100, cell: cellNumber(7) } as const;
  const { pressing } = await watch(gauge);
  assert.deepEqual(pressing.slice(0, 3), [[], [gauge], [gauge]]);
});
