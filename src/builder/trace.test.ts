import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { traceStack } from "./trace.ts";

const same = { type: "same" } as const;

test("frames of the service and of built-ins stay; Solo's own and the engine's go", () => {
  const stack = [
    "TypeError: no",
    "    at Counter.add (counter.ts:7:15)",
    "    at counter.ts:9:1",
    "    at async Counter.run (file:///counter.ts:8:2)",
    "    at Array.map (<anonymous>)",
    "    at deliver (solo:prelude:210:3)",
    "    at (<isolated-vm boundary>)",
    "    at other (encounter.ts:1:1)",
    "    at eval (eval at x (counter.ts:1:1), <anonymous>:1:1)",
  ].join("\n");
  assert.equal(
    traceStack(stack, "counter.ts", same),
    [
      "TypeError: no",
      "    at Counter.add (counter.ts:7:15)",
      "    at counter.ts:9:1",
      "    at async Counter.run (counter.ts:8:2)",
      "    at Array.map (<anonymous>)",
    ].join("\n"),
  );
});

test("a message of several lines is kept", () => {
  assert.equal(
    traceStack("Error: a\nb\n    at counter.ts:1:1", "counter.ts", same),
    "Error: a\nb\n    at counter.ts:1:1",
  );
});

test("at most fifty frames are told", () => {
  const stack = `Error: deep\n${"    at f (a.ts:1:1)\n".repeat(300)}`;
  assert.equal(traceStack(stack, "a.ts", same).split("\n    at ").length - 1, 50);
});

test("whatever the stack, tracing it ends, is bounded and never throws", () => {
  const line = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.tuple(fc.string(), fc.nat(), fc.nat()).map(([name, row, column]) => `    at ${name} (a.ts:${row}:${column})`),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 500 }), (lines) => {
      const traced = traceStack(lines.join("\n"), "a.ts", same);
      assert.ok(traced.length <= 8_000 && traced.split("\n").length <= 400);
    }),
  );
});
