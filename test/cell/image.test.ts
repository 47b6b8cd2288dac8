/** A cell and its image: cached code that V8 rejects is shouted about, and costs only time. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { limits } from "../../src/base/index.ts";
import { fromGuest, imageFiles, toGuest } from "../../src/wire/index.ts";
import { cellFor, service, testImage } from "./cell-process.ts";

async function ownImage(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "solo-own-image-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(await testImage(), folder, { recursive: true });
  return folder;
}

const ping = service("ping() { return 1; }");

test("with the cached code of its own image a cell starts without a word", async (t) => {
  const { kernel, stderr } = await cellFor(t, await ownImage(t));
  assert.equal(await kernel.result(await kernel.load(ping), "ping"), 1);
  assert.equal(stderr(), "");
});

test("a cell whose cached code V8 rejects says so loudly, and serves", async (t) => {
  const image = await ownImage(t);
  const path = join(image, imageFiles.preludeCache);
  const bytes = readFileSync(path);
  // V8 stores a hash of its flags in the third word.
  bytes.writeUInt32LE(bytes.readUInt32LE(8) ^ 0xffff, 8);
  writeFileSync(path, bytes);
  const { kernel, stderr } = await cellFor(t, image);
  assert.equal(await kernel.result(await kernel.load(ping), "ping"), 1);
  assert.match(stderr(), /REJECTED/);
});

test("a cell without cached code says so, and serves", async (t) => {
  const image = await ownImage(t);
  rmSync(join(image, imageFiles.preludeCache));
  const { kernel, stderr } = await cellFor(t, image);
  assert.equal(await kernel.result(await kernel.load(ping), "ping"), 1);
  assert.match(stderr(), /REJECTED/);
});

test("no table of numbers is in what every isolate holds: they are written where they are used", async () => {
  const prelude = readFileSync(join(await testImage(), imageFiles.prelude), "utf8");
  const names = [limits, fromGuest, toGuest].flatMap((table) => Object.keys(table));
  assert.deepEqual(
    names.filter((name) => new RegExp(String.raw`\b${name}:\d`).test(prelude)),
    [],
  );
  assert.ok(prelude.includes(String(limits.payloadBytesMax)));
});
