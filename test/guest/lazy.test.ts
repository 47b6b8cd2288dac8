/** The web platform costs a service nothing that it does not use: no part of it is evaluated. In a real cell. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { imageFiles } from "../../src/wire/index.ts";
import { cellFor, type Kernel, service, testImage } from "../cell/cell-process.ts";

/** An image whose parts say so in the log when they are evaluated. */
async function tellingImage(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "solo-telling-image-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(await testImage(), folder, { recursive: true });
  const path = join(folder, imageFiles.parts);
  const parts = JSON.parse(readFileSync(path, "utf8")) as Readonly<Record<string, string>>;
  const telling = Object.entries(parts).map(([name, code]) => [name, `(console.log("evaluated ${name}"), ${code})`]);
  writeFileSync(path, JSON.stringify(Object.fromEntries(telling)));
  return folder;
}

const plain = service(`
  init() { return { count: 0 }; }
  add(n = 1) { return (this.state.count += n); }
  rich(value) { return [value, new Map([[1n, new Date(0)]]), new Error("x")]; }
  onMessage() { this.after(1, "again"); setTimeout(() => {}, 1); }
  here() { return [typeof console, "URL" in globalThis, Object.getOwnPropertyNames(globalThis).includes("crypto")]; }
  use(source) { return (0, eval)(source); }
  async spawnOne() { await this.spawn(class extends Service {}); }
  mark(text) { this.log.info(text); }`);

/** What was evaluated up to now, in order. */
async function evaluated(kernel: Kernel, id: number): Promise<string[]> {
  const mark = `mark ${kernel.logs.length}`;
  await kernel.result(id, "mark", mark);
  const said = (): string[] => kernel.all("log").flatMap(({ incarnation, text }) => (incarnation === id ? [text] : []));
  await kernel.until(() => said().find((line) => line === mark));
  return said().flatMap((line) => (line.startsWith("evaluated ") ? [line.slice("evaluated ".length)] : []));
}

test("a service that uses nothing of the platform evaluates nothing of it", async (t) => {
  const { kernel } = await cellFor(t, await tellingImage(t));
  const id = await kernel.load(plain);
  await kernel.result(id, "add", 2);
  await kernel.result(id, "rich", { $date: "2026-01-01" });
  kernel.message(id, "x");
  assert.deepEqual(await kernel.result(id, "here"), ["object", true, true]);
  assert.deepEqual(await evaluated(kernel, id), []);
});

test("a part of the platform is evaluated when one of its names is first used, once, with those it needs itself", async (t) => {
  const { kernel } = await cellFor(t, await tellingImage(t));
  let incarnation = 0;
  for (const [expressions, parts] of [
    [
      ["new URL('http://x/y?z=1').searchParams.get('z')", "URLSearchParams.name", "URL.name"],
      ["url", "web"],
    ],
    [["btoa('x')", "structuredClone(1)"], ["web"]],
    [
      ["crypto.randomUUID().length", "CryptoKey.name"],
      ["crypto", "web"],
    ],
    [["new Headers({ a: 'b' }).get('a')"], ["fetch"]],
    [["new ReadableStream().locked"], ["streams", "web"]],
  ] as const) {
    const id = await kernel.load(plain, { service: `s${incarnation}`, incarnation: ++incarnation });
    for (const expression of expressions) await kernel.result(id, "use", expression);
    assert.deepEqual(await evaluated(kernel, id), parts, expressions[0]);
  }
  const id = await kernel.load(plain, { service: "spawner", incarnation: ++incarnation });
  for (let i = 0; i < 2; i++) await kernel.result(id, "spawnOne");
  assert.deepEqual(await evaluated(kernel, id), ["processes"]);
});
