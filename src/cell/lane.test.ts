import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { firstLane, judgeTurn, type Lane, lanePolicy, mayPromote, type TurnMeasure } from "./lane.ts";

const start = (over: Partial<Parameters<typeof firstLane>[0]> = {}): Lane =>
  firstLane({ cpuTimeMs: 1_000, probation: false, now: 0, ...over });
const quick: TurnMeasure = { ms: 0.1, messages: 1 };
const small = 1024 * 1024;

/** After n more quick turns, the heap being looked at when the policy wants it. */
const after = (lane: Lane, turns: number, now: number, heapBytes = small): Lane => {
  let at = lane;
  for (let i = 0; i < turns; i++) at = judgeTurn(at, { ...quick, heapBytes }, now);
  return at;
};

test("a service starts threaded, and is inline after the policy's number of quick calls", () => {
  assert.equal(start().lane, "threaded");
  assert.equal(after(start(), lanePolicy.quickCallsMin - 1, 1).lane, "threaded");
  assert.equal(after(start(), lanePolicy.quickCallsMin, 1).lane, "inline");
});

test("without a look at the heap nothing is promoted, and the policy says when to look", () => {
  let lane = start();
  for (let i = 0; i < lanePolicy.quickCallsMin; i++) {
    assert.equal(mayPromote(lane, 1), false);
    lane = judgeTurn(lane, quick, 1);
  }
  assert.equal(lane.lane, "threaded");
  assert.equal(mayPromote(lane, 1), true);
  assert.equal(judgeTurn(lane, { ...quick, heapBytes: small }, 1).lane, "inline");
});

test("a large heap keeps a service threaded, and sends an inline one back", () => {
  assert.equal(after(start(), 100, 1, lanePolicy.heapBytesToPromoteMax + 1).lane, "threaded");
  const inline = after(start(), 100, 1);
  assert.equal(judgeTurn(inline, { ...quick, heapBytes: lanePolicy.heapBytesToStayMax }, 1).lane, "inline");
  assert.equal(judgeTurn(inline, { ...quick, heapBytes: lanePolicy.heapBytesToStayMax + 1 }, 1).lane, "threaded");
});

test("a slow turn sends a service back for a while, twice as long each time, up to a limit", () => {
  let lane = after(start(), 100, 0);
  let now = 0;
  let waitMs: number = lanePolicy.waitMsFirst;
  for (let i = 0; i < 20; i++) {
    lane = judgeTurn(lane, { ms: lanePolicy.slowMs + 1, messages: 1 }, now);
    assert.equal(after(lane, 1_000, now + waitMs - 1).lane, "threaded");
    now += waitMs;
    lane = after(lane, lanePolicy.quickCallsMin, now);
    assert.equal(lane.lane, "inline");
    waitMs = Math.min(waitMs * 2, lanePolicy.waitMsMax);
  }
  assert.equal(waitMs, lanePolicy.waitMsMax);
});

test("a turn of many messages may take longer than one of one, and not much", () => {
  const inline = after(start(), 100, 0);
  assert.equal(judgeTurn(inline, { ms: lanePolicy.slowMs + 1, messages: 9 }, 1), inline);
  assert.equal(judgeTurn(inline, { ms: lanePolicy.slowMsOfMany + 1, messages: 9 }, 1).lane, "threaded");
});

test("slow calls between quick ones set a service back", () => {
  let lane = start();
  for (let i = 0; i < 200; i++) {
    lane = after(lane, 9, 1);
    lane = judgeTurn(lane, { ms: 10, messages: 1, heapBytes: small }, 1);
  }
  assert.equal(lane.lane, "threaded");
});

test("a turn of many messages that are each quick counts for them, and never against them", () => {
  assert.equal(judgeTurn(start(), { ms: 0.9, messages: 50, heapBytes: small }, 1).lane, "inline");
  const lane = after(start(), 10, 1);
  assert.equal(judgeTurn(lane, { ms: 20, messages: 256 }, 1), lane);
});

test("on probation a service stays threaded for the policy's time", () => {
  const wary = start({ probation: true });
  assert.equal(after(wary, 1_000, lanePolicy.probationMs - 1).lane, "threaded");
  assert.equal(after(wary, 1_000, lanePolicy.probationMs).lane, "inline");
});

test("a service whose messages may take longer than the default is never inline", () => {
  const turns = fc.array(
    fc.record({
      ms: fc.float({ min: 0, max: 100, noNaN: true }),
      messages: fc.integer({ min: 1, max: 256 }),
      heapBytes: fc.nat(),
    }),
  );
  fc.assert(
    fc.property(turns, (measures) => {
      let lane = start({ cpuTimeMs: 1_001 });
      for (const [now, turn] of measures.entries()) lane = judgeTurn(lane, turn, now * 10_000);
      assert.equal(lane.lane, "pinned");
    }),
  );
});
