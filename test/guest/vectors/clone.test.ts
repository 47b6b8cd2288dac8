/** `structuredClone` in a guest: of what fast-check thinks a value can be, and of each kind the HTML standard names, as in Node. */
import { test } from "node:test";
import vm from "node:vm";
import fc from "fast-check";
import { here, hold, type Vector } from "./vectors.ts";

/**
 * Clones what an expression gives, and writes down all that can be seen of the copy: its kind, prototype, properties and
 * contents, and which of its parts are one.
 */
const clone = `
  function answer(source) {
    const value = (0, eval)("(" + source + ")");
    const copy = structuredClone(value);
    if (typeof value === "object" && value !== null && copy === value) return "the same";
    return describe(copy, new Map());
  }
  function describe(value, seen) {
    if (typeof value === "bigint") return value + "n";
    if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : typeof value === "string" ? JSON.stringify(value) : String(value);
    if (seen.has(value)) return "#" + seen.get(value);
    seen.set(value, seen.size);
    const kind = Object.prototype.toString.call(value);
    const prototype = Object.getPrototypeOf(value);
    const said = [kind + (prototype === null ? " of null" : " of " + prototype.constructor.name)];
    const go = (part) => describe(part, seen);
    if (value instanceof Map) for (const [key, item] of value) said.push(go(key) + " => " + go(item));
    if (value instanceof Set) for (const item of value) said.push(go(item));
    if (value instanceof Date) said.push(String(value.getTime()));
    if (value instanceof RegExp) said.push(String(value));
    if (value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt) said.push(go(value.valueOf()));
    if (value instanceof ArrayBuffer) said.push(new Uint8Array(value).toHex());
    if (ArrayBuffer.isView(value)) said.push(value.byteOffset + "+" + value.byteLength, go(value.buffer));
    else for (const [name, { value: part, get, ...flags }] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      said.push(name === "stack" ? typeof value.stack : name + Object.values(flags).map(Number).join("") + ": " + (get ? "getter" : go(part)));
    }
    return said;
  }`;

