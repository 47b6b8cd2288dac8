/** Uses of packages, an expression on each line, which give JSON. What each is to give is found out in Node. */
export interface Uses {
  readonly imports: string;
  readonly lines: string;
}

export const uses: Readonly<Record<string, Uses>> = {
  hono: {
    imports: `
      import { Hono } from "hono";
      import { basicAuth } from "hono/basic-auth";
      import { bearerAuth } from "hono/bearer-auth";
      import { bodyLimit } from "hono/body-limit";
      import { cors } from "hono/cors";
      import { csrf } from "hono/csrf";
      import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from "hono/cookie";
      import { etag } from "hono/etag";
      import { html, raw } from "hono/html";
      import { HTTPException } from "hono/http-exception";
      import { jwt, sign, verify } from "hono/jwt";
      import { methodOverride } from "hono/method-override";
      import { prettyJSON } from "hono/pretty-json";
      import { requestId } from "hono/request-id";
      import { secureHeaders } from "hono/secure-headers";
      import { stream, streamSSE, streamText } from "hono/streaming";
      import { timeout } from "hono/timeout";
      import { trimTrailingSlash } from "hono/trailing-slash";
      import { validator } from "hono/validator";
      const app = new Hono<any>();
      app.get("/", (c) => c.text("root"));
      app.get("/user/:id{[0-9]+}", (c) => c.json({ id: c.req.param("id"), q: c.req.queries("q") ?? null }));
      app.get("/opt/:a?", (c) => c.text(c.req.param("a") ?? "none"));
      app.get("/all/*", (c) => c.text(c.req.path));
      app.get("/html", (c) => c.html(html\`<p>\${"<b>"}\${raw("<i>")}</p>\`));
      app.get("/go", (c) => c.redirect("/there", 303));
      app.get("/headers", (c) => { c.header("x-a", "1"); c.header("x-a", "2", { append: true }); c.status(201); return c.body(null); });
      app.get("/cookie", (c) => { setCookie(c, "a", "b c", { path: "/", httpOnly: true, maxAge: 60, sameSite: "Lax" }); deleteCookie(c, "old"); return c.json(getCookie(c)); });
      app.get("/signed", async (c) => { await setSignedCookie(c, "s", "value", "secret"); return c.json(await getSignedCookie(c, "secret")); });
      app.use("/basic/*", basicAuth({ username: "ada", password: "lovelace" }));
      app.get("/basic/in", (c) => c.text("in"));
      app.use("/bearer/*", bearerAuth({ token: "secret" }));
      app.get("/bearer/in", (c) => c.text("in"));
      app.use("/jwt/*", jwt({ secret: "secret", alg: "HS256" }));
      app.get("/jwt/in", (c) => c.json(c.get("jwtPayload")));
      app.use("/cors/*", cors({ origin: ["http://a.test"], allowMethods: ["GET", "PUT"], credentials: true, maxAge: 5 }));
      app.get("/cors/in", (c) => c.text("in"));
      app.use("/csrf/*", csrf());
      app.post("/csrf/in", (c) => c.text("in"));
      app.use("/etag", etag());
      app.get("/etag", (c) => c.text("tagged"));
      app.use("/small", bodyLimit({ maxSize: 4 }));
      app.post("/small", async (c) => c.text(await c.req.text()));
      app.use("/pretty", prettyJSON());
      app.get("/pretty", (c) => c.json({ a: { b: 1 } }));
      app.use("/id", requestId());
      app.get("/id", (c) => c.text(c.get("requestId")));
      app.use("/secure", secureHeaders());
      app.get("/secure", (c) => c.text("safe"));
      app.use("/slow", timeout(5));
      app.get("/slow", async (c) => { await new Promise((done) => setTimeout(done, 2_000)); return c.text("late"); });
      app.get("/text", (c) => streamText(c, async (out) => { await out.write("a"); await out.sleep(1); await out.writeln("b"); }));
      app.get("/bytes", (c) => stream(c, async (out) => { await out.write(new Uint8Array([104, 105])); }));
      app.get("/sse", (c) => streamSSE(c, async (out) => { await out.writeSSE({ data: "one", event: "e", id: "1" }); await out.writeSSE({ data: "two\\nlines" }); }));
      app.post("/form", async (c) => c.json(await c.req.parseBody({ all: true })));
      app.post("/file", async (c) => { const { file } = await c.req.parseBody(); return c.json([file instanceof File, (file as File).name, (file as File).type, await (file as File).text()]); });
      app.post("/json", async (c) => c.json(await c.req.json()));
      app.post("/valid", validator("json", (value, c) => (typeof value.n === "number" ? value : c.text("no number", 400))), (c) => c.json(c.req.valid("json")));
      app.get("/boom", () => { throw new Error("boom"); });
      app.get("/teapot", () => { throw new HTTPException(418, { message: "short and stout" }); });
      app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text(error.message, 500)));
      app.notFound((c) => c.text("nothing at " + c.req.path, 404));
      const sub = new Hono().basePath("/v1").get("/x", (c) => c.text("sub"));
      app.route("/sub", sub);
      const strict = new Hono({ strict: true }).use(trimTrailingSlash()).get("/a", (c) => c.text("a"));
      const override = new Hono();
      override.use(methodOverride({ app: override }));
      override.delete("/x", (c) => c.text("deleted"));
      const show = async (response) => [response.status, [...response.headers], await response.text()];
      const ask = async (path, init) => show(await app.request(path, init));
      const form = (entries) => { const made = new FormData(); for (const [name, value, file] of entries) file ? made.append(name, new File([value], file, { type: "text/x" })) : made.append(name, value); return made; };`,
    lines: `
      ask("/")
      ask("/user/12?q=a&q=b%20c")
      ask("/user/abc")
      ask("/opt")
      ask("/opt/x%20y")
      ask("/all/a/b")
      ask("/html")
      ask("/go")
      ask("/headers")
      ask("/", { method: "HEAD" })
      ask("/", { method: "OPTIONS" })
      ask("/cookie", { headers: { cookie: "x=1; y=%20z" } })
      ask("/signed")
      (async () => { const set = (await app.request("/signed")).headers.get("set-cookie"); return ask("/signed", { headers: { cookie: set.split(";")[0] } }); })()
      ask("/signed", { headers: { cookie: "s=value.forged" } })
      ask("/basic/in")
      ask("/basic/in", { headers: { authorization: "Basic " + btoa("ada:lovelace") } })
      ask("/basic/in", { headers: { authorization: "Basic " + btoa("ada:wrong") } })
      ask("/bearer/in", { headers: { authorization: "Bearer secret" } })
      ask("/bearer/in", { headers: { authorization: "Bearer wrong" } })
      ask("/jwt/in")
      (async () => ask("/jwt/in", { headers: { authorization: "Bearer " + (await sign({ sub: "ada" }, "secret", "HS256")) } }))()
      (async () => ask("/jwt/in", { headers: { authorization: "Bearer " + (await sign({ sub: "ada" }, "other", "HS256")) } }))()
      (async () => verify(await sign({ a: 1, exp: 32503680000 }, "k", "HS512"), "k", "HS512"))()
      (async () => verify(await sign({ a: 1, exp: 5 }, "k", "HS256"), "k", "HS256").catch((error) => error.name))()
      ask("/cors/in", { headers: { origin: "http://a.test" } })
      ask("/cors/in", { headers: { origin: "http://b.test" } })
      ask("/cors/in", { method: "OPTIONS", headers: { origin: "http://a.test", "access-control-request-method": "PUT" } })
      ask("/csrf/in", { method: "POST", headers: { origin: "http://evil.test", "content-type": "application/x-www-form-urlencoded" } })
      ask("/csrf/in", { method: "POST", headers: { origin: "http://localhost", "content-type": "application/x-www-form-urlencoded" } })
      ask("/etag")
      (async () => { const tag = (await app.request("/etag")).headers.get("etag"); return ask("/etag", { headers: { "if-none-match": tag } }); })()
      ask("/small", { method: "POST", body: "abc" })
      ask("/small", { method: "POST", body: "abcdef" })
      ask("/pretty?pretty")
      ask("/id", { headers: { "x-request-id": "mine" } })
      (async () => (await (await app.request("/id")).text()).length)()
      ask("/secure")
      ask("/slow")
      ask("/text")
      ask("/bytes")
      ask("/sse")
      ask("/form", { method: "POST", body: form([["a", "1"], ["a", "2"], ["b", "ä"]]) })
      ask("/form", { method: "POST", body: new URLSearchParams("a=1&b=%C3%A4&c") })
      ask("/file", { method: "POST", body: form([["file", "data", "n.txt"]]) })
      ask("/json", { method: "POST", body: '{"a":[1,null]}' })
      ask("/json", { method: "POST", body: "{" })
      ask("/valid", { method: "POST", body: '{"n":1}', headers: { "content-type": "application/json" } })
      ask("/valid", { method: "POST", body: '{"n":"x"}', headers: { "content-type": "application/json" } })
      ask("/boom")
      ask("/teapot")
      ask("/no/such")
      ask("/sub/v1/x")
      (async () => show(await strict.request("/a/")))()
      (async () => show(await override.request("/x", { method: "POST", body: new URLSearchParams("_method=DELETE") })))()
      app.routes.length`,
  },

  ajv: {
    imports: `
      import { Ajv } from "ajv";
      import { Ajv2020 } from "ajv/dist/2020.js";
      import AjvJtd from "ajv/dist/jtd.js";
      const Jtd = AjvJtd.default ?? AjvJtd;
      const quiet = { logger: false };
      const judge = (schema, options = {}, Class = Ajv) => { const validate = new Class({ ...quiet, allErrors: true, ...options }).compile(schema); return (data) => [validate(data), (validate.errors ?? []).map((e) => [e.instancePath, e.keyword, e.message, e.params]), data]; };`,
    lines: `
      judge({ type: "object", required: ["a"], properties: { a: { type: "integer" }, b: { $ref: "#/properties/a" } } })({ b: "x" })
      judge({ type: "object", properties: { a: { type: "integer" } }, additionalProperties: false })({ a: 1, z: 2 })
      judge({ $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" }, v: { type: "number" } }, required: ["v"] } }, $ref: "#/$defs/node" })({ v: 1, next: { v: 2, next: {} } })
      judge({ type: "array", items: { type: "string", minLength: 2, pattern: "^a" }, minItems: 1, uniqueItems: true })(["ab", "b", "ab"])
      judge({ oneOf: [{ type: "string" }, { type: "string", minLength: 3 }] })("abc")
      judge({ anyOf: [{ type: "string" }, { type: "null" }] })(5)
      judge({ not: { type: "string" } })("x")
      judge({ if: { properties: { a: { const: 1 } } }, then: { required: ["b"] }, else: { required: ["c"] } })({ a: 1 })
      judge({ type: "object", patternProperties: { "^x-": { type: "number" } }, propertyNames: { maxLength: 3 } })({ "x-a": "no", toolong: 1 })
      judge({ type: "number", multipleOf: 0.1, minimum: 0, exclusiveMaximum: 1 })(1)
      judge({ enum: ["a", { b: [1] }] })({ b: [1] })
      judge({ const: [1, 2] })([1, 3])
      judge({ type: "object", properties: { n: { type: "number" }, b: { type: "boolean" } } }, { coerceTypes: true })({ n: "5", b: "true" })
      judge({ type: "object", properties: { n: { type: "number", default: 7 }, list: { type: "array", default: [] } } }, { useDefaults: true })({})
      judge({ type: "object", properties: { a: {} }, additionalProperties: false }, { removeAdditional: true })({ a: 1, b: 2 })
      judge({ type: "object", discriminator: { propertyName: "kind" }, required: ["kind"], oneOf: [{ properties: { kind: { const: "a" }, x: { type: "number" } }, required: ["x"] }, { properties: { kind: { const: "b" } } }] }, { discriminator: true })({ kind: "a" })
      judge({ prefixItems: [{ type: "number" }, { type: "string" }], items: false }, {}, Ajv2020)([1, "a", 2])
      judge({ type: "object", properties: { a: true }, unevaluatedProperties: false }, {}, Ajv2020)({ a: 1, b: 2 })
      judge({ $dynamicAnchor: "node", type: "object", properties: { kids: { type: "array", items: { $dynamicRef: "#node" } } } }, {}, Ajv2020)({ kids: [{ kids: [1] }] })
      judge({ type: "string", format: "date" }, { formats: { date: /^\\d{4}-\\d{2}-\\d{2}$/ } })("yesterday")
      (() => { const ajv = new Ajv(quiet); ajv.addKeyword({ keyword: "even", type: "number", validate: (on, n) => (n % 2 === 0) === on }); return [2, 3].map((n) => ajv.validate({ even: true }, n)); })()
      (() => { const ajv = new Ajv(quiet); ajv.addSchema({ $id: "http://x/s.json", type: "integer" }); return ajv.validate({ $ref: "http://x/s.json" }, 1.5); })()
      (() => { const ajv = new Ajv(quiet); ajv.validate({ type: "object", required: ["a", "b"] }, {}); return ajv.errorsText(); })()
      (async () => { const ajv = new Ajv(quiet); ajv.addKeyword({ keyword: "known", async: true, type: "number", validate: async (_, n) => n === 1 }); const validate = ajv.compile({ $async: true, properties: { a: { known: true } } }); return [await validate({ a: 1 }), await validate({ a: 2 }).catch((error) => error.errors.map((e) => e.keyword))]; })()
      (async () => { const ajv = new Ajv({ ...quiet, loadSchema: async (uri) => ({ $id: uri, type: "string" }) }); return (await ajv.compileAsync({ properties: { a: { $ref: "http://x/far.json" } } }))({ a: 1 }); })()
      new Ajv(quiet).compile({ type: "wrong" })
      new Ajv({ ...quiet, strict: true }).compile({ typo: 1 })
      new Ajv(quiet).compile({ $ref: "#/missing" })
      (() => { const jtd = new Jtd(quiet); const schema = { properties: { a: { type: "int32" } }, optionalProperties: { b: { type: "string" } } }; return [jtd.validate(schema, { a: 1 }), jtd.validate(schema, { a: 1.5 }), jtd.compileParser(schema)('{"a":1,"b":"x"}'), jtd.compileSerializer(schema)({ a: 1, b: "x" })]; })()`,
  },

  marked: {
    imports: `
      import { Marked, marked, Lexer, Parser, Renderer, walkTokens } from "marked";`,
    lines: `
      marked.parse("# Hi *you*\\n\\n| a | b |\\n|---|:-:|\\n| <b> | 2 |\\n")
      marked.parse("- [ ] a\\n- [x] b\\n  1. c\\n  2. d\\n\\n     para\\n")
      marked.parse("\`\`\`js\\nconst a = '<b>';\\n\`\`\`\\n\\n    indented\\n")
      marked.parse("> quote\\n> > deeper\\n\\n***\\n\\nHard  \\nbreak\\\\\\nhere")
      marked.parse("[a](http://x/ä \\"t\\") ![i](y.png) <http://z/> https://auto.test [r][ref]\\n\\n[ref]: /target 'title'")
      marked.parse("**bold** __bold__ *em* _em_ ~~gone~~ \`code\` a\\\\*b")
      marked.parse("<div>\\n*raw*\\n</div>\\n\\ntext <span>x</span> &amp; & &copy;")
      marked.parse("Setext\\n===\\n\\nTwo\\n---\\n###### six ######")
      marked.parse("a\\nb", { breaks: true })
      marked.parse("~~x~~ https://a.test", { gfm: false })
      marked.parseInline("*a* and **b**\\n\\n# no")
      marked.lexer("# a\\n\\n- b\\n- c").map((token) => [token.type, token.raw])
      (() => { const seen = []; marked.parse("# a *b* [c](d)", { walkTokens: (token) => seen.push(token.type) }); return seen; })()
      new Marked({ renderer: { heading({ tokens, depth }) { return "H" + depth + this.parser.parseInline(tokens); } } }).parse("## x *y*")
      new Marked({ extensions: [{ name: "at", level: "inline", start: (src) => src.indexOf("@"), tokenizer: (src) => { const match = /^@(\\w+)/.exec(src); return match ? { type: "at", raw: match[0], who: match[1] } : undefined; }, renderer: (token) => "<a>" + token.who + "</a>" }] }).parse("hi @ada!")
      new Marked({ async: true, walkTokens: async (token) => { if (token.type === "text") await new Promise((done) => setTimeout(done, 1)); } }).parse("*a*")
      new Marked({ hooks: { preprocess: (text) => text.toUpperCase(), postprocess: (html) => html.trim() } }).parse("a *b*")
      Parser.parse(Lexer.lex("1. one\\n1. two"))
      marked.parse(5)
      marked.parse("*".repeat(2000)).length
      marked.parse("[".repeat(300) + "a" + "](b)".repeat(300)).length
      marked.parse("").length`,
  },

  "date-fns": {
    imports: `
      import * as d from "date-fns";
      import { de } from "date-fns/locale/de";
      const at = d.parseISO("2026-01-31T12:34:56.789Z");
      const iso = (date) => date.toISOString();`,
    lines: `
      iso(d.addMonths(at, 1))
      iso(d.subYears(at, 2))
      iso(d.add(at, { years: 1, months: 2, weeks: 1, days: 3, hours: 5 }))
      iso(d.addBusinessDays(at, 10))
      [d.differenceInCalendarDays(at, 0), d.differenceInMonths(d.addDays(at, 100), at), d.differenceInBusinessDays(d.addDays(at, 14), at)]
      d.intervalToDuration({ start: at, end: d.addDays(at, 400) })
      d.formatDuration({ months: 2, days: 1 })
      d.formatDistance(at, d.addMonths(at, 3))
      d.formatDistanceStrict(at, d.addMonths(at, 3), { unit: "day" })
      d.formatDistance(at, d.addDays(at, 5), { locale: de, addSuffix: true })
      d.format(at, "yyyy-MM-dd EEEE do QQQ w I 'at' h:mm:ss.SSS a")
      d.format(at, "PPPPpppp", { locale: de })
      d.formatISO(at, { representation: "date" })
      d.formatRelative(d.subDays(at, 3), at)
      d.lightFormat(at, "yyyy/MM/dd")
      iso(d.parse("31.01.2026 08:05", "dd.MM.yyyy HH:mm", at))
      d.isValid(d.parse("31.02.2026", "dd.MM.yyyy", at))
      [d.isWeekend(at), d.isLeapYear(at), d.isSameMonth(at, d.addDays(at, 1)), d.isWithinInterval(at, { start: 0, end: at })]
      [d.getISOWeek(at), d.getDayOfYear(at), d.getQuarter(at), d.getDaysInMonth(at), d.getUnixTime(at)]
      d.eachDayOfInterval({ start: at, end: d.addDays(at, 3) }).map((day) => d.formatISO(day, { representation: "date" }))
      d.eachWeekOfInterval({ start: at, end: d.addDays(at, 20) }, { weekStartsOn: 1 }).map((day) => d.format(day, "dd.MM."))
      [iso(d.startOfISOWeek(at)), iso(d.endOfQuarter(at)), iso(d.roundToNearestMinutes(at, { nearestTo: 15 }))]
      [d.closestTo(at, [d.addDays(at, 2), d.subDays(at, 1)]), d.max([at, d.addDays(at, 1)]), d.min([at])].map(iso)
      [at, d.subDays(at, 1), d.addDays(at, 1)].sort(d.compareAsc).map(iso)
      d.areIntervalsOverlapping({ start: at, end: d.addDays(at, 2) }, { start: d.addDays(at, 1), end: d.addDays(at, 3) })
      d.format(new Date(NaN), "yyyy")
      d.milliseconds({ hours: 1 })`,
  },

  immer: {
    imports: `
      import { applyPatches, createDraft, current, enableMapSet, enablePatches, finishDraft, freeze, immerable, isDraft, nothing, original, produce, produceWithPatches, setAutoFreeze } from "immer";
      enableMapSet();
      enablePatches();
      const base = Object.freeze({ list: Object.freeze([Object.freeze({ done: false })]), deep: Object.freeze({ a: Object.freeze({ b: 1 }) }) });
      class Point { [immerable] = true; constructor(x, y) { this.x = x; this.y = y; } get sum() { return this.x + this.y; } }`,
    lines: `
      produce(base, (draft) => { draft.list[0].done = true; draft.list.push({ done: false }); })
      (() => { const next = produce(base, (draft) => { draft.deep.a.b = 2; }); return [next.list === base.list, next.deep === base.deep, Object.isFrozen(next.deep.a), base.deep.a.b]; })()
      produce(base, () => {}) === base
      produce(base, (draft) => { draft.deep.a.b = 1; }) === base
      produce(base, () => ({ other: 1 }))
      produce({ a: 1 }, () => nothing) === undefined
      [...produce(new Map([["a", { n: 1 }]]), (draft) => { draft.get("a").n = 2; draft.set("b", { n: 3 }); draft.delete("c"); })]
      [...produce(new Set([1, 2]), (draft) => { draft.add(3); draft.delete(1); })]
      produceWithPatches({ a: [1, 2], b: 1 }, (draft) => { draft.a.splice(0, 1); delete draft.b; draft.c = {}; }).slice(1)
      applyPatches({ a: [1] }, [{ op: "add", path: ["a", 1], value: 2 }, { op: "replace", path: ["a", 0], value: 0 }, { op: "remove", path: ["x"] }])
      (() => { const [next, patches, inverse] = produceWithPatches({ a: { b: 1 } }, (draft) => { draft.a.b = 2; draft.a.c = 3; }); return [next, applyPatches(next, inverse), patches.length]; })()
      (() => { const draft = createDraft({ a: 1 }); draft.a = 2; const seen = [isDraft(draft), current(draft), original(draft)]; return [...seen, finishDraft(draft)]; })()
      (() => { const next = produce(new Point(1, 2), (draft) => { draft.x = 5; }); return [next instanceof Point, next.sum]; })()
      produce((draft, n) => { draft.count += n; })({ count: 1 }, 4)
      produce({ list: [3, 1, 2] }, (draft) => { draft.list.sort(); draft.list.reverse(); draft.list.length = 2; })
      (() => { let leaked; produce({ a: { b: 1 } }, (draft) => { leaked = draft.a; }); return leaked.b; })()
      (() => { produce(base, (draft) => { draft.deep.a.b = 9; return { x: 1 }; }); })()
      (() => { "use strict"; produce(base, () => {}).deep.a.b = 5; })()
      (() => { setAutoFreeze(false); const made = Object.isFrozen(produce({ a: {} }, (draft) => { draft.a.x = 1; })); setAutoFreeze(true); return made; })()
      Object.isFrozen(freeze({ a: { b: {} } }, true).a.b)
      produce({ n: 1 }, (draft) => { Object.defineProperty(draft, "x", { value: 1 }); })`,
  },

  "lodash-es": {
    imports: `
      import lodash, * as _ from "lodash-es";
      const users = [{ name: "ada", age: 36, tags: ["a", "b"] }, { name: "bob", age: 25, tags: [] }, { name: "cyd", age: 36, tags: ["b"] }];
      const wait = (ms) => new Promise((done) => setTimeout(done, ms));`,
    lines: `
      [_.chunk([1, 2, 3], 2), _.compact([0, 1, "", null]), _.difference([1, 2], [2]), _.xor([1, 2], [2, 3]), _.flattenDeep([1, [2, [3, [4]]]])]
      [_.groupBy(users, "age"), _.keyBy(users, "name"), _.countBy(users, "age"), _.partition(users, { age: 36 }).map((list) => list.length)]
      [_.orderBy(users, ["age", "name"], ["desc", "desc"]).map((user) => user.name), _.sortBy(users, (user) => user.tags.length).map((user) => user.name)]
      [_.get({ a: [{ b: 3 }] }, "a[0].b"), _.get({}, "x.y", "none"), _.set({}, "a[1].b", 1), _.unset({ a: 1 }, "a"), _.has({ a: { b: 1 } }, "a.b"), _.invoke({ a: { f: (n) => n + 1 } }, "a.f", 1)]
      [_.pick(users[0], ["name"]), _.omit(users[0], ["tags"]), _.mapValues({ a: 1 }, (n) => n * 2), _.mapKeys({ a: 1 }, (v, k) => k + v), _.invert({ a: 1 }), _.toPairs({ a: 1 }), _.fromPairs([["a", 1]])]
      [_.merge({ a: [{ b: 1 }] }, { a: [{ c: 2 }], d: undefined }), _.defaultsDeep({ a: { b: 1 } }, { a: { b: 2, c: 3 } }), _.assignWith({ a: 1 }, { a: 2 }, (x, y) => x + y)]
      _.isEqual(_.cloneDeep({ a: [new Date(0), new Map([[1, { x: new Set([1]) }]]), /x/g, new Uint8Array([1])] }), { a: [new Date(0), new Map([[1, { x: new Set([1]) }]]), /x/g, new Uint8Array([1])] })
      [_.isEqual(NaN, NaN), _.isEqual([1, [2]], [1, [3]]), _.isEqual(new Error("a"), new Error("a")), _.isMatch(users[0], { age: 36 }), _.isEqual(Object(1), 1)]
      (() => { const a = { n: 1 }; a.self = a; const b = _.cloneDeep(a); return [b.self === b, _.isEqual(a, b)]; })()
      [_.isPlainObject({}), _.isPlainObject(new Date()), _.isArguments((function () { return arguments; })()), _.isBuffer(1), _.isTypedArray(new Uint8Array()), _.isElement({}), _.isEmpty(new Map()), _.isNative(Array.prototype.push)]
      [_.camelCase("--foo-bar é"), _.kebabCase("fooBar BAZ"), _.snakeCase("Foo Bar"), _.startCase("foo_bar"), _.upperFirst("émile"), _.deburr("déjà"), _.escape("<a & b>"), _.unescape("&lt;"), _.truncate("a long text that is cut", { length: 12 }), _.words("a fooBar 12x")]
      [_.padStart("a", 3, "-"), _.repeat("ab", 2), _.template("hi <%= n %><% if (x) { %>!<% } %>")({ n: "you", x: 1 }), _.parseInt("08"), _.trim("-_a_-", "_-")]
      [_.sum([1, 2]), _.sumBy(users, "age"), _.meanBy(users, "age"), _.maxBy(users, "age").name, _.round(4.006, 2), _.clamp(9, 1, 5), _.inRange(3, 2, 4), _.range(0, 10, 3)]
      _.chain(users).filter((user) => user.age > 30).map("name").join("+").value()
      lodash(users).map("tags").flatten().uniq().value()
      _.flow([(n) => n + 1, (n) => n * 2])(3)
      [_.curry((a, b, c) => [a, b, c])(1)(2)(3), _.partial((a, b) => a - b, _, 1)(5), _.memoize((n) => n * 2)(4), _.over([Math.max, Math.min])(1, 2), _.negate((n) => n > 1)(2)]
      (async () => { const seen = []; const late = _.debounce((x) => seen.push(x), 20); late(1); late(2); await wait(60); return seen; })()
      (async () => { const seen = []; const first = _.throttle((x) => seen.push(x), 500); first(1); first(2); first.cancel(); return seen; })()
      (async () => { const debounced = _.debounce((x) => x, 1000); debounced(7); return debounced.flush(); })()
      new Promise((done) => _.delay(done, 5, "later"))
      new Promise((done) => _.defer(done, "soon"))
      (() => { let n = 0; const once = _.once(() => ++n); once(); once(); const after = _.after(2, () => "second"); return [n, after(), after()]; })()
      [_.zipObject(["a"], [1]), _.unzip([[1, 2], [3, 4]]), _.intersectionBy([1.2], [1.8], Math.floor), _.uniqWith([{ a: 1 }, { a: 1 }], _.isEqual), _.sortedIndex([1, 3], 2), _.takeRightWhile([1, 2, 3], (n) => n > 1), _.pullAt([1, 2, 3], 1)]
      [_.attempt(() => { throw new RangeError("r"); }).name, _.attempt(() => 1), _.isError(new TypeError("x")), _.toPath("a[0].b"), typeof _.uniqueId("x"), _.times(3, String), _.matchesProperty("a", 1)({ a: 1 }), _.toArray(new Set([1]))]
      [_.sample([1]), _.size(_.shuffle([1, 2, 3])), _.random(1, 1), _.now() > 0]
      [_.isFunction(class {}), _.isFunction(async () => 1), _.toString([1, [-0]]), _.toNumber("0b11"), _.toInteger("3.7"), _.castArray(1), _.eq(NaN, NaN), _.conformsTo({ a: 1 }, { a: (n) => n > 0 }), _.cloneDeepWith({ a: 1 }, (v) => (v === 1 ? 2 : undefined))]
      _.template("<%= x.y %>")({})`,
  },

  nanoid: {
    imports: `
      import { customAlphabet, customRandom, nanoid, random, urlAlphabet } from "nanoid";
      import { nanoid as weak } from "nanoid/non-secure";`,
    lines: `
      new Set(Array.from({ length: 2000 }, () => nanoid())).size
      [nanoid().length, nanoid(5).length, nanoid(0), nanoid(300).length]
      [...nanoid(5000)].every((letter) => urlAlphabet.includes(letter))
      new Set(nanoid(5000)).size
      /^[ab]{600}$/.test(customAlphabet("ab", 600)())
      customAlphabet("abc", 4)(9).length
      customRandom("abcdef", 10, (size) => new Uint8Array(size).map((_, i) => i))()
      [random(8).length, random(8) instanceof Uint8Array, random(16).some((byte) => byte !== 0)]
      weak(12).length
      [urlAlphabet.length, new Set(urlAlphabet).size]`,
  },
};
