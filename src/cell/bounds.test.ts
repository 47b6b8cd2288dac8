/** The small parts that keep the cell's bounds: log meter, reports, held frames, guests' text, calls, CPU shares. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import fc from "fast-check";
import { guestErrorShape, incarnationNumber, isMisfit, limits, parseServiceId, defined } from "../base/index.ts";
import { type CellReport, type CellToKernel, encodeFrame } from "../wire/index.ts";
import { Call } from "./call.ts";
import { CpuShares } from "./cpu-shares.ts";
import { framesHeldMax, Held } from "./held.ts";
import { LogMeter } from "./log-meter.ts";
import { Reports } from "./reports.ts";
import { cleanError, cleanText, guestFrames } from "./words.ts";

test("a guest logs at its rate, sustained, and what is dropped is counted in the next line that passes", () => {
  const meter = new LogMeter(0);
  const line = 1_000;
  let passed = 0;
  let counted = 0;
  for (let now = 0; now < 10_000; now++) {
    const dropped = meter.take(line, now);
    if (dropped === undefined) continue;
    passed++;
    counted += dropped;
  }
  assert.ok(passed * line <= limits.logBytesPerSecondMax * 11);
  assert.ok(passed * (line + 64) >= limits.logBytesPerSecondMax * 9);
  assert.ok(passed + counted <= 10_000 && passed + counted > 9_900);
});

test("empty lines cost too", () => {
  const meter = new LogMeter(0);
  let passed = 0;
  for (let i = 0; i < 100_000; i++) if (meter.take(0, 0) !== undefined) passed++;
  assert.equal(passed, limits.logBytesPerSecondMax / 64);
});

test("reports are numbered from 1 without gaps, and kept until acknowledged", () => {
  const reports = new Reports();
  const service = defined(parseServiceId("s"), "service");
  const report: CellReport = { type: "started", service, instance: 1, incarnation: incarnationNumber(1), tookMs: 1 };
  assert.deepEqual(
    [1, 2, 3, 4].map(() => reports.add(report).number),
    [1, 2, 3, 4],
  );
  reports.acknowledge(2);
  assert.deepEqual(
    reports.unacknowledged.map(({ number }) => number),
    [3, 4],
  );
  reports.acknowledge(1);
  assert.equal(reports.unacknowledged.length, 2);
  reports.acknowledge(100);
  assert.equal(reports.add(report).number, 5);
});

test("what is held for a kernel is bounded; calls that were given up make room", () => {
  const held = new Held();
  const service = defined(parseServiceId("s"), "service");
  const header: CellToKernel = { type: "send", caller: incarnationNumber(1), service };
  const calls = Array.from({ length: framesHeldMax }, () => new Call(() => undefined));
  for (const call of calls) assert.equal(held.add({ header, body: new Uint8Array(1), call }), true);
  assert.equal(held.add({ header, body: new Uint8Array(1) }), false);
  calls[0]?.fail("CALL_TIMEOUT", "not_executed", "1");
  assert.equal(held.add({ header, body: new Uint8Array(1) }), true);
  assert.equal(held.drain().frames.length, framesHeldMax);
  assert.equal(held.add({ header, body: new Uint8Array(9 * 1024 * 1024) }), false);
});

test("held log lines are the newest, and say how many were lost", () => {
  const held = new Held();
  for (let i = 0; i < 1_500; i++) {
    held.addLog({ type: "log", incarnation: incarnationNumber(1), level: "INFO", text: `${i}`, dropped: 0 });
  }
  const { logs } = held.drain();
  assert.equal(logs.length, 1_000);
  const lines = logs.flatMap((log) => (log.type === "log" ? [log] : []));
  assert.equal(lines[0]?.text, "500");
  const lost = lines.reduce((sum, { dropped }) => sum + dropped, 0);
  assert.ok(lost >= 499 && lost <= 500);
});

test("whatever text a guest gives, the frame's header that carries it is within its limit", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.constantFrom("\u0000", "\ud800", "\u2028", '"', "€"),
  );
  fc.assert(
    fc.property(text, fc.nat(20_000), (unit, times) => {
      const long = unit.repeat(Math.ceil(times / Math.max(1, unit.length)));
      const error = cleanError(long, long, long);
      assert.equal(isMisfit(guestErrorShape(error)), false);
      const frame = encodeFrame({ failure: { message: cleanText(long, 2_000), error } });
      assert.ok(frame.length <= 64 * 1024);
    }),
  );
  assert.equal(cleanText(7, 10), "");
});

test("an author's stack shows the author's frames", () => {
  const stack = "Error: x\n    at f (svc.ts:1:2)\n    at #invoke (solo:prelude:1:2)\n    at (<isolated-vm boundary>)";
  assert.equal(guestFrames(stack), "Error: x\n    at f (svc.ts:1:2)");
});

test("a call is settled once, by whoever comes first", () => {
  const settled: unknown[] = [];
  const call = new Call((result, failure) => settled.push(result ?? failure?.code));
  call.succeed("1");
  call.fail("CALL_LOST", "unknown", "late");
  call.succeed("2");
  assert.deepEqual(settled, ["1"]);
  assert.equal(call.open, false);
});

test("a call that ran out of time says whether it had left our hands", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const outcomes: unknown[] = [];
  const make = (): Call => new Call((_result, failure) => outcomes.push([failure?.code, failure?.executed]));
  const kept = make();
  kept.expire(10);
  const given = make();
  given.expire(10);
  given.give();
  t.mock.timers.tick(10);
  assert.deepEqual(outcomes, [
    ["CALL_TIMEOUT", "not_executed"],
    ["CALL_TIMEOUT", "unknown"],
  ]);
});

test("threaded turns share the pool's CPU time, and one that used its budget up is told once", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let poolMs = 0;
    const shares = new CpuShares(() => poolMs);
    const spent: string[] = [];
    shares.begin(50, () => spent.push("a"));
    const b = shares.begin(1_000, () => spent.push("b"));
    mock.timers.tick(10);
    for (let i = 0; i < 12; i++) {
      poolMs += 10;
      mock.timers.tick(10);
    }
    assert.deepEqual(spent, ["a"]);
    assert.ok(b.spentMs > 50 && b.spentMs < 80);
    // A machine that gives no CPU time spends none.
    mock.timers.tick(100_000);
    assert.deepEqual(spent, ["a"]);
    shares.end(b);
    poolMs += 10_000;
    mock.timers.tick(1_000);
    assert.deepEqual(spent, ["a"]);
  } finally {
    mock.timers.reset();
  }
});
