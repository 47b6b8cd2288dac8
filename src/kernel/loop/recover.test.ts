import assert from "node:assert/strict";
import { test } from "node:test";
import { defined } from "../../base/index.ts";
import { initialState } from "../evolve.ts";
import { toSnapshot } from "../snapshot.ts";
import { World } from "../world.ts";
import { eventsPerSign, recover } from "./recover.ts";

/** A log of so many events, in which one event is repeated. */
function logOf(count: number) {
  const event = defined(World.of("t").events[0], "an event");
  return {
    latestSnapshot: () => undefined,
    *replay() {
      for (let left = count; left > 0; left--) yield event;
    },
  };
}

test("a long replay says again and again that it is at it, since nothing else of the process can", () => {
  const evolve = (): void => undefined;
  for (const [count, signs] of [
    [eventsPerSign - 1, 0],
    [2 * eventsPerSign, 2],
  ] as const) {
    let said = 0;
    const { state } = recover(logOf(count), false, { evolve, stillAtIt: () => (said += 1) });
    assert.equal(said, signs, `${count} events`);
    assert.deepEqual(toSnapshot(state), toSnapshot(initialState()));
  }
});
