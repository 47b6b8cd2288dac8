/** docs/guide.md: every example in it compiles against the types, and runs as it says. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cellFor, type Kernel } from "../cell/cell-process.ts";

const root = join(import.meta.dirname, "..", "..");
const text = readFileSync(join(root, "docs", "guide.md"), "utf8");
const sources = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, source = ""]) => source);
const nameOf = (source: string): string => /export default class (\w+)/.exec(source)?.[1]?.toLowerCase() ?? "?";
const examples = new Map(sources.map((source) => [nameOf(source), source]));

async function deploy(kernel: Kernel, name: string, incarnation = 1): Promise<number> {
  return kernel.load(stripTypeScriptTypes(examples.get(name) ?? ""), { service: name, incarnation });
}

/** What each example is held to; an example that is not here fails the first test. */
const held: Readonly<Record<string, (kernel: Kernel) => Promise<void>>> = {
  async counter(kernel) {
    assert.equal(await kernel.result(await deploy(kernel, "counter"), "add", 2), 2);
  },
  async cache(kernel) {
    const id = await deploy(kernel, "cache");
    await kernel.result(id, "put", "a", { x: 1 });
    assert.deepEqual(await kernel.result(id, "get", "a"), { x: 1 });
    assert.equal(await kernel.result(id, "get", "b"), null);
    assert.match((await kernel.call(id, "put", [1])).failure?.message ?? "", /Refusal/);
  },
  async asker(kernel) {
    const id = await deploy(kernel, "asker");
    await deploy(kernel, "counter", 2);
    assert.equal(await kernel.result(id, "total", [1, 2, 3]), 6);
  },
  async feed(kernel) {
    const id = await deploy(kernel, "feed");
    const subscriber = `import { Service } from "solo:service";
      export default class extends Service {
        async init() { (await this.lookup("feed")).send("subscribe"); return { got: [] }; }
        onMessage(message) { this.state.got.push(message.item); }
        got() { return this.state.got; }
      }`;
    const other = await kernel.load(subscriber, { service: "subscriber", incarnation: 2 });
    assert.equal(await kernel.result(id, "publish", "news"), 1);
    assert.deepEqual(await kernel.result(other, "got"), ["news"]);
  },
  async web(kernel) {
    const id = await deploy(kernel, "web");
    const request = { method: "POST", url: "http://web/hello?name=Ada", body: "hi" };
    const { body } = (await kernel.result(id, "fetch", request)) as { readonly body: string };
    assert.deepEqual(JSON.parse(body), { hello: "Ada", body: "hi", hits: 1 });
    const missing = (await kernel.result(id, "fetch", { url: "http://web/" })) as { readonly status: number };
    assert.equal(missing.status, 404);
  },
  async tokens(kernel) {
    const id = await deploy(kernel, "tokens");
    const token = (await kernel.result(id, "sign", "Ada")) as string;
    assert.equal(await kernel.result(id, "verify", token), "Ada");
    assert.match((await kernel.call(id, "verify", [`${token.slice(0, -4)}AAA=`])).failure?.message ?? "", /not signed/);
  },
};

test("the guide has these examples, and no other", () => {
  assert.deepEqual([...examples.keys()].toSorted(), Object.keys(held).toSorted());
});

test("the guide's examples are right by the types that services are written against", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "solo-guide-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  copyFileSync(join(root, "src", "guest", "solo-service.d.ts"), join(folder, "solo-service.d.ts"));
  for (const [name, source] of examples) writeFileSync(join(folder, `${name}.ts`), source);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "esnext",
    module: "esnext",
    lib: ["esnext"],
    types: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  assert.equal(spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" }).stdout, "");
});

for (const [name, holds] of Object.entries(held)) {
  test(`the guide's ${name} works as it says`, async (t) => {
    const { kernel } = await cellFor(t);
    await holds(kernel);
  });
}
