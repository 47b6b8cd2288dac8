/** Requests, responses and what they carry, in a guest: as in Node. */
import { holds } from "./as-node.ts";

const missing = "a missing argument is undefined";
const ofNode = "it is Node that deviates";

holds(
  "headers are as in Node",
  `
  [...new Headers({ B: "2", a: "1" })]
  [...new Headers([["b", "2"], ["a", "1"], ["B", "3"]])]
  [...new Headers(new Headers({ a: "1" }))]
  [...new Headers(new Map([["a", "1"]]))]
  [...new Headers(undefined)]
  new Headers(null)
  new Headers(1)
  new Headers("a")
  new Headers([["a"]])
  new Headers([["a", "b", "c"]])
  new Headers([1])
  new Headers(["ab"]).get("a")
  new Headers({ "a b": "1" })
  new Headers({ "": "1" })
  new Headers({ "é": "1" })
  new Headers({ a: "\\u0100" })
  new Headers({ a: "x\\ny" })
  new Headers({ a: "x\\0y" })
  new Headers({ a: "\\t x \\r\\n" }).get("a")
  new Headers({ a: "\\xe9" }).get("A")
  new Headers({ a: 5, b: true, c: null, d: undefined, e: {} }).get("e")
  [...new Headers({ a: 5, b: true, c: null, d: undefined })]
  new Headers().get("none")
  new Headers().get("a b")
  new Headers().has("")
  new Headers().delete("none")
  (() => { const h = new Headers({ a: "1" }); h.append("A", "2"); h.append("a", ""); return h.get("a"); })()
  (() => { const h = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]); h.set("A", "4"); return [...h]; })()
  (() => { const h = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]); h.delete("A"); return [...h]; })()
  (() => { const h = new Headers(); h.append("Set-Cookie", "a=1"); h.append("set-cookie", "b=2, c"); return [h.get("set-cookie"), h.getSetCookie(), [...h]]; })()
  (() => { const h = new Headers([["set-cookie", "a"], ["set-cookie", "b"]]); h.set("Set-Cookie", "c"); return h.getSetCookie(); })()
  [...new Headers([["b", "2"], ["a", "1"]]).keys()]
  [...new Headers([["b", "2"], ["a", "1"]]).values()]
  [...new Headers([["b", "2"], ["a", "1"]]).entries()]
  (() => { const seen = []; new Headers({ a: "1", b: "2" }).forEach(function (value, name, all) { seen.push([value, name, all instanceof Headers, this.x]); }, { x: 1 }); return seen; })()
  new Headers({ a: "1" }).forEach(5)
  (() => { const h = new Headers({ a: "1" }); const seen = []; for (const [name] of h) { seen.push(name); if (seen.length < 4) h.append("b" + seen.length, "x"); } return seen; })()
  Object.prototype.toString.call(new Headers())
  Object.prototype.toString.call(new Headers().entries())
  Headers.name
  Object.keys(new Headers({ a: "1" }))
  JSON.stringify(new Headers({ a: "1" }))
  new Headers().append("a")
  new Headers().get()
  Headers()
  `,
  {
    "Object.prototype.toString.call(new Headers().entries())": "its iterators are generators",
    'new Headers().append("a")': missing,
    "new Headers().get()": missing,
  },
);

