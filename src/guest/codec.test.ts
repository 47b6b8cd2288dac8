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

test("what JSON cannot say is refused by its path", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = [cycle];
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [() => 1, /^x cannot be sent: it is a function$/],
    [{ a: [1, { b: Symbol("s") }] }, /^x\.a\[1\]\.b cannot be sent: it is a symbol$/],
    [[1n], /^x\[0\] cannot be sent: it is a bigint/],
    [cycle, /^x\.self\[0\] cannot be sent: it contains itself$/],
    [{ m: new Map([[1, 2]]) }, /^x\.m cannot be sent: it is a Map/],
    [{ s: new Set() }, /it is a Set/],
    [{ r: /x/ }, /x\.r/],
    [{ e: new Error("x") }, /it is an Error/],
    [{ p: Promise.resolve() }, /await it first/],
    [new Uint8Array(1), /binary data/],
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

test("dates go as their text, properties that are undefined are left out", () => {
  assert.equal(encode({ at: new Date(0), gone: undefined }, "x"), '{"at":"1970-01-01T00:00:00.000Z"}');
});

test("arguments that are no list are refused", () => {
  assert.throws(() => decodeList("{}"), /JSON array/);
});
