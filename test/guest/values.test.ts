/** What travels between services, and between a service and its clients, in a real cell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor, service } from "../cell/cell-process.ts";

const echo = service(`
  echo(...values) { return values; }
  one(value) { return value; }
  kind(value) { return Object.prototype.toString.call(value); }
  withDefault(value = "default") { return value; }
`);

test("values of all kinds travel between services, from either lane", async (t) => {
  const { kernel } = await cellFor(t);
  await kernel.load(echo, { service: "echo", incarnation: 2 });
  const asker = await kernel.load(
    service(`
      async ask() {
        const echo = await this.lookup("echo");
        const error = new TypeError("inner");
        const sent = [new Date(5), new Uint8Array([1, 2]), new Map([[{ a: 1 }, new Set([1n])]]), undefined, error];
        const [at, bytes, map, nothing, thrown] = await echo.call.echo(...sent);
        const [[key, value]] = [...map];
        return [
          at instanceof Date && at.getTime(), bytes instanceof Uint8Array && [...bytes], key.a,
          value instanceof Set && value.has(1n), nothing === undefined,
          thrown instanceof TypeError && thrown.message, await echo.call.withDefault(undefined),
        ];
      }`),
    { service: "asker" },
  );
  const expected = [5, [1, 2], 1, true, true, "inner", "default"];
  for (let i = 0; i < 60; i++) assert.deepEqual(await kernel.result(asker, "ask"), expected);
});

test("a client says and reads in the tagged form what JSON cannot say; plain JSON stays plain", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      kind(value) { return Object.prototype.toString.call(value); }
      one(value) { return value; }
      rich() { return { at: new Date(0), bytes: new Uint8Array([255]), big: 7n }; }`),
  );
  assert.equal(await kernel.result(id, "kind", { $date: "2026-01-01" }), "[object Date]");
  assert.equal(await kernel.result(id, "kind", { $bytes: "AAA=" }), "[object Uint8Array]");
  assert.equal(await kernel.result(id, "kind", { $literal: { $date: 1 } }), "[object Object]");
  assert.deepEqual(await kernel.result(id, "one", { $ref: "#/x", plain: [1, null] }), {
    $ref: "#/x",
    plain: [1, null],
  });
  assert.deepEqual(await kernel.result(id, "rich"), {
    at: { $date: "1970-01-01T00:00:00.000Z" },
    bytes: { $bytes: "/w==" },
    big: { $bigint: "7" },
  });
});

test("arguments in a broken tagged form are refused with the place, and the service goes on", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(echo);
  const { failure } = await kernel.call(id, "one", [{ a: [{ $bytes: "no base64!" }] }]);
  assert.deepEqual([failure?.code, failure?.executed], ["NOT_SERIALIZABLE", "not_executed"]);
  assert.match(failure?.message ?? "", /arguments\[0\]\.a\[0\]\.\$bytes cannot be read: it is not base64/);
  const forged = await kernel.call(id, "one", [{ $service: 0 }]);
  assert.match(forged.failure?.message ?? "", /no such reference/);
  assert.equal(await kernel.result(id, "one", 1), 1);
});

test("what cannot be sent is refused by its place, wherever it is from, and the service goes on", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      async give(what) {
        const reference = await this.lookup("other");
        const things = {
          Headers: new Headers(), Blob: new Blob(["x"]), File: new File([], "f"), Response: new Response("x"), Request: new Request("http://x/"),
          FormData: new FormData(), URLSearchParams: new URLSearchParams(), ReadableStream: new ReadableStream(), TransformStream: new TransformStream(),
          TextEncoder: new TextEncoder(), Event: new Event("x"), AbortController: new AbortController(), AbortSignal: AbortSignal.abort(),
          CryptoKey: await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]), crypto, subtle: crypto.subtle, performance,
          Math, Intl, NumberFormat: new Intl.NumberFormat("en"), iterator: [1].values(), segments: new Intl.Segmenter().segment("x"),
          headers: new Headers().entries(), boxed: Object(1), calls: reference.call, casts: reference.cast, log: this.log, console, globalThis,
          weak: new WeakRef({}), hidden: new (class { #x = 1; })(),
        };
        return what === undefined ? Object.keys(things) : [{ [what]: things[what] }];
      }
      error() { return Object.assign(new TypeError("x"), { code: "E", more: new Set([1]) }); }
      url() { return { at: new URL("http://x/") }; }
      exception() { return new DOMException("m", "AbortError"); }`),
  );
  const names = (await kernel.result(id, "give")) as readonly string[];
  assert.equal(names.length, 31);
  for (const name of names) {
    const { failure, result } = await kernel.call(id, "give", [name]);
    assert.deepEqual(
      [failure?.code, failure?.executed],
      ["NOT_SERIALIZABLE", "executed"],
      `${name}: ${JSON.stringify(result)}`,
    );
    assert.ok(failure?.message.includes(`the result[0].${name}`) === true, failure?.message ?? "");
  }
  const { $error: error } = (await kernel.result(id, "error")) as { readonly $error: { readonly properties: unknown } };
  assert.deepEqual(error.properties, { code: "E", more: { $set: [1] } });
  assert.deepEqual(await kernel.result(id, "url"), { at: "http://x/" });
  const { $error: exception } = (await kernel.result(id, "exception")) as {
    readonly $error: { readonly name: string };
  };
  assert.equal(exception.name, "AbortError");
});

test("an error arrives at another service with its code, and all else that its author gave it", async (t) => {
  const { kernel } = await cellFor(t);
  await kernel.load(echo, { service: "echo", incarnation: 2 });
  const id = await kernel.load(
    service(`
      async ask() {
        const echo = await this.lookup("echo");
        const sent = Object.assign(new RangeError("x"), { code: "E_RANGE", at: new Date(7) });
        const error = await echo.call.one(sent);
        const own = await echo.call.one(await echo.call.none().catch((failed) => failed));
        return [error instanceof RangeError, error.code, error.at.getTime(), own.name, own.code, own.executed];
      }`),
  );
  assert.deepEqual(await kernel.result(id, "ask"), [
    true,
    "E_RANGE",
    7,
    "CallError",
    "METHOD_NOT_FOUND",
    "not_executed",
  ]);
});