holds(
  "requests are as in Node",
  `
  (() => { const r = new Request("http://x/a b?c#d"); return [r.url, r.method, r.redirect, r.credentials, r.cache, r.mode, r.bodyUsed, r.body, [...r.headers], r.signal.aborted]; })()
  new Request("not a url")
  new Request("")
  new Request("http://u:p@x/")
  new Request(new URL("http://x/")).url
  new Request({ toString: () => "http://x/" }).url
  new Request("http://x/", { method: "post" }).method
  new Request("http://x/", { method: "patch" }).method
  new Request("http://x/", { method: "PATCH" }).method
  new Request("http://x/", { method: "foo" }).method
  new Request("http://x/", { method: "" })
  new Request("http://x/", { method: "a b" })
  new Request("http://x/", { method: "trace" })
  new Request("http://x/", { method: "CONNECT" })
  new Request("http://x/", { body: "x" })
  new Request("http://x/", { method: "HEAD", body: "x" })
  new Request("http://x/", { method: "GET", body: null }).body
  new Request("http://x/", { method: "DELETE", body: "x" }).text()
  new Request("http://x/", { method: "POST", body: "x" }).headers.get("content-type")
  new Request("http://x/", { method: "POST", body: new URLSearchParams("a=1&b=é") }).headers.get("content-type")
  new Request("http://x/", { method: "POST", body: new URLSearchParams("a=1&b=é") }).text()
  new Request("http://x/", { method: "POST", body: new Blob(["x"], { type: "A/B" }) }).headers.get("content-type")
  new Request("http://x/", { method: "POST", body: new Blob(["x"]) }).headers.get("content-type")
  new Request("http://x/", { method: "POST", body: bytes("é") }).text()
  new Request("http://x/", { method: "POST", body: bytes("xyz").subarray(1) }).text()
  new Request("http://x/", { method: "POST", body: bytes("é").buffer }).headers.get("content-type")
  new Request("http://x/", { method: "POST", body: { a: 1 } }).text()
  new Request("http://x/", { method: "POST", body: 5 }).text()
  new Request("http://x/", { method: "POST", body: "x", headers: { "Content-Type": "a/b" } }).headers.get("content-type")
  new Request("http://x/", { method: "POST", body: '{"a":[1]}' }).json()
  new Request("http://x/", { method: "POST", body: "{" }).json()
  new Request("http://x/").json()
  new Request("http://x/").text()
  new Request("http://x/").arrayBuffer().then((b) => b.byteLength)
  new Request("http://x/").blob().then((b) => [b.size, b.type])
  new Request("http://x/", { method: "POST", body: "a", headers: { "content-type": "Text/X" } }).blob().then((b) => [b.size, b.type])
  new Request("http://x/").formData()
  new Request("http://x/", { method: "POST", body: "\\ufeffa" }).text()
  (async () => { const r = new Request("http://x/", { method: "POST", body: "x" }); await r.text(); return [r.bodyUsed, await r.text().catch((e) => e.name)]; })()
  (async () => { const r = new Request("http://x/", { method: "POST", body: "x" }); await r.text(); return r.clone(); })()
  (async () => { const r = new Request("http://x/", { method: "POST", body: "x", headers: { a: "1" } }); const c = r.clone(); return [await r.text(), await c.text(), c.headers.get("a"), c.method, c.url]; })()
  (async () => { const r = new Request("http://x/", { method: "POST", body: "x", headers: { a: "1" } }); const c = new Request(r, { headers: { b: "2" } }); return [r.bodyUsed, await c.text(), [...c.headers], c.method]; })()
  (async () => { const r = new Request("http://x/", { method: "POST", body: "x" }); const c = new Request(r, { method: "PUT", body: "y" }); return [r.bodyUsed, c.method, await c.text()]; })()
  (async () => { const r = new Request("http://x/", { method: "POST", body: "x" }); await r.text(); return new Request(r); })()
  (() => { const r = new Request("http://x/", { headers: { a: "1" } }); const c = new Request(r); c.headers.set("a", "2"); return r.headers.get("a"); })()
  (async () => { const c = new AbortController(); const r = new Request("http://x/", { signal: c.signal }); c.abort("why"); return [r.signal.aborted, r.signal.reason]; })()
  (async () => { const c = new AbortController(); const r = new Request(new Request("http://x/", { signal: c.signal })); c.abort("why"); return [r.signal.aborted, r.signal.reason]; })()
  (async () => { const c = new AbortController(); const r = new Request("http://x/", { signal: c.signal }); const d = r.clone(); c.abort("why"); return [r.signal === c.signal, d.signal.aborted]; })()
  new Request("http://x/", { signal: {} })
  new Request("http://x/", { redirect: "manual", credentials: "omit", cache: "no-store" }).redirect
  new Request("http://x/", { redirect: "wrong" })
  new Request("http://x/", { cache: "wrong" })
  new Request("http://x/", { mode: "navigate" })
  new Request()
  Request("http://x/")
  Request.name + Object.prototype.toString.call(new Request("http://x/"))
  Object.keys(new Request("http://x/"))
  JSON.stringify(new Request("http://x/"))
  (() => { const r = new Request("http://x/"); r.url = "http://y/"; return r.url; })()
  (() => { class Mine extends Request { get url() { return "mine"; } } return new Mine("http://x/").url; })()
  (async () => { let s = ""; for await (const part of new Request("http://x/", { method: "POST", body: "abc" }).body) s += text(part); return s; })()
  (async () => { const r = new Request("http://x/", { method: "POST", body: "abc" }); r.body.getReader(); return [r.bodyUsed, await r.text().catch((e) => e.name)]; })()
  (async () => { const r = new Request("http://x/", { method: "POST", body: "abc" }); const reader = r.body.getReader(); await reader.read(); reader.releaseLock(); return [r.bodyUsed, await r.text().catch((e) => e.name)]; })()
  (async () => { const r = new Request("http://x/", { method: "POST", body: "abc" }); await r.body.cancel(); return [r.bodyUsed, await r.text().catch((e) => e.name)]; })()
  `,
);

