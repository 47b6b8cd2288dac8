/**
 * What no one here wrote: packages from npm, bundled into services, at work in a real cell. Each use of each must give, or throw,
 * what it does in Node.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor } from "../cell/cell-process.ts";
import { bundle, load } from "./packages/bundle.ts";
import { uses } from "./packages/uses.ts";
import { type Answer, here, plain } from "./vectors/vectors.ts";

for (const [name, { imports, lines }] of Object.entries(uses)) {
  const expressions = lines
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

  test(`${name} works in a service as it does in Node`, async (t) => {
    const code = await bundle(
      `${imports}\nexport const list = [${expressions.map((line) => `async () => (${line})`).join(",\n")}];`,
    );
    const { list } = await load<{ readonly list: readonly (() => Promise<unknown>)[] }>(code);
    const { kernel } = await cellFor(t);
    const id = await kernel.load(`${code}
      import { Service } from "solo:service";
      export default class extends Service {
        async run(i) {
          // As JSON has it: what a list has not is null, to Node as well.
          try { return JSON.parse(JSON.stringify({ is: await list[i]() })); } catch (error) { return { no: error.name }; }
        }
      }`);
    let refused = 0;
    for (const [i, expression] of expressions.entries()) {
      const expected: Answer = await here(list[i] ?? assert.fail());
      if ("no" in expected) refused += 1;
      assert.deepEqual(await kernel.result(id, "run", i), plain(expected), expression);
    }
    t.diagnostic(`${expressions.length} uses, of which ${refused} are refused`);
  });
}

test("hono is a service as a default export", async (t) => {
  const { kernel } = await cellFor(t);
  const source = `
    import { Hono } from "hono";
    const app = new Hono<{ Bindings: { NAME: string } }>();
    app.get("/hello/:who", (c) => c.json({ hello: c.req.param("who"), env: c.env.NAME }));
    app.post("/echo", async (c) => c.body(await c.req.arrayBuffer(), 201, { "x-size": String((await c.req.arrayBuffer()).byteLength) }));
    export default app;`;
  const id = await kernel.load(await bundle(source), { environment: { NAME: "env" } });
  const hello = (await kernel.result(id, "fetch", { url: "http://x/hello/Ada" })) as { readonly body: string };
  assert.deepEqual(JSON.parse(hello.body), { hello: "Ada", env: "env" });
  const echo = await kernel.result(id, "fetch", { method: "POST", url: "http://x/echo", body: "ä" });
  assert.deepEqual(echo, { status: 201, statusText: "", headers: { "x-size": "2" }, body: "ä" });
  assert.equal(((await kernel.result(id, "fetch", "http://x/no")) as { readonly status: number }).status, 404);
});
