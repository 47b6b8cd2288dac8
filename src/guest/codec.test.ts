import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode, decodeList, encode, encodeList } from "./codec.ts";

test("what JSON can say arrives as it was sent", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      // JSON itself knows no negative zero.
      const plain: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(decode(encode(value, "x")), plain);
      assert.deepEqual(decodeList(encodeList([value], "x")), [plain]);
    }),
  );
  assert.equal(encode(undefined, "x"), undefined);
  assert.equal(decode(undefined), undefined);
  assert.equal(encode(null, "x"), "null");
});

/** There and back, as between two services. */
const travel = (value: unknown): unknown => decode(encode(value, "x"));

test("bytes, dates, maps, sets, bigints, undefined and errors arrive as what they were", () => {
  const rich = {
    at: new Date(1_700_000_000_123),
    never: new Date(NaN),
    bytes: new Uint8Array([0, 1, 255]),
    part: new Uint8Array([1, 2, 3, 4]).subarray(1, 3),
    buffer: new Uint8Array([7, 8]).buffer,
    map: new Map<unknown, unknown>([
      ["a", 1],
      [{ key: true }, new Map([[1n, undefined]])],
    ]),
    set: new Set([1, "1", new Date(0)]),
    big: -(2n ** 200n),
    list: [undefined, null, NaN, Infinity, -Infinity, 1.5],
  };
  assert.deepEqual(travel(rich), rich);
  assert.deepEqual(decodeList(encodeList([undefined, 1], "x")), [undefined, 1]);
  const cause = new RangeError("inner");
  const error = travel(new TypeError("outer", { cause })) as TypeError;
  assert.ok(error instanceof TypeError && error.cause instanceof RangeError);
  assert.deepEqual([error.message, error.cause.message], ["outer", "inner"]);
  assert.match(error.stack ?? "", /codec\.test/);
  class Odd extends Error {
    override readonly name = "Odd";
  }
  const odd = travel([new Odd("x")]) as [Error];
  assert.deepEqual([odd[0].name, odd[0].message, odd[0] instanceof Error], ["Odd", "x", true]);
});

test("values of all these kinds, nested at random, arrive as they were sent", () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.double({ noDefaultInfinity: false }).map((n) => (n === 0 ? 0 : n)),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt(),
    fc.date(),
    fc.uint8Array(),
  );
  const keyed = fc.oneof(fc.string(), fc.constantFrom("$date", "$map", "$literal", "$service", "__proto__", "$x"));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(fc.oneof(tie("value"), fc.constant(undefined)), { maxLength: 4 }),
      fc.dictionary(keyed, tie("value"), { maxKeys: 3, noNullPrototype: true }),
      fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
      fc.array(tie("value"), { maxLength: 3 }).map((items) => new Set(items)),
    ),
  }));
  fc.assert(fc.property(value, (sent) => assert.deepStrictEqual(travel(sent), sent)));
});

test("what looks like a tagged value, but is a tenant's own, stays what it was", () => {
  for (const own of [{ $date: "x" }, { $service: 0 }, { $literal: { $date: 1 } }, { $map: { $set: [] } }]) {
    assert.deepEqual(travel(own), own);
    assert.deepEqual(travel([{ own }]), [{ own }]);
  }
  assert.equal(encode({ $ref: "#/definitions/a" }, "x"), '{"$ref":"#/definitions/a"}');
  assert.equal(encode({ $date: 1, and: 2 }, "x"), '{"$date":1,"and":2}');
});

test("the reader of any text gives a value or a typed error", () => {
  const tags = ["$date", "$bytes", "$buffer", "$bigint", "$number", "$undefined", "$map", "$set", "$error", "$service"];
  fc.assert(
    fc.property(fc.constantFrom(...tags), fc.jsonValue(), (tag, content) => {
      try {
        decode(JSON.stringify([{ [tag]: content }]));
      } catch (error) {
        assert.equal((error as { readonly code?: unknown }).code, "NOT_SERIALIZABLE");
        assert.match((error as Error).message, /^the value\[0\]\.\$\w+.* cannot be read: /);
      }
    }),
  );
  assert.throws(() => decode('{"$service":0}'), /no such reference came with the message/);
  assert.throws(() => decode(`${"[".repeat(600)}{"$date":0}${"]".repeat(600)}`), /nested deeper/);
});

test("what cannot be sent is refused by its path", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = [cycle];
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [() => 1, /^x cannot be sent: it is a function$/],
    [{ a: [1, { b: Symbol("s") }] }, /^x\.a\[1\]\.b cannot be sent: it is a symbol$/],
    [cycle, /^x\.self\[0\] cannot be sent: it contains itself$/],
    [{ m: new Map([[1, () => 2]]) }, /^x\.m\.value\(0\) cannot be sent: it is a function$/],
    [{ at: new Date(0), s: new Set([1, new Set([Symbol("s")])]) }, /^x\.s\.item\(1\)\.item\(0\) cannot be sent/],
    [{ r: /x/ }, /x\.r/],
    [{ p: Promise.resolve() }, /await it first/],
    [new Uint16Array(1), /binary data/],
    [{ liar: { [Symbol.toStringTag]: "Map" }, at: new Date(0) }, /^x\.liar cannot be sent: it only looks like a Map$/],
  ];
  for (const [value, expected] of cases) {
    assert.throws(
      () => encode(value, "x"),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "NOT_SERIALIZABLE");
        assert.match(error.message, expected);
        return true;
      },
    );
  }
});

test("the same object twice is no cycle", () => {
  const shared = { n: 1 };
  assert.equal(encode([shared, { shared }, shared], "x"), '[{"n":1},{"shared":{"n":1}},{"n":1}]');
});

test("properties that are undefined are left out, and what says itself how it looks in JSON looks so", () => {
  assert.equal(encode({ gone: undefined, kept: 1 }, "x"), '{"kept":1}');
  assert.equal(encode([{ toJSON: () => "said" }, 1n], "x"), '["said",{"$bigint":"1"}]');
});

test("arguments that are no list are refused", () => {
  assert.throws(() => decodeList("{}"), /JSON array/);
});