holds(
  "responses are as in Node",
  `
  (() => { const r = new Response(); return [r.status, r.statusText, r.ok, r.type, r.url, r.redirected, r.body, r.bodyUsed, [...r.headers]]; })()
  (() => { const r = new Response("x", { status: 404, statusText: "no", headers: { a: "1" } }); return [r.status, r.statusText, r.ok, [...r.headers]]; })()
  new Response(null, { status: 204 }).status
  new Response("", { status: 204 })
  new Response("x", { status: 304 })
  new Response(null, { status: 101 })
  new Response(null, { status: 199 })
  new Response(null, { status: 600 })
  new Response(null, { status: 200.7 }).status
  new Response(null, { status: "201" }).status
  new Response(null, { status: "x" })
  new Response(null, { status: null })
  new Response(null, { statusText: "a\\nb" })
  new Response(null, { statusText: "é" }).statusText
  new Response(null, { statusText: "\\u0100" })
  new Response(null, null).status
  new Response(undefined, { headers: [["a", "1"]] }).headers.get("a")
  new Response("é").arrayBuffer().then(hex)
  new Response("é").bytes().then(hex)
  new Response("x", { headers: { "content-type": "a/b; C=D" } }).blob().then((b) => b.type)
  new Response("a=1&b=%20+", { headers: { "content-type": "application/x-www-form-urlencoded; charset=x" } }).formData().then((f) => [...f])
  new Response("a=1").formData()
  new Response("x", { headers: { "content-type": "multipart/form-data" } }).formData()
  new Response("--b\\r\\ncontent-disposition: form-data; name=a\\r\\n\\r\\n1\\r\\n--b--", { headers: { "content-type": "multipart/form-data; boundary=b" } }).formData().then((f) => [...f])
  new Response("--b\\r\\nContent-Disposition: form-data; name=\\"a\\"\\r\\n\\r\\n1\\r\\n--bc\\r\\n--b--", { headers: { "content-type": "multipart/form-data; boundary=\\"b\\"" } }).formData().then((f) => [...f])
  new Response(new FormData()).headers.get("content-type").startsWith("multipart/form-data; boundary=")
  new Response(new ReadableStream({ start(to) { to.enqueue(bytes("a")); to.enqueue(bytes("b")); to.close(); } })).text()
  new Response(new ReadableStream({ start(to) { to.enqueue("a"); to.close(); } })).text()
  new Response(new ReadableStream({ start(to) { to.error(new RangeError("r")); } })).text()
  (() => { const s = new ReadableStream(); s.getReader(); return new Response(s); })()
  (async () => { const s = new ReadableStream({ start(to) { to.enqueue(bytes("a")); to.close(); } }); const r = new Response(s); return [r.body === s, await r.text(), r.bodyUsed]; })()
  (async () => { const r = new Response(new ReadableStream({ start(to) { to.enqueue(bytes("a")); to.close(); } })); const c = r.clone(); return [await r.text(), await c.text()]; })()
  (async () => { const r = new Response("x"); r.body.getReader(); return r.clone(); })()
  (async () => { const r = new Response("x"); const c = r.clone(); return [await c.text(), await r.text(), r.bodyUsed, c.bodyUsed]; })()
  (async () => { const r = new Response("x"); const b = r.body; await new Promise((done) => setTimeout(done, 5)); return [r.bodyUsed, await r.text()]; })()
  (async () => { const r = new Response("x"); const b = r.body; const c = r.clone(); return [await r.text(), await c.text()]; })()
  (async () => { const r = new Response("x"); await r.text(); return [r.body.locked, r.bodyUsed]; })()
  (async () => { const r = new Response("abc"); const reader = r.body.getReader({ mode: "byob" }); const { value } = await reader.read(new Uint8Array(2)); return [text(value), r.bodyUsed]; })()
  (async () => { const r = new Response(null); return [await r.text(), r.bodyUsed, await r.text()]; })()
  (async () => { const r = new Response(""); return [r.body === null, await r.text(), r.bodyUsed]; })()
  (async () => { const r = new Response("x"); const b = r.body; return [b === r.body, b.locked, await r.text(), b.locked, r.bodyUsed]; })()
  Response.json({ a: 1 }).headers.get("content-type")
  Response.json({ a: 1 }, { status: 201, headers: { "content-type": "x/y" } }).headers.get("content-type")
  Response.json("é").text()
  Response.json(undefined)
  Response.json(() => 1)
  Response.json(null).json()
  Response.json({ a: 1n })
  Response.redirect("http://x/a b").headers.get("location")
  Response.redirect("http://x/", 301).status
  Response.redirect("http://x/", 200)
  Response.redirect("nothing")
  (() => { const r = Response.error(); return [r.status, r.type, r.ok, r.body]; })()
  (() => { const r = new Response("x"); r.status = 5; return r.status; })()
  Object.keys(new Response("x"))
  Response.name + Object.prototype.toString.call(new Response())
  new Response(Symbol("x"))
  new Response({ a: 1 }).text()
  new Response([1, 2]).text()
  new Response(5).text()
  new Response(true).headers.get("content-type")
  `,
  {
    'new Response("--b\\r\\nContent-Disposition: form-data; name=\\"a\\"\\r\\n\\r\\n1\\r\\n--bc\\r\\n--b--", { headers: { "content-type": "multipart/form-data; boundary=\\"b\\"" } }).formData().then((f) => [...f])':
      "a line that only begins like a delimiter is content here; Node refuses the form",
    'new Response("x", { headers: { "content-type": "a/b; C=D" } }).blob().then((b) => b.type)':
      "a type is in lower case, and otherwise as it was written",
  },
);

