/** zod's own tests, which its package carries, run in a guest: each passes, or fails, and sees on the way, what it does in Node. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cellFor } from "../../cell/cell-process.ts";
import { type Deviations, inPackage } from "../vectors/vectors.ts";
import { bundleAnew, load } from "./bundle.ts";
import type { Outcome } from "./vitest.ts";

const folders = ["classic", "mini", "core"].map((part) => inPackage("zod", "src", "v4", part, "tests"));

/** What some of their files need: Node, tools, or modules that are loaded once more. */
const foreign = /from "(?:node:|esbuild|recheck|@seriousme)|\bimport\(|resetModules/;

const files = folders
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => path.endsWith(".test.ts") && !foreign.test(readFileSync(path, "utf8")));
const nameOf = (path: string): string => path.replace(/^.*\/v4\//, "").replace("/tests/", "/");

const here = import.meta.dirname;
const shim = join(here, "vitest.ts");

/** Runs the tests of a file, with a zod of its own: some change theirs, and what it keeps on the global object. */
const runFile = `
  async function runFile(i) {
    for (const name of Object.keys(globalThis)) if (name.startsWith("__zod")) delete globalThis[name];
    const { files, run } = make();
    await files[i]();
    return JSON.parse(JSON.stringify(await run()));
  }`;

const stacks = "it looks at the stack of an error, which is another one in another place";
const known: Deviations = {
  "core/compile.test.ts > the compiled fallback builds the same Error-shaped error as the runtime": stacks,
  "mini/error.test.ts > a thrown error carries a stack rooted at the parse call site": stacks,
};

test("zod's own tests come to the same in a guest as in Node", async (t) => {
  const imports = files.map((path) => `() => import(${JSON.stringify(path)})`).join(",\n");
  const source = `export const files = [${imports}];\nexport { run } from ${JSON.stringify(shim)};`;
  const code = await bundleAnew(source, {
    // The package says that its files do nothing by being imported; its tests do.
    treeshake: false,
    resolve: {
      alias: { vitest: shim, "@web-std/file": join(here, "file.ts") },
      conditionNames: ["@zod/source", "import"],
      extensionAlias: { ".js": [".ts", ".js"] },
    },
  });
  const all = `var global = globalThis;\n${code}\n${runFile}`;
  const inNode = await load<{ readonly runFile: (i: number) => Promise<Outcome[]> }>(`${all}\nexport { runFile };`);
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    `${all}\nimport { Service } from "solo:service";
     export default class extends Service { run(i) { return runFile(i); } }`,
    { limits: { cpuTimeMs: 20_000, startupTimeoutMs: 20_000 } },
  );
  const other: Record<string, string> = {};
  const failed: string[] = [];
  let count = 0;
  for (const [i, path] of files.entries()) {
    const there = (await kernel.result(id, "run", i)) as Outcome[];
    const outcomes = await inNode.runFile(i);
    assert.equal(there.length, outcomes.length);
    count += outcomes.length;
    for (const [j, outcome] of outcomes.entries()) {
      const name = `${nameOf(path)} > ${outcome.name}`;
      if (outcome.failed !== undefined) failed.push(name);
      try {
        assert.deepEqual(there[j], outcome);
      } catch (error) {
        other[name] = (error as Error).message.slice(0, 500);
      }
    }
  }
  t.diagnostic(`${files.length} files, ${count} tests; ${count - failed.length} pass`);
  assert.deepEqual(Object.fromEntries(Object.entries(other).filter(([name]) => known[name] === undefined)), {});
  assert.deepEqual(
    Object.keys(known).filter((name) => other[name] === undefined),
    [],
  );
  // The bundler writes the members of an enum that is declared in a function as their names.
  assert.deepEqual(failed, ["classic/enum.test.ts > get options"]);
});
