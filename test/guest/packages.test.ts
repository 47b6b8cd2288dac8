/** What no one here wrote: packages from npm, bundled into services, at work in a real cell. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rolldown } from "rolldown";
import { cellFor } from "../cell/cell-process.ts";

const root = join(import.meta.dirname, "..", "..");

async function bundle(source: string): Promise<string> {
  // In the repository, so that packages are found as a project of an author would find them.
  const folder = mkdtempSync(join(root, "test", "guest", ".bundle-"));
  try {
    const input = join(folder, "service.ts");
    writeFileSync(input, source);
    const made = await rolldown({
      input,
      external: ["solo:service"],
      platform: "browser",
      onLog: (_level, log) => {
        if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message);
      },
    });
    const { output } = await made.generate({ format: "esm", codeSplitting: false });
    await made.close();
    return output[0].code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const svc = (imports: string, body: string): string =>
  `import { Service } from "solo:service";\n${imports}\nexport default class extends Service { async run() { ${body} } }`;

const packages: Readonly<Record<string, { readonly source: string; readonly says: unknown }>> = {
  zod: {
    source: svc(
      `import { z } from "zod";`,
      `const User = z.object({ name: z.string().min(2), age: z.coerce.number().int(), mail: z.email() });
       const bad = User.safeParse({ name: "A", age: "x", mail: "no" });
       return [User.parse({ name: "Ada", age: "36", mail: "a@b.org" }), bad.error.issues.map((issue) => issue.path.join("."))];`,
    ),
    says: [{ name: "Ada", age: 36, mail: "a@b.org" }, ["name", "age", "mail"]],
  },
  ajv: {
    source: svc(
      `import { Ajv } from "ajv";`,
      `const validate = new Ajv({ allErrors: true }).compile({ type: "object", required: ["a"], properties: { a: { type: "integer" }, b: { $ref: "#/properties/a" } } });
       return [validate({ a: 1, b: 2 }), validate({ b: "x" }), validate.errors.map((e) => e.keyword)];`,
    ),
    says: [true, false, ["required", "type"]],
  },
  marked: {
    source: svc(
      `import { marked } from "marked";`,
      `return marked.parse("# Hi *you*\\n\\n| a |\\n|---|\\n| <b> |\\n");`,
    ),
    says: "<h1>Hi <em>you</em></h1>\n<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody><tr>\n<td><b></td>\n</tr>\n</tbody></table>\n",
  },
  "date-fns": {
    source: svc(
      `import { addMonths, formatISO, formatDistance, parseISO } from "date-fns";`,
      `const at = parseISO("2026-01-31T00:00:00Z");
       return [formatISO(addMonths(at, 1), { representation: "date" }), formatDistance(at, addMonths(at, 3))];`,
    ),
    says: ["2026-02-28", "3 months"],
  },
  immer: {
    source: svc(
      `import { produce } from "immer";`,
      `const before = { list: [{ done: false }] };
       const after = produce(before, (draft) => { draft.list[0].done = true; draft.list.push({ done: false }); });
       return [before, after, Object.isFrozen(after)];`,
    ),
    says: [{ list: [{ done: false }] }, { list: [{ done: true }, { done: false }] }, true],
  },
  "lodash-es": {
    source: svc(
      `import { chunk, cloneDeep, debounce, get, groupBy, isEqual, template } from "lodash-es";`,
      `const waited = await new Promise((done) => debounce(done, 5)("late"));
       const deep = { a: [new Date(0), new Map([[1, 2]])] };
       return [chunk([1, 2, 3], 2), groupBy([1.2, 1.8, 2], Math.floor), get({ a: [{ b: 3 }] }, "a[0].b"), isEqual(cloneDeep(deep), deep), template("hi <%= n %>")({ n: "you" }), waited];`,
    ),
    says: [[[1, 2], [3]], { 1: [1.2, 1.8], 2: [2] }, 3, true, "hi you", "late"],
  },
  nanoid: {
    source: svc(
      `import { customAlphabet, nanoid } from "nanoid";`,
      `const many = new Set(Array.from({ length: 1000 }, () => nanoid()));
       return [many.size, nanoid().length, /^[ab]{6}$/.test(customAlphabet("ab", 6)())];`,
    ),
    says: [1000, 21, true],
  },
};

for (const [name, { source, says }] of Object.entries(packages)) {
  test(`${name} works in a service`, async (t) => {
    const { kernel } = await cellFor(t);
    const id = await kernel.load(await bundle(source));
    assert.deepEqual(await kernel.result(id, "run"), says);
    assert.deepEqual(await kernel.result(id, "run"), says);
  });
}

test("hono serves requests, with its middleware, as a default export", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    await bundle(`
      import { Hono } from "hono";
      import { bearerAuth } from "hono/bearer-auth";
      import { cors } from "hono/cors";
      import { etag } from "hono/etag";
      const app = new Hono<{ Bindings: { NAME: string } }>();
      app.use("*", cors());
      app.use("/etag", etag());
      app.get("/etag", (c) => c.text("tagged"));
      app.use("/admin/*", bearerAuth({ token: "secret" }));
      app.get("/admin/x", (c) => c.text("in"));
      app.get("/hello/:who", (c) => c.json({ hello: c.req.param("who"), q: c.req.query("q"), env: c.env.NAME }));
      app.post("/form", async (c) => c.json(await c.req.parseBody()));
      app.onError((error, c) => "getResponse" in error ? (error as any).getResponse() : c.text(error.message, 500));
      app.get("/boom", () => { throw new Error("boom"); });
      export default app;`),
    { environment: { NAME: "env" } },
  );
  const fetch = async (request: object): Promise<{ status: number; headers: Record<string, string>; body: string }> =>
    (await kernel.result(id, "fetch", request)) as { status: number; headers: Record<string, string>; body: string };
  const hello = await fetch({ url: "http://x/hello/Ada?q=1" });
  assert.deepEqual(JSON.parse(hello.body), { hello: "Ada", q: "1", env: "env" });
  assert.equal(hello.headers["access-control-allow-origin"], "*");
  const tagged = await fetch({ url: "http://x/etag" });
  assert.match(tagged.headers["etag"] ?? "", /^"[0-9a-f]{40}"$/);
  const same = await fetch({ url: "http://x/etag", headers: { "if-none-match": tagged.headers["etag"] } });
  assert.equal(same.status, 304);
  assert.equal((await fetch({ url: "http://x/admin/x" })).status, 401);
  assert.equal((await fetch({ url: "http://x/admin/x", headers: { authorization: "Bearer secret" } })).body, "in");
  const form = await fetch({
    method: "POST",
    url: "http://x/form",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "a=1&b=%C3%A4",
  });
  assert.deepEqual(JSON.parse(form.body), { a: "1", b: "ä" });
  assert.deepEqual(
    [(await fetch({ url: "http://x/boom" })).status, (await fetch({ url: "http://x/no" })).status],
    [500, 404],
  );
});