holds(
  "blobs, files and forms are as in Node",
  `
  new Blob().size
  new Blob(["a", "é", bytes("b"), bytes("cd").buffer, new Blob(["e"])]).text()
  new Blob([new Uint16Array([97])]).size
  new Blob([new DataView(bytes("abc").buffer, 1)]).text()
  new Blob([1, null, undefined, {}]).text()
  new Blob("abc")
  new Blob(5)
  new Blob({})
  new Blob(null)
  new Blob(new Set(["a", "b"])).text()
  new Blob(bytes("AB")).text()
  new Blob([], { type: "Text/Plain;A=B" }).type
  new Blob([], { type: "é" }).type
  new Blob([], { type: null }).type
  new Blob(["a\\r\\nb\\nc\\rd"], { endings: "transparent" }).size
  new Blob(["abcdef"]).slice(1, 3).text()
  new Blob(["abcdef"]).slice(-3).text()
  new Blob(["abcdef"]).slice(-3, -1).text()
  new Blob(["abcdef"]).slice(4, 2).text()
  new Blob(["abcdef"]).slice(0, 99, "A/B").type
  new Blob(["abcdef"], { type: "a/b" }).slice().type
  new Blob(["é"]).slice(0, 1).text()
  new Blob(["ab"]).arrayBuffer().then(hex)
  new Blob(["ab"]).bytes().then(hex)
  new Response(new Blob(["ab"]).stream()).text()
  (async () => { const b = bytes("ab"); const blob = new Blob([b]); b[0] = 99; return blob.text(); })()
  Object.prototype.toString.call(new Blob()) + Blob.name
  Object.keys(new Blob())
  new Blob() instanceof Object
  new File(["a"], "n.txt", { type: "a/b", lastModified: 5 }).lastModified
  new File(["a"], "n.txt", { type: "a/b", lastModified: 5.9 }).lastModified
  new File(["a"], "a/b:c").name
  new File(["a"])
  new File("a", "b")
  new File([], "x") instanceof Blob
  new File(["abc"], "x").slice(1) instanceof File
  Object.prototype.toString.call(new File([], "x")) + File.name
  (() => { const f = new FormData(); f.append("a", "1"); f.append("a", 2); f.set("b", null); return [f.get("a"), f.getAll("a"), f.get("b"), f.get("c"), f.getAll("c"), f.has("a"), f.has("c")]; })()
  (() => { const f = new FormData(); f.append("a", "1"); f.append("b", "2"); f.append("a", "3"); f.set("a", "4"); return [...f]; })()
  (() => { const f = new FormData(); f.append("a", "1"); f.delete("a"); f.delete("b"); return [...f.keys()]; })()
  (() => { const f = new FormData(); f.append("a", new Blob(["x"], { type: "a/b" })); const v = f.get("a"); return [v instanceof File, v.name, v.type]; })()
  (() => { const f = new FormData(); f.append("a", new File(["x"], "n"), "m"); return f.get("a").name; })()
  (() => { const f = new FormData(); const file = new File(["x"], "n"); f.append("a", file); return f.get("a") === file; })()
  new FormData().append("a")
  new FormData().append("a", "b", "c")
  new FormData().get()
  new FormData({})
  (() => { const f = new FormData(); f.append(5, "x\\ud83d"); return [...f]; })()
  (() => { const seen = []; const f = new FormData(); f.append("a", "1"); f.forEach(function (v, k, all) { seen.push(v, k, all === f, this.x); }, { x: 1 }); return seen; })()
  Object.prototype.toString.call(new FormData()) + FormData.name
  `,
  {
    'new File(["a"], "n.txt", { type: "a/b", lastModified: 5.9 }).lastModified': ofNode,
    'new FormData().append("a")': missing,
    "new FormData().get()": missing,
  },
);

