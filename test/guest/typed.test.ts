/** What the web platform of a guest has is in the types that `solo types` gives, and what is in those is there. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { namesOfParts } from "../../src/wire/index.ts";
import { cellFor, service } from "../cell/cell-process.ts";

const root = join(import.meta.dirname, "..", "..");
const names = ["console", ...Object.values(namesOfParts).flatMap((list) => list.split(" "))];

/** What nobody should write new code with, and what the standard has for browsers. */
const untyped = /^(?:DOMException\.[A-Z_]+_ERR|Event\.(?:[A-Z_]+|returnValue|cancelBubble|composed|initEvent))$/;

/** Those of the members of each name that `text` gives a type: "URL.href" of instances, "URL::parse" of the class itself. */
function typed(t: TestContext, members: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "solo-typed-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  copyFileSync(join(root, "src", "guest", "solo-service.d.ts"), join(folder, "solo-service.d.ts"));
  const lines = members.map((member, i) => {
    const [, name = "", how, key = ""] = /^(\w+)(\.|::)(\w+)$/.exec(member) ?? [];
    if (how === "::") return `export const c${i} = ${name}.${key};`;
    return /^[A-Z]/.test(name) ? `export type T${i} = ${name}["${key}"];` : `export const v${i} = ${name}.${key};`;
  });
  writeFileSync(join(folder, "members.ts"), lines.join("\n"));
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
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  const wrong = new Set([...stdout.matchAll(/members\.ts\((\d+),/g)].map(([, line]) => Number(line) - 1));
  return members.filter((_, i) => !wrong.has(i));
}

test("each member of the platform's objects is typed", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      members(names) {
        const isName = (key) => typeof key === "string" && /^[A-Za-z]/.test(key) && key !== "constructor";
        const found = [];
        for (const name of names) {
          const value = globalThis[name];
          if (typeof value === "function" && value.prototype !== undefined) {
            for (const key of Object.getOwnPropertyNames(value.prototype)) if (isName(key)) found.push(name + "." + key);
            for (const key of Object.getOwnPropertyNames(value)) {
              if (isName(key) && !["length", "name", "prototype"].includes(key)) found.push(name + "::" + key);
            }
          } else if (typeof value === "object") {
            const keys = [...Object.getOwnPropertyNames(Object.getPrototypeOf(value)), ...Object.getOwnPropertyNames(value)];
            for (const key of keys) if (isName(key) && !(key in Object.prototype)) found.push(name + "." + key);
          } else if (value === undefined) found.push(name + " is not there");
        }
        return found;
      }`),
  );
  const members = (await kernel.result(id, "members", names)) as string[];
  const known = new Set(typed(t, members));
  const missing = members.filter((member) => !known.has(member) && !untyped.test(member.replace("::", ".")));
  t.diagnostic(`${members.length} members of ${names.length} names`);
  assert.deepEqual(missing, []);
});
