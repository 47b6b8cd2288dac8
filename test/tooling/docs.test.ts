// The documents are true of the tree: what they name is there, and what they copy is a copy.

import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { law, type RoomLaw } from "../../tools/law.table.ts";

const root = join(import.meta.dirname, "../..");
const documents = globSync("{*,docs/**/*,examples/*}.md", { cwd: root });
const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("every file that a document names is there", () => {
  const missing = documents.flatMap((path) => {
    const text = read(path);
    const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => join(dirname(path), target));
    const named = [...text.matchAll(/(?<![\w./-])(?:src|test|tools|docs|examples|proto|bench|bin)\/[\w./-]*\w/g)].map(
      ([target]) => target,
    );
    return [...links, ...named]
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${path}: ${target}`);
  });
  assert.deepEqual(missing, []);
});

test("ARCHITECTURE.md shows the import law as the table has it", () => {
  const shown = read("ARCHITECTURE.md")
    .split("\n")
    .filter((line) => /^\| `[a-z]+\/` \|/.test(line));
  assert.deepEqual(shown, Object.entries(law).map(rowOf));
});

function rowOf([room, { verb, imports, types = [], ambient }]: readonly [string, RoomLaw]): string {
  const named = [...imports, ...types.map((name) => `${name} (types)`)];
  const sees = { es: "the language", node: "Node", dom: "a browser" }[ambient];
  return `| \`${room}/\` | ${verb} | ${named.length === 0 ? "–" : named.join(", ")} | ${sees} |`;
}

test("the glossary has one entry for each word", () => {
  const words = read("docs/glossary.md")
    .split("\n")
    .flatMap((line) => /^\| ([^|]+) \| [A-Z(<]/.exec(line)?.[1]?.split(", ") ?? []);
  assert.ok(words.length > 100, `only ${words.length} words were found`);
  assert.deepEqual(
    words.filter((word, index) => words.indexOf(word) !== index),
    [],
  );
});

test("every decision is in the list of decisions", () => {
  const decisions = readdirSync(join(root, "docs/decisions")).filter((name) => name !== "README.md");
  const list = read("docs/decisions/README.md");
  assert.deepEqual(
    decisions.filter((name) => !list.includes(`(${name})`)),
    [],
  );
});