holds(
  "streams are as in Node",
  `
  (async () => { const all = []; for await (const x of ReadableStream.from([1, Promise.resolve(2), 3])) all.push(x); return all; })()
  (async () => { const all = []; for await (const x of new ReadableStream({ pull(to) { to.enqueue(all.length); if (all.length === 2) to.close(); } })) all.push(x); return all; })()
  (async () => { const [a, b] = ReadableStream.from(["x", "y"]).tee(); return [await new Response(a.pipeThrough(new TextEncoderStream())).text(), (await b.getReader().read()).value]; })()
  (async () => { const t = new TransformStream({ transform: (x, to) => to.enqueue(x * 2), flush: (to) => to.enqueue("end") }); const w = t.writable.getWriter(); w.write(1); w.write(2); w.close(); const all = []; for await (const x of t.readable) all.push(x); return all; })()
  (async () => { const seen = []; await ReadableStream.from([1, 2]).pipeTo(new WritableStream({ write: (x) => { seen.push(x); }, close: () => { seen.push("closed"); } })); return seen; })()
  (async () => { const r = new ReadableStream({ type: "bytes", start(to) { to.enqueue(bytes("abc")); to.close(); } }).getReader({ mode: "byob" }); const { value, done } = await r.read(new Uint8Array(2)); return [text(value), done]; })()
  (async () => { const s = new ReadableStream(); s.getReader(); return s.getReader(); })()
  (async () => { const s = new ReadableStream({ start(to) { to.error(new RangeError("r")); } }); return s.getReader().read(); })()
  (async () => { let why; const s = new ReadableStream({ cancel(reason) { why = reason; } }); await s.cancel("enough"); return why; })()
  (async () => { const c = new AbortController(); c.abort(new RangeError("r")); return ReadableStream.from([1]).pipeTo(new WritableStream(), { signal: c.signal }); })()
  (async () => { const w = new WritableStream({ write() { throw new RangeError("w"); } }).getWriter(); return w.write(1).catch((e) => e.name); })()
  [new CountQueuingStrategy({ highWaterMark: 3 }).highWaterMark, new ByteLengthQueuingStrategy({ highWaterMark: 4 }).size(bytes("abc"))]
  [ReadableStream.name, WritableStream.name, TransformStream.name, TextDecoderStream.name, Object.prototype.toString.call(new ReadableStream()), Object.prototype.toString.call(new TransformStream())]
  [new TextDecoderStream("latin1", { fatal: true }).encoding, new TextDecoderStream("utf-8", { fatal: true }).fatal, new TextEncoderStream().encoding]
  new TextDecoderStream("nothing")
  (async () => new Response(ReadableStream.from([bytes("é").slice(0, 1)]).pipeThrough(new TextDecoderStream("utf-8", { fatal: true })).pipeThrough(new TextEncoderStream())).text())()
  `,
);
