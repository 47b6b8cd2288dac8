import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { judgeTree, report } from "./law.ts";
import { fileLinesMax, law } from "./law.table.ts";
import type { Breach } from "./law/judge.ts";

type Files = Readonly<Record<string, string>>;

const door = "export const door = 1;\nexport type Door = number;\n";

/** A tree of source files in a temporary directory, gone when the scope ends. */
function plant(files: Files): Disposable & { readonly root: string } {
  const root = mkdtempSync(join(tmpdir(), "solo-law-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

function breachesOf(files: Files): readonly Breach[] {
  using tree = plant(files);
  return judgeTree(tree.root).breaches;
}

/** Every breach must be the one expected, with a place, the law it breaks and a remedy. */
function assertBreach(files: Files, at: string, what: RegExp): void {
  const breaches = breachesOf(files);
  assert.equal(breaches.length, 1, report({ files: 0, rooms: 0, breaches }));
  const [breach] = breaches;
  assert.equal(`${breach?.path}:${breach?.line}`, at);
  assert.match(breach?.what ?? "", what);
  assert.ok(breach?.law !== "" && breach?.remedy !== "");
}

function assertClean(files: Files): void {
  const breaches = breachesOf(files);
  assert.deepEqual(breaches, [], report({ files: 0, rooms: 0, breaches }));
}

test("a tree that keeps the law has no breach", () => {
  assertClean({
    "src/base/index.ts": 'export { insist } from "./insist.ts";\n',
    "src/base/insist.ts": "export function insist(): void {}\n",
    "src/wire/index.ts":
      'import { insist } from "../base/index.ts";\nexport const bytes = new TextEncoder();\ninsist();\n',
    "src/kernel/index.ts": 'export * from "../base/index.ts";\nexport type Turn = number;\n',
    "src/store/index.ts":
      'import { open } from "node:fs";\nimport type { Turn } from "../kernel/index.ts";\nexport { open };\nexport type { Turn };\n',
    "src/api/index.ts": 'export { create } from "@bufbuild/protobuf";\n',
    "src/cli/index.ts": 'const { start } = await import("../init/index.ts");\nstart();\n',
    "src/init/index.ts": "export const start = (): number => Date.now();\n",
  });
});

test("a room imports no room that its law does not list, in any form of import", () => {
  for (const form of [
    'import { door } from "../store/index.ts";',
    'import "../store/index.ts";',
    'export { door } from "../store/index.ts";',
    'export * from "../store/index.ts";',
    'import type { Door } from "../store/index.ts";',
    'export type A = import("../store/index.ts").Door;',
    'export const a = import("../store/index.ts");',
  ]) {
    assertBreach(
      { "src/store/index.ts": door, "src/host/index.ts": `\n${form}\n` },
      "src/host/index.ts:2",
      /imports the room store/,
    );
  }
});

test("a room is entered by its door only, even for types", () => {
  for (const form of ['import { x } from "../base/ids.ts";', 'import type { x } from "../base/ids.ts";']) {
    assertBreach(
      { "src/base/ids.ts": "export const x = 1;\n", "src/host/index.ts": form },
      "src/host/index.ts:1",
      /past the door of base/,
    );
  }
});

test("where only types may be imported, a value may not, and an inline type is a value", () => {
  const kernel = { "src/kernel/index.ts": door };
  for (const room of ["store", "host", "drivers", "observe"]) {
    assertClean({ ...kernel, [`src/${room}/index.ts`]: 'import type { Door } from "../kernel/index.ts";' });
    assertBreach(
      { ...kernel, [`src/${room}/index.ts`]: 'import { door } from "../kernel/index.ts";' },
      `src/${room}/index.ts:1`,
      /imports values of kernel/,
    );
    assertBreach(
      { ...kernel, [`src/${room}/index.ts`]: 'import { type Door } from "../kernel/index.ts";' },
      `src/${room}/index.ts:1`,
      /for types alone/,
    );
  }
});

test("a pure room imports neither Node nor a package", () => {
  for (const room of ["base", "api", "wire", "kernel", "guest"]) {
    const file = `src/${room}/index.ts`;
    for (const from of ["node:fs", "fs", "node:fs/promises", "lru-cache"]) {
      assertBreach(
        { [file]: `import { a } from "${from}";` },
        `${file}:1`,
        new RegExp(`imports (the package )?${from}`),
      );
    }
  }
});

test("only api sees the protobuf runtime among the pure rooms", () => {
  const text = 'import { create } from "@bufbuild/protobuf";\nimport { x } from "@bufbuild/protobuf/codegenv2";\n';
  assertClean({ "src/api/index.ts": text });
  assert.equal(breachesOf({ "src/kernel/index.ts": text }).length, 2);
});

test("a pure room uses no global of a platform, by any spelling", () => {
  for (const text of [
    "setTimeout(() => 1, 1);",
    "export const e = process.env;",
    "export const b = Buffer.from([]);",
    "globalThis.process;\n",
    'globalThis["process"];\n',
    "export const k = crypto.randomUUID();",
    "export const t = performance.now();",
    "export const u = { URL };",
    "declare const console: { log(a: string): void };",
    'const fs = require("node:fs");',
  ]) {
    assert.notEqual(breachesOf({ "src/kernel/index.ts": text }).length, 0, text);
  }
});

test("a name that a pure file binds itself is its own, whatever a platform calls so", () => {
  assertClean({
    "src/kernel/index.ts": [
      "export function a(process: number, { url: URL }: { url: number }): number { return process + URL; }",
      "export const b = { fetch: 1, crypto: 2 };",
      "export type Event = { readonly process: number };",
      "export const c = (e: Event): number => e.process + b.fetch;",
      "const [module = 1, ...exports] = [1];",
      "export const d = [module, exports];",
    ].join("\n"),
  });
});

test("a pure room reads no clock and throws no die, except the guest", () => {
  for (const text of ["Date.now();", "Math.random();", "new Date();", "Date();", "Temporal.Now.instant();"]) {
    for (const room of ["base", "api", "wire", "kernel"]) {
      assertBreach({ [`src/${room}/index.ts`]: text }, `src/${room}/index.ts:1`, /^reads /);
    }
    assertClean({ "src/guest/index.ts": text });
    assertClean({ "src/host/index.ts": text });
  }
  assertClean({ "src/kernel/index.ts": "export const at = new Date(1);\nexport const max = Math.max(1, 2);\n" });
});

test("a guest may give the platform's names to services, and may not use them", () => {
  assertClean({ "src/guest/index.ts": "globalThis.console = 1;\n" });
  assertBreach({ "src/guest/index.ts": "globalThis.console.log(1);\n" }, "src/guest/index.ts:1", /console/);
});

test("a pure room imports nothing that only running it would tell", () => {
  const text = "export const load = (name: string): unknown => import(name);\n";
  assertBreach({ "src/wire/index.ts": text }, "src/wire/index.ts:1", /only running it/);
  assertClean({ "src/host/index.ts": text });
});

test("a file lies in a room of the table", () => {
  assertBreach({ "src/attic/index.ts": door }, "src/attic/index.ts:1", /unknown room "attic"/);
  assertBreach({ "src/loose.ts": door }, "src/loose.ts:1", /no room/);
  assertBreach({ "src/base/index.ts": 'import "../attic/index.ts";' }, "src/base/index.ts:1", /no known room/);
});

test("code in a room imports no code outside src, though it may read the root's data files", () => {
  assertBreach({ "src/host/index.ts": 'import "../../tools/law.ts";' }, "src/host/index.ts:1", /outside src/);
  assertClean({ "src/cli/index.ts": 'import a from "../../package.json" with { type: "json" };\nexport { a };' });
  assertBreach({ "src/cli/index.ts": 'import "/etc/a.ts";' }, "src/cli/index.ts:1", /imports \/etc/);
});

test("tests of a pure room use Node, fast-check and the helpers of test/, and still keep to the law of rooms", () => {
  const kernel = { "src/kernel/index.ts": door, "src/store/index.ts": door };
  assertClean({
    ...kernel,
    "src/kernel/turn.test.ts":
      'import "node:test";\nimport "fast-check";\nimport "./index.ts";\nimport "../../test/support/clock.ts";\nsetTimeout(() => Date.now(), 1);\n',
  });
  assertClean({ ...kernel, "src/store/log.test.ts": 'import { door } from "../kernel/index.ts";\ndoor;' });
  assertBreach(
    { ...kernel, "src/kernel/turn.test.ts": 'import "../store/index.ts";' },
    "src/kernel/turn.test.ts:1",
    /imports the room store/,
  );
  assertBreach({ "src/kernel/a.test.ts": 'import "lru-cache";' }, "src/kernel/a.test.ts:1", /package lru-cache/);
});

test("code does not import tests", () => {
  assertBreach(
    { "src/base/a.test.ts": "export {};", "src/base/index.ts": 'import "./a.test.ts";' },
    "src/base/index.ts:1",
    /test file/,
  );
});

test("rooms that import one another in a ring are reported with every step of it", () => {
  const breaches = breachesOf({
    "src/wire/index.ts": 'import "../cell/index.ts";',
    "src/cell/index.ts": 'import "../wire/index.ts";',
  });
  const ring = breaches.filter((breach) => breach.what.startsWith("closes a ring"));
  assert.equal(ring.length, 1);
  assert.match(ring[0]?.what ?? "", /cell → wire \(src\/cell\/index\.ts:1\), wire → cell \(src\/wire\/index\.ts:1\)/);
});

test("the table itself names only rooms of the table, and no ring of them", () => {
  const settled = new Set<string>();
  const visit = (room: string, path: readonly string[]): void => {
    const rules = law[room];
    assert.ok(rules !== undefined, `${path.at(-1)} may import ${room}, which the table does not know`);
    assert.ok(!path.includes(room), `a ring: ${[...path, room].join(" → ")}`);
    if (settled.has(room)) return;
    for (const next of [...rules.imports, ...(rules.types ?? [])]) visit(next, [...path, room]);
    settled.add(room);
  };
  for (const room of Object.keys(law)) visit(room, []);
});

test("a file of more lines than an idea takes is a warning, unless a generator wrote it", () => {
  const long = "export {};\n".repeat(fileLinesMax + 1);
  const [breach] = breachesOf({ "src/base/index.ts": long });
  assert.equal(breach?.severity, "warning");
  assertClean({ "src/base/index.ts": "export {};\n".repeat(fileLinesMax), "src/api/gen/solo_pb.ts": long });
});

test("a file that does not parse is a breach, not a crash", () => {
  const [breach] = breachesOf({ "src/base/index.ts": "\nexport const = ;\n" });
  assert.equal(breach?.line, 2);
  assert.match(breach?.what ?? "", /does not parse/);
});

test("the tool exits 1 on a breach, 0 on a warning, and says where, what, which law and what to do", async () => {
  const exec = promisify(execFile);
  const tool = join(import.meta.dirname, "law.ts");
  {
    using tree = plant({ "src/kernel/index.ts": "Date.now();\n" });
    await assert.rejects(exec(process.execPath, [tool, tree.root]), (error) => {
      assert.ok(error instanceof Error && "code" in error && "stdout" in error);
      assert.equal(error.code, 1);
      assert.equal(
        error.stdout,
        [
          "src/kernel/index.ts:1  reads Date.now",
          "    law:    kernel (DECIDES) may import base; it sees the language alone",
          "    remedy: take the instant, or the random value, as an argument",
          "the import law is broken once: 1 files in 1 rooms, 0 warnings",
          "",
        ].join("\n"),
      );
      return true;
    });
  }
  using tree = plant({ "src/kernel/index.ts": "export {};\n".repeat(fileLinesMax + 1) });
  const { stdout } = await exec(process.execPath, [tool, tree.root]);
  assert.match(stdout, /warning: has 401 lines/);
});
