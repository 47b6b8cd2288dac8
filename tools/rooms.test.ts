// The rules of style that a machine can judge and no linter knows: rooms and their doors, and what never stands in the
// tree (which is read as it lies on the disk: a checkout without git is judged too).

import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join, relative } from "node:path";
import test from "node:test";
import { law } from "./law.table.ts";

const root = join(import.meta.dirname, "..");

/** Text that people wrote, by extension; files without one are scripts. */
const written = ["", ".ts", ".tsx", ".js", ".md", ".json", ".proto", ".yaml", ".yml", ".sh", ".css", ".html"];

/** Written by tools, or about nothing but the outside world. */
const foreign = /^(package-lock\.json$|src\/api\/gen\/)/;

function tree(): readonly string[] {
  return globSync(["{.ci,bench,bin,docs,examples,proto,src,test,tools}/**", "*"], { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => written.includes(extname(path)) && !foreign.test(path))
    .toSorted();
}

/** Every line that matches, as file:line: text. This file names what it forbids, and is left out. */
function linesWith(pattern: RegExp): readonly string[] {
  return tree()
    .filter((path) => path !== "tools/rooms.test.ts")
    .flatMap((path) =>
      readFileSync(join(root, path), "utf8")
        .split("\n")
        .flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
    );
}

/** Rooms that hold anything yet. */
function rooms(): readonly string[] {
  return readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((room) => globSync(`src/${room}/**/*.ts`, { cwd: root }).length > 0);
}

test("every room of src is in the law", () => {
  assert.deepEqual(
    rooms().filter((room) => law[room] === undefined),
    [],
  );
});

test("every room has a door that begins by saying what lives there", () => {
  for (const room of rooms()) {
    const door = `src/${room}/index.ts`;
    assert.ok(statSync(join(root, door), { throwIfNoEntry: false })?.isFile() === true, `${door} is missing`);
    assert.match(readFileSync(join(root, door), "utf8"), /^(\/\/ \S|\/\*\*?[\s*]*\S)/, `${door} has no header comment`);
  }
});

test("the tree names no issue by number", () => {
  assert.deepEqual(linesWith(/(?:^|[\s([])#\d{1,6}\b|\bissue \d+\b/i), []);
});

test("the tree names no path of a developer's machine", () => {
  assert.deepEqual(linesWith(/(?<![\w$.}/>*])\/(work|root|home\/\w+|Users\/\w+)\//), []);
});

test("the tree puts nothing off: what is not done is an open question elsewhere, not a note in the code", () => {
  assert.deepEqual(linesWith(/\b(TODO|FIXME|XXX|HACK)\b/), []);
});

test("every executable script starts by naming its shell", () => {
  for (const path of tree().filter((file) => extname(file) === "" || extname(file) === ".sh")) {
    if ((statSync(join(root, path)).mode & 0o111) === 0) continue;
    assert.match(readFileSync(join(root, path), "utf8"), /^#!\/(bin\/sh|usr\/bin\/env bash)\n/, path);
  }
});
