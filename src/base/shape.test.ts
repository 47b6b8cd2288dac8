import assert from "node:assert/strict";
import { test } from "node:test";
import * as base from "../../test/arbitraries/base.ts";
import { makesEveryVariant, neverThrows, refusesWhatIsWrong, roundTrips } from "../../test/arbitraries/laws.ts";
import { fields, words } from "../../test/arbitraries/typed.ts";
import fc from "fast-check";
import { cellLossShape, deathShape } from "./death.ts";
import { parseTenantId } from "./ids.ts";
import { limits, resourceLimitsDefault, resourceLimitsShape } from "./limits.ts";
import { sandboxFoundShape } from "./sandbox-found.ts";
import {
  amount,
  branded,
  flag,
  isMisfit,
  listOf,
  literal,
  type Of,
  oneOf,
  optional,
  record,
  recordOf,
  text,
  union,
  unionBy,
  whole,
} from "./shape.ts";

const point = record({ x: whole(0, 9), label: optional(text(3)) });

test("a record keeps the fields it names and drops all others", () => {
  assert.deepEqual(point({ x: 1, label: "abc", y: 2 }), { x: 1, label: "abc" });
  assert.deepEqual(point({ x: 1 }), { x: 1 });
});

test("a misfit says where", () => {
  const deep = record({ points: listOf(point, 2) });
  assert.deepEqual(deep({ points: [{ x: 1 }, { x: 10 }] }), {
    misfit: "must be a whole number in [0, 9]",
    at: ".points[1].x",
  });
  assert.deepEqual(deep({}), { misfit: "is missing", at: ".points" });
  assert.deepEqual(deep(undefined), { misfit: "must be an object", at: "." });
});

test("a field inherited from a prototype does not count", () => {
  assert.ok(isMisfit(point(Object.create({ x: 1 }))));
  assert.ok(isMisfit(union({ a: record({}) })(Object.create({ type: "a" }))));
  assert.ok(isMisfit(union({ a: record({}) })({ type: "toString" })));
});

test("every length has a limit", () => {
  assert.ok(isMisfit(text(2)("abc")));
  assert.ok(isMisfit(listOf(flag, 1)([true, true])));
  assert.ok(isMisfit(recordOf(text(9), flag, 1)({ a: true, b: true })));
  assert.ok(isMisfit(recordOf(text(1), flag, 9)({ long: true })));
});

test("numbers are finite, and whole ones safe", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, "1", null]) assert.ok(isMisfit(amount(bad)));
  for (const bad of [1.5, 2 ** 53, -1, Number.NaN]) assert.ok(isMisfit(whole(0)(bad)));
  assert.equal(whole(0)(2 ** 53 - 1), 2 ** 53 - 1);
});

test("choices, literals and branded strings accept exactly theirs", () => {
  assert.equal(oneOf("a", "b")("b"), "b");
  assert.ok(isMisfit(oneOf("a", "b")("c")));
  assert.equal(literal("a")("a"), "a");
  assert.ok(isMisfit(literal("a")("b")));
  assert.equal(branded(parseTenantId, "a tenant")("t"), "t");
  assert.ok(isMisfit(branded(parseTenantId, "a tenant")("no spaces")));
  assert.ok(isMisfit(branded(parseTenantId, "a tenant")(7)));
});

test("a record of names cannot reach a prototype", () => {
  const parsed = recordOf(text(20), text(20), 9)(JSON.parse('{"__proto__":"x"}'));
  assert.ok(!isMisfit(parsed));
  assert.equal(Object.getPrototypeOf(parsed), null);
  assert.deepEqual(Object.keys(parsed), ["__proto__"]);
});

test("a union is told apart by its field, whichever it is", () => {
  const shape = unionBy("then", { stop: record({}), go: record({ far: whole(0) }) });
  assert.deepEqual(shape({ then: "go", far: 1, near: 2 }), { then: "go", far: 1 });
  assert.deepEqual(shape({ then: "fly" }), { misfit: "must be one of stop, go", at: ".then" });
  assert.ok(isMisfit(shape(null)));
});

const short = words.filter((text) => text.length <= 3);
const lawful = [
  { what: "a death", shape: deathShape, sound: base.death },
  { what: "the loss of a cell", shape: cellLossShape, sound: base.cellLoss },
  { what: "the limits of a service", shape: resourceLimitsShape, sound: base.resourceLimits },
  { what: "what was found of a sandbox", shape: sandboxFoundShape, sound: base.sandboxFound },
  {
    what: "a point",
    shape: point,
    sound: fields<Of<typeof point>>([{ x: fc.integer({ min: 0, max: 9 }) }, { label: short }]),
  },
];

for (const each of lawful) {
  test(`${each.what}: nothing that is given throws, and what is accepted is accepted again`, () => neverThrows(each));
  test(`${each.what}: it survives JSON`, () => roundTrips(each));
  test(`${each.what}: what is wrong in one place is refused, with the place; what is unknown is left out`, () =>
    refusesWhatIsWrong(each));
}

test("the laws see every kind of death, and every kind of a cell's loss", () => {
  makesEveryVariant({ shape: deathShape, sound: base.death });
  makesEveryVariant({ shape: cellLossShape, sound: base.cellLoss });
});

test("the default limits of a service fit their own shape", () => {
  assert.deepEqual(resourceLimitsShape(resourceLimitsDefault), resourceLimitsDefault);
});

test("every limit is a positive number", () => {
  for (const [name, limit] of Object.entries(limits)) assert.ok(Number.isSafeInteger(limit) && limit > 0, name);
});
