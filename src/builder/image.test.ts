import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { cellFlags, imageFiles } from "../wire/index.ts";
import type { ImageSources } from "./image-sources.ts";
import { provideImage } from "./image.ts";

/** A cell that knows `gen` and can run the prelude in an isolate: what the image must make possible, and no more. */
const cellSource = `
import { readFileSync, writeFileSync } from "node:fs";
import ivm from "isolated-vm";
import { greeting } from "./words.ts";

const isolate = new ivm.Isolate({ memoryLimit: 16 });
const code: string = readFileSync(__dirname + "/prelude.js", "utf8");
const cached = process.argv[2] === "gen" ? undefined : readFileSync(__dirname + "/prelude.cache");
const script = isolate.compileScriptSync(code, cached === undefined
  ? { produceCachedData: true }
  : { cachedData: new ivm.ExternalCopy(cached.buffer.slice(cached.byteOffset, cached.byteOffset + cached.length)) });
if (process.argv[2] === "gen") {
  writeFileSync(__dirname + "/prelude.cache", Buffer.from(script.cachedData!.copy()));
} else {
  const context = isolate.createContextSync();
  script.runSync(context);
  console.log(JSON.stringify({ greeting, rejected: script.cachedDataRejected, said: context.evalSync("said") }));
}
`;

function makeSources(t: TestContext): {
  readonly sources: ImageSources;
  readonly into: string;
  readonly root: string;
} {
  const root = mkdtempSync(join(tmpdir(), "solo-image-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ["cell", "guest"]) mkdirSync(join(root, folder));
  writeFileSync(
    join(root, "cell", "main.ts"),
    cellSource.replace("import ivm", "declare const __dirname: string;\nimport ivm"),
  );
  writeFileSync(join(root, "cell", "words.ts"), `export const greeting: string = "cell";\n`);
  writeFileSync(
    join(root, "guest", "prelude.ts"),
    `import { word } from "./word.ts";\nObject.assign(globalThis, { said: word });\n`,
  );
  writeFileSync(join(root, "guest", "word.ts"), `export const word: string = "prelude";\n`);
  const sources: ImageSources = {
    cell: join(root, "cell", "main.ts"),
    prelude: join(root, "guest", "prelude.ts"),
    parts: { extra: join(root, "guest", "word.ts") },
    folders: [join(root, "cell"), join(root, "guest")],
  };
  return { sources, into: join(root, "images"), root };
}

test("an image holds all that a cell needs under the permission model, and V8 takes its cached prelude", async (t) => {
  const { sources, into } = makeSources(t);
  const image = await provideImage({ into, sources });
  assert.equal(image.built, true);
  assert.deepEqual(readdirSync(image.path).toSorted(), Object.values(imageFiles).toSorted());
  const said = execFileSync(
    process.execPath,
    [...cellFlags, `--allow-fs-read=${image.path}/`, join(image.path, imageFiles.cell)],
    { env: {}, encoding: "utf8" },
  );
  assert.deepEqual(JSON.parse(said), { greeting: "cell", rejected: false, said: "prelude" });
});

test("an image is made once for the same sources, and anew when one of them changes", async (t) => {
  const { sources, into, root } = makeSources(t);
  const first = await provideImage({ into, sources });
  const again = await provideImage({ into, sources });
  assert.deepEqual(again, { ...first, built: false });
  writeFileSync(join(root, "guest", "word.ts"), `export const word: string = "other";\n`);
  const changed = await provideImage({ into, sources });
  assert.notEqual(changed.hash, first.hash);
  assert.match(readFileSync(join(changed.path, imageFiles.prelude), "utf8"), /other/);
});

test("an image that cannot be made leaves nothing behind", async (t) => {
  const { sources, into, root } = makeSources(t);
  writeFileSync(join(root, "guest", "word.ts"), `export { readFileSync as word } from "node:fs";\n`);
  await assert.rejects(provideImage({ into, sources }), /node:fs/);
  assert.deepEqual(readdirSync(into), []);
});

test("a prelude that needs a package is refused", async (t) => {
  const { sources, into, root } = makeSources(t);
  writeFileSync(join(root, "guest", "word.ts"), `export { nothing as word } from "no-such-package";\n`);
  await assert.rejects(provideImage({ into, sources }), /no-such-package/);
});

test("old images are removed, the newest three are kept", async (t) => {
  const { sources, into, root } = makeSources(t);
  const made: string[] = [];
  for (const word of ["a", "b", "c", "d"]) {
    writeFileSync(join(root, "guest", "word.ts"), `export const word: string = "${word}";\n`);
    made.push((await provideImage({ into, sources })).path);
  }
  assert.equal(readdirSync(into).length, 3);
  assert.equal(existsSync(made[3] ?? ""), true);
  assert.equal(existsSync(made[0] ?? ""), false);
});
