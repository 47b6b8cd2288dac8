/** Services that answer requests: by the method `fetch`, or by an object that has one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor, service } from "../cell/cell-process.ts";

test("a class with fetch(request) answers plain requests", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/bytes") return new Response(new Uint8Array([255, 0]));
        if (pathname === "/empty") return new Response(null, { status: 204, headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] });
        return Response.json({ method: request.method, said: await request.text(), who: request.headers.get("x-who") });
      }`),
  );
  const answer = (await kernel.result(id, "fetch", {
    method: "POST",
    url: "http://svc/x",
    headers: { "X-Who": "me" },
    body: "hi",
  })) as { readonly status: number; readonly body: string; readonly headers: unknown };
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.headers, { "content-type": "application/json" });
  assert.deepEqual(JSON.parse(answer.body), { method: "POST", said: "hi", who: "me" });
  const bytes = (await kernel.result(id, "fetch", "http://svc/bytes")) as { readonly body: unknown };
  assert.deepEqual(bytes.body, { $bytes: "/wA=" });
  assert.deepEqual(await kernel.result(id, "fetch", { url: "http://svc/empty" }), {
    status: 204,
    statusText: "",
    headers: { "set-cookie": ["a=1", "b=2"] },
    body: null,
  });
});

test("an object with fetch(request, env, context) is a service", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    `export default {
      async fetch(request, env, context) {
        context.waitUntil(Promise.reject(new Error("later")));
        return new Response(env.NAME + " " + new URL(request.url).searchParams.get("q"));
      },
    };`,
    { environment: { NAME: "Ada" } },
  );
  const { body } = (await kernel.result(id, "fetch", { url: "http://svc/?q=1" })) as { readonly body: string };
  assert.equal(body, "Ada 1");
  await kernel.until(() => kernel.logs.find((line) => line.includes("later")));
});

test("a request that is none is the caller's mistake; an answer that is none is the service's", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`fetch() { return "no response"; }`));
  for (const request of [
    { url: "not a url" },
    "not a url",
    {},
    { url: "http://svc/", method: "a b" },
    { url: "http://svc/", headers: { "a b": "1" } },
    { url: "http://svc/", headers: 5 },
    { url: "http://svc/", body: "GET has none" },
  ]) {
    const { failure } = await kernel.call(id, "fetch", [request]);
    assert.match(failure?.message ?? "", /Refusal: the request is not one/, JSON.stringify(request));
  }
  const { failure } = await kernel.call(id, "fetch", [5]);
  assert.match(failure?.message ?? "", /Refusal: fetch takes a request/);
  const wrong = await kernel.call(id, "fetch", [{ url: "http://svc/", headers: null, body: null }]);
  assert.match(wrong.failure?.message ?? "", /fetch must return a Response/);
});