/** Each kind that the standard clones, or refuses to. */
const kinds = `
  Object(1) | Object("abc") | Object(true) | Object(1n) | Object(Symbol("x")) | Symbol("x") | () => 1 | class {} | function f() {}
  | new Date(NaN) | new Date(8.64e15) | /a/giu | Object.assign(/a/g, { lastIndex: 3 }) | Object.assign(new Date(1), { own: 1 })
  | new Map([[{}, 1]]) | (() => { const m = new Map(); m.set(m, m); return m; })() | (() => { const s = new Set(); s.add(s); return s; })()
  | Object.assign(new Map([[1, 2]]), { own: 1 }) | Object.assign(new Set([1]), { own: 1 }) | new WeakMap() | new WeakSet() | new WeakRef({})
  | Promise.resolve(1) | (function* () {})() | (async function* () {})() | [1, 2][Symbol.iterator]() | new Map().entries() | new Proxy({}, {}) | new Proxy([], {})
  | [, 1, , 2] | Object.assign([1], { own: 1 }) | Object.assign([], { length: 5 }) | (() => { const a = []; a[4294967294] = 1; return a.length; })()
  | new Array(3) | (() => { const a = [1]; a.push(a); return a; })() | (() => { const o = {}; return [o, o, { o }]; })()
  | new ArrayBuffer(4) | new Uint8Array([1, 2, 3]).subarray(1) | new DataView(new ArrayBuffer(8), 2, 3) | new Uint8ClampedArray([300]) | new BigInt64Array([1n])
  | new Float64Array([NaN, -0]) | (() => { const b = new ArrayBuffer(8); return [new Uint8Array(b), new Uint16Array(b, 2, 1), b]; })() | Object.assign(new Uint8Array(1), { own: 1 })
  | Object.create({ inherited: 1 }, { hidden: { value: 1 }, shown: { value: 2, enumerable: true } }) | Object.create(null) | { __proto__: null, a: 1 } | { ["__proto__"]: 1 }
  | { get a() { return 1; } } | { get a() { throw new RangeError("no"); } } | { [Symbol("x")]: 1, a: 2 } | Object.freeze({ a: [1] }) | Object.freeze([1])
  | new (class Point { x = 1; #hidden = 2; get y() { return 3; } })() | new (class extends Array {})(1, 2) | new (class extends Map {})([[1, 2]]) | new (class extends Date {})(5)
  | { a: { f() {} } } | [() => 1] | new Map([[1, () => 1]]) | { toJSON() { return 1; } } | { then: 1 } | (() => { const o = {}; o.self = o; return o; })()
  | new Error("e") | new TypeError("t") | new RangeError() | new SyntaxError("s") | new EvalError("v") | new URIError("u") | new ReferenceError("r") | new AggregateError([new Error("in")], "all")
  | new Error("e", { cause: new TypeError("c") }) | new Error("e", { cause: () => 1 }) | Object.assign(new Error("e"), { code: 1 }) | Object.assign(new Error("e"), { name: "Mine" }) | Object.assign(new Error("e"), { name: "TypeError" })
  | new (class Mine extends Error {})("m") | new (class Mine extends TypeError { get name() { return "RangeError"; } })("m") | Object.assign(new Error("e"), { message: 5 }) | Object.create(Error.prototype)
  | (() => { const e = new Error("e"); e.cause = e; return e; })() | Object.defineProperty(new Error("e"), "name", { get() { return "URIError"; } }) | Object.defineProperty(new Error("e"), "message", { get() { return "m"; } })
  | (function () { return arguments; })(1, 2) | globalThis.Math | JSON | Intl | new Intl.NumberFormat("en") | new Boolean(false) | -0 | NaN | Infinity | undefined | null | 2n ** 70n
  | new DOMException("m", "AbortError") | new Blob(["a"], { type: "a/b" }) | new File(["a"], "n", { lastModified: 5 }) | new Headers() | new FormData() | new URL("a:b") | new URLSearchParams("a=1")
  | new Request("a:b") | new Response("x") | new ReadableStream() | new EventTarget() | new Event("x") | new AbortController() | new AbortController().signal | new TextEncoder() | new TextDecoder()
  | new (class { get [Symbol.toStringTag]() { return "Date"; } })() | new (class { get [Symbol.toStringTag]() { return "Map"; } })() | { [Symbol.toStringTag]: "Headers" } | { [Symbol.toStringTag]: "Error", a: 1 }
  | Date.prototype | Map.prototype | RegExp.prototype | Number.prototype | Object.assign(new Date(1), { [Symbol.toStringTag]: "Map" }) | [].values().map((x) => x) | "abc".matchAll(/a/g)
  | { a: undefined } | [undefined, null] | new String("lone \\ud83d") | Object.assign(Object("ab"), { own: 1 }) | Object.assign(Object(1), { own: 1 }) | new Map([[NaN, -0]]) | new Set([-0])
`
  .split(" | ")
  .map((one) => one.replaceAll(/\s+/g, " ").trim());

const anything = fc.anything({
  maxDepth: 3,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

test("values are cloned, or refused, as they are in Node", async (t) => {
  const answer = vm.runInThisContext(`(() => { ${clone}; return answer; })()`) as (source: string) => unknown;
  const random = fc.sample(anything, { seed: 7, numRuns: 3_000 }).map((value) => fc.stringify(value));
  const vectors: Vector[] = [];
  for (const source of new Set([...kinds, ...random])) {
    vectors.push({ name: source, given: source, expected: await here(() => answer(source)) });
  }
  const proxy = "the language does not tell a proxy from what it stands for";
  const ordinary = "it is Node that deviates: to its serializer these of its platform objects are ordinary ones";
  await hold(t, clone, vectors, {
    "new Proxy({}, {})": proxy,
    "new Proxy([], {})": proxy,
    'new DOMException("m", "AbortError")': "an exception's tag is that of an error here, since it is sent as one",
    "new AbortController()": ordinary,
    "new AbortController().signal": ordinary,
    'new Event("x")': ordinary,
    "new EventTarget()": ordinary,
    "new TextDecoder()": ordinary,
    "new TextEncoder()": ordinary,
  });
});
