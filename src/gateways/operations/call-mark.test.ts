import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defined, isRefusal, limits, parseServiceId } from "../../base/index.ts";
import { callMarkOf } from "./call-mark.ts";

const asked = {
  from: "tenant acme",
  service: defined(parseServiceId("counter"), "service"),
  method: "add",
  args: Buffer.from("[1]"),
  connectedMs: 5_000_000,
};

const keyOf = (requestId: string, other: Partial<typeof asked> = {}): string | undefined => {
  const mark = callMarkOf({ requestId, ageMs: 0 }, { ...asked, ...other });
  return mark === undefined || isRefusal(mark) ? undefined : mark.key;
};

test("a call without a request_id cannot come again", () => {
  assert.equal(callMarkOf({ requestId: "", ageMs: 0 }, asked), undefined);
});

test("a call is known by its caller, its name, and all that it asks", () => {
  const key = keyOf("a");
  assert.equal(keyOf("a"), key);
  for (const other of [
    keyOf("b"),
    keyOf("a", { from: "tenant other" }),
    keyOf("a", { from: "admin" }),
    keyOf("a", { service: defined(parseServiceId("another"), "service") }),
    keyOf("a", { method: "get" }),
    keyOf("a", { args: Buffer.from("[2]") }),
  ]) {
    assert.notEqual(other, undefined);
    assert.notEqual(other, key);
  }
});

test("no caller can write a call so that it is taken for another's", () => {
  const visible = fc.string({ unit: fc.constantFrom('"', "\\", "[", "]", ",", "a", "1"), minLength: 1, maxLength: 6 });
  const one = fc.record({ id: visible, from: visible, method: visible, args: visible });
  fc.assert(
    fc.property(one, one, (a, b) => {
      const [first, second] = [a, b].map(({ id, from, method, args }) =>
        keyOf(id, { from, method, args: Buffer.from(`[${args}]`) }),
      );
      assert.equal(first === second, JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});

test("one that comes again was not sent before its age, counted from when its connection was made", () => {
  const since = (ageMs: number, connectedMs = asked.connectedMs): unknown => {
    const mark = callMarkOf({ requestId: "a", ageMs }, { ...asked, connectedMs });
    return mark === undefined || isRefusal(mark) ? mark : mark.sinceMs;
  };
  assert.equal(since(0), undefined);
  const soon = since(1);
  assert.ok(typeof soon === "number" && soon < asked.connectedMs - 1);
  const late = since(1_001);
  assert.ok(typeof late === "number" && late < soon - 1_000 && late > soon - 1_010);
  assert.equal(since(1_000, 0), 0, "of a connection that is gone nothing is known");
});

test("ages and ids are what the contract says, or refused by their names", () => {
  const refused = (requestId: string, ageMs: number): unknown => {
    const mark = callMarkOf({ requestId, ageMs }, asked);
    return mark !== undefined && isRefusal(mark) ? mark.detail["field"] : undefined;
  };
  assert.equal(refused("a", limits.callAgeMsMax), undefined);
  assert.equal(refused("a", limits.callAgeMsMax + 1), "age_ms");
  assert.equal(refused("a", -1), "age_ms");
  assert.equal(refused("", 1), "age_ms", "whose age it is, nobody knows");
  assert.equal(refused("a b", 0), "request_id");
  assert.equal(refused("a".repeat(129), 0), "request_id");
});
