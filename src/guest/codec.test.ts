import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/index.ts";
import { decode, decodeList, encode, encodeList, sign, unsign } from "./codec.ts";

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
    [{ liar: looks("Map") }, /^x\.liar cannot be sent: it only looks like a Map$/],
    [{ liar: looks("Date") }, /^x\.liar cannot be sent: it only looks like \[object Date\]$/],
    [{ liar: looks("Error") }, /^x\.liar cannot be sent: it only looks like an Error$/],
  ];
  for (const [value, expected] of cases) refuses(value, expected);
});

/** An object that says that it is of a kind. */
const looks = (kind: string): object => Object.create({ [Symbol.toStringTag]: kind }, { a: { value: 1 } }) as object;

/** Refused alone, and beside what has a form of its own. */
function refuses(value: unknown, expected: RegExp): void {
  for (const sent of [() => encode(value, "x"), () => decode(encode([new Date(0), value], "x"))]) {
    assert.throws(sent, (error: Error & { code?: string }) => {
      assert.equal(error.code, "NOT_SERIALIZABLE");
      assert.match(error.message.replace("x[1]", "x"), expected);
      return true;
    });
  }
}

test("every object that is neither plain, nor of a kind that can be sent, nor of a class of the service's own is refused", () => {
  const platform: readonly object[] = [
    new Headers({ a: "b" }),
    new Blob(["x"]),
    new Response("x"),
    new Request("http://x/"),
    new URLSearchParams("a=1"),
    new FormData(),
    new ReadableStream(),
    new EventTarget(),
    new AbortController(),
    new TextEncoder(),
    new Intl.NumberFormat("en"),
    new Intl.Segmenter().segment("a b"),
    [1].values(),
    new Map().entries(),
    "a".matchAll(/a/g),
    (function* generate() {
      yield 1;
    })(),
    Iterator.from([1]).map((one) => one),
    Math,
    JSON,
    Reflect,
    Intl,
    new WeakMap(),
    new WeakSet(),
    new WeakRef({}),
    new Proxy({}, { get: (_target, name) => (name === Symbol.toStringTag ? "Methods" : undefined) }),
  ];
  for (const value of platform) refuses({ at: [value] }, /^x\.at\[0\] cannot be sent: it is (\[object |of a class)/);
  for (const value of [1, "text", true, 1n, Symbol("s")]) {
    refuses(
      { boxed: Object(value) as unknown },
      /^x\.boxed cannot be sent: it is a \w+ object \(send its valueOf\(\)\)$/,
    );
  }
});

test("an instance of a class of the service's own is sent as its properties, unless it has none", () => {
  class Point {
    x = 1;
    readonly #hidden = 2;
    get sum(): number {
      return this.x + this.#hidden;
    }
  }
  class Hidden {
    readonly #all = 1;
    get all(): number {
      return this.#all;
    }
  }
  assert.deepEqual(travel(new Point()), { x: 1 });
  assert.deepEqual(travel([new Point(), 1n]), [{ x: 1 }, 1n]);
  assert.deepEqual(travel(Object.assign(Object.create(null) as object, { a: 1 })), { a: 1 });
  assert.deepEqual(travel({ nothing: {}, list: [], at: Object.create(null) as object }), {
    nothing: {},
    list: [],
    at: {},
  });
  assert.deepEqual(travel([{}, Object.create(null) as object, 1n]), [{}, {}, 1n]);
  refuses({ a: new Hidden() }, /^x\.a cannot be sent: it is of a class, and has no properties/);
});

test("a property that a symbol names is refused, as it would be lost", () => {
  const mark = Symbol("mark");
  class Marked {
    a = 1;
    [mark] = 2;
  }
  const plain = { a: 1, [mark]: 2 };
  const map = Object.assign(new Map(), { [mark]: 1 });
  for (const value of [plain, { [mark]: 1 }, new Marked(), map, Object.assign(new Error("x"), { [mark]: 1 })]) {
    refuses({ list: [value] }, /^x\.list\[0\] cannot be sent: it has a property that a symbol names, Symbol\(mark\)$/);
  }
  // What does not show is no more its data than any other property that does not.
  assert.deepEqual(travel(Object.defineProperty({ a: 1 }, mark, { value: 2 })), { a: 1 });
});

test("what a toJSON says is looked at as everything is", () => {
  const says = (said: unknown): object => ({ toJSON: () => said });
  for (const beside of [1, new Date(0)]) {
    const told = (said: unknown): unknown => (travel([says(said), beside]) as unknown[])[0];
    assert.equal(told(1n), 1n);
    assert.deepEqual(told(new Map([[1, says("two")]])), new Map([[1, "two"]]));
    assert.deepEqual(told({ inner: says(undefined), at: says(3) }), { at: 3 });
    assert.equal(told(undefined), undefined);
    assert.deepEqual(told([says(undefined)]), [undefined]);
  }
  refuses({ a: says(() => 1) }, /^x\.a cannot be sent: it is a function$/);
  refuses({ a: says({ b: new Headers() }) }, /^x\.a\.b cannot be sent: it is \[object Headers\]/);
  refuses({ a: says(Promise.resolve()) }, /^x\.a cannot be sent: it is a promise/);
  assert.deepEqual(travel(Object.assign([1], { toJSON: () => 1n })), 1n);
  assert.equal(travel(new URL("http://x/y")), "http://x/y");
  // It is asked once, as JSON itself does.
  const itself = {
    a: 1,
    toJSON() {
      return this;
    },
  };
  assert.deepEqual(travel(itself), { a: 1 });
  assert.deepEqual(travel([itself, 1n]), [{ a: 1 }, 1n]);
  const cycle = { toJSON: (): unknown => [cycle] };
  refuses(cycle, /^x\[0\](\[0\])* cannot be sent: it (contains itself|is nested deeper)/);
});

test("what an error has besides travels with it", () => {
  class Odd extends Error {
    override readonly name = "Odd";
    code = "E_ODD";
    details = { at: new Date(5), list: [1n] };
    none = undefined;
  }
  const odd = travel(new Odd("x")) as Odd;
  assert.deepEqual(
    [odd.name, odd.message, odd.code, odd.details],
    ["Odd", "x", "E_ODD", { at: new Date(5), list: [1n] }],
  );
  assert.deepEqual(Object.keys(odd), ["code", "details"]);
  const many = travel([new AggregateError([new TypeError("one"), 2], "many")]) as [AggregateError];
  assert.deepEqual(
    [many[0].name, many[0].message, (many[0].errors[0] as Error).message, many[0].errors[1]],
    ["AggregateError", "many", "one", 2],
  );
  refuses(
    { error: Object.assign(new Error("x"), { config: { f: () => 1 } }) },
    /^x\.error\.config\.f cannot be sent: it is a function$/,
  );
});

test("a map, a set, a date or a buffer with properties of its own is refused, which would be lost", () => {
  for (const value of [new Map(), new Set(), new Date(0), new ArrayBuffer(1)]) {
    refuses(
      { a: Object.assign(value, { more: 1 }) },
      /^x\.a cannot be sent: as \[object \w+\] it cannot carry its property more$/,
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

test("what a process within a service signs is told from all that is sent without a signature, and bounded with it", () => {
  fc.assert(
    fc.property(fc.nat(), fc.jsonValue(), (number, value) => {
      const text = encode(value, "x") ?? "null";
      assert.deepEqual(unsign(sign(number, text, "x")), { number, text });
      assert.equal(unsign(text), undefined);
    }),
  );
  assert.throws(() => sign(1, `"${"x".repeat(limits.payloadBytesMax - 3)}"`, "x"), /the limit is/);
});
