/** The web platform inside a guest: what is there works as the platform does, in a real cell. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { cellFor, service } from "../cell/cell-process.ts";

/** The result of a body of an async method, run in a guest of its own. */
async function inGuest(t: TestContext, body: string): Promise<unknown> {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`async run() { ${body} }`));
  return kernel.result(id, "run");
}

test("text is encoded and decoded", async (t) => {
  const said = await inGuest(
    t,
    `const bytes = new TextEncoder().encode("héllo €😀");
     return [[...bytes.slice(0, 3)], new TextDecoder().decode(bytes), new TextDecoder("utf-16le").decode(new Uint8Array([65, 0])),
       new TextDecoder("windows-1252").decode(new Uint8Array([128])), btoa("hi"), atob(" aGk= ")];`,
  );
  assert.deepEqual(said, [[104, 195, 169], "héllo €😀", "A", "€", "aGk=", "hi"]);
});

test("URLs are parsed and built", async (t) => {
  const said = await inGuest(
    t,
    `const url = new URL("../b?x=1#h", "https://user@EXÄMPLE.com:443/a/c/");
     url.searchParams.append("y", "ä b");
     return [url.href, url.host, URL.canParse("nope"), new URLSearchParams("a=1&a=2").getAll("a"), JSON.stringify({ url })];`,
  );
  const href = "https://user@xn--exmple-cua.com/a/b?x=1&y=%C3%A4+b#h";
  assert.deepEqual(said, [href, "xn--exmple-cua.com", false, ["1", "2"], JSON.stringify({ url: href })]);
});

test("events, abortion and clones", async (t) => {
  const said = await inGuest(
    t,
    `const heard = [];
     const target = new EventTarget();
     target.addEventListener("x", (event) => heard.push(event.detail), { once: true });
     target.dispatchEvent(new CustomEvent("x", { detail: 1 }));
     target.dispatchEvent(new CustomEvent("x", { detail: 2 }));
     const controller = new AbortController();
     controller.signal.addEventListener("abort", () => heard.push(controller.signal.reason.name));
     controller.abort();
     const timed = AbortSignal.timeout(5);
     await new Promise((done) => timed.addEventListener("abort", done));
     const cycle = { at: new Date(1), map: new Map([[1, new Set([2n])]]), bytes: new Uint8Array([1, 2]).subarray(1) };
     cycle.self = cycle;
     const copy = structuredClone(cycle);
     let refused;
     try { structuredClone({ f() {} }); } catch (error) { refused = error.name; }
     return [heard, timed.reason.name, copy.self === copy && copy !== cycle, copy.at.getTime(), copy.map.get(1).has(2n),
       copy.bytes.byteOffset, refused, performance.now() >= 0];`,
  );
  assert.deepEqual(said, [[1, "AbortError"], "TimeoutError", true, 1, true, 1, "DataCloneError", true]);
});

test("streams, blobs and forms", async (t) => {
  const said = await inGuest(
    t,
    `const upper = new TransformStream({ transform: (chunk, to) => to.enqueue(chunk.toUpperCase()) });
     const source = new ReadableStream({ start(to) { to.enqueue("ab"); to.enqueue("cd"); to.close(); } });
     const chunks = [];
     for await (const chunk of source.pipeThrough(upper)) chunks.push(chunk);
     const blob = new Blob(["a", new Uint8Array([98]), new Blob(["c"])], { type: "Text/Plain" });
     const form = new FormData();
     form.append("name", "Ada");
     form.append("file", new File(["data\\r\\n--x"], "f.txt", { type: "text/plain" }));
     const back = await new Response(form).formData();
     return [chunks, await blob.slice(1).text(), blob.type, back.get("name"), await back.get("file").text(), back.get("file").name,
       await new Response(new Response("s").body).text()];`,
  );
  assert.deepEqual(said, [["AB", "CD"], "bc", "text/plain", "Ada", "data\r\n--x", "f.txt", "s"]);
});

test("headers, requests and responses", async (t) => {
  const said = await inGuest(
    t,
    `const request = new Request("https://x.test/p?q=1", { method: "post", body: JSON.stringify({ a: 1 }), headers: { "X-A": " 1 " } });
     const copy = request.clone();
     const json = await request.json();
     let twice;
     try { await request.text(); } catch (error) { twice = error.name; }
     const response = Response.json({ ok: true }, { status: 201 });
     const headers = new Headers([["b", "1"], ["a", "2"], ["B", "3"]]);
     headers.append("set-cookie", "x=1"); headers.append("set-cookie", "y=2");
     let denied;
     try { await fetch("https://example.com"); } catch (error) { denied = error.code; }
     return [request.method, request.url, request.headers.get("x-a"), json, await copy.text(), twice, response.status,
       response.headers.get("content-type"), [...headers], headers.getSetCookie().length, denied];`,
  );
  assert.deepEqual(said, [
    "POST",
    "https://x.test/p?q=1",
    "1",
    { a: 1 },
    '{"a":1}',
    "TypeError",
    201,
    "application/json",
    [
      ["a", "2"],
      ["b", "1, 3"],
      ["set-cookie", "x=1"],
      ["set-cookie", "y=2"],
    ],
    2,
    "CAPABILITY_REQUIRED",
  ]);
});

test("cryptography", async (t) => {
  const said = await inGuest(
    t,
    `const text = (s) => new TextEncoder().encode(s);
     const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, "0")).join("");
     const { subtle } = crypto;
     const digest = hex(await subtle.digest("SHA-256", text("abc")));
     const mac = await subtle.importKey("raw", text("key"), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
     const signed = await subtle.sign("HMAC", mac, text("The quick brown fox jumps over the lazy dog"));
     const aes = await subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
     const iv = crypto.getRandomValues(new Uint8Array(12));
     const sealed = await subtle.encrypt({ name: "AES-GCM", iv }, aes, text("secret"));
     const opened = new TextDecoder().decode(await subtle.decrypt({ name: "AES-GCM", iv }, aes, sealed));
     new Uint8Array(sealed)[0] ^= 1;
     const forged = await subtle.decrypt({ name: "AES-GCM", iv }, aes, sealed).catch((error) => error.name);
     const both = [];
     for (const [make, use] of [[{ name: "Ed25519" }, "Ed25519"], [{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }]]) {
       const pair = await subtle.generateKey(make, true, ["sign", "verify"]);
       const signature = await subtle.sign(use, pair.privateKey, text("m"));
       const jwk = await subtle.exportKey("jwk", pair.publicKey);
       const known = await subtle.importKey("jwk", jwk, make, true, ["verify"]);
       const raw = await subtle.importKey("raw", await subtle.exportKey("raw", pair.publicKey), make, true, ["verify"]);
       both.push(signature.byteLength, await subtle.verify(use, known, signature, text("m")), await subtle.verify(use, raw, signature, text("n")));
     }
     const wrong = await subtle.sign("HMAC", aes, text("x")).catch((error) => error.name);
     return [digest, hex(signed).slice(0, 16), opened, forged, both, wrong, /^[0-9a-f-]{36}$/.test(crypto.randomUUID())];`,
  );
  assert.deepEqual(said, [
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "f7bc83f430538424",
    "secret",
    "OperationError",
    [64, true, false, 64, true, false],
    "InvalidAccessError",
    true,
  ]);
});

test("the platform's names can be replaced, and are no different from any other", async (t) => {
  const said = await inGuest(
    t,
    `globalThis.URL = 5;
     const own = URL;
     return [own, typeof Blob, Object.keys(globalThis).includes("Blob"), typeof Buffer, typeof process, new Intl.NumberFormat("de-DE").format(1234.5)];`,
  );
  assert.deepEqual(said, [5, "function", false, "undefined", "undefined", "1.234,5"]);
});
