import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { excerptOf, placeOf } from "./excerpt.ts";

test("a place is counted in lines and columns from 1", () => {
  assert.deepEqual(placeOf("ab\ncd\n", 0), { line: 1, column: 1 });
  assert.deepEqual(placeOf("ab\ncd\n", 2), { line: 1, column: 3 });
  assert.deepEqual(placeOf("ab\ncd\n", 4), { line: 2, column: 2 });
  assert.deepEqual(placeOf("ab\ncd\n", 99), { line: 3, column: 1 });
});

test("an excerpt has the line, its neighbours and a caret under the place", () => {
  const source = "one\ntwo\nthree\nfour\nfive\n";
  assert.equal(excerptOf(source, { line: 4, column: 2 }), "2 | two\n3 | three\n4 | four\n  |  ^\n5 | five");
});

test("of a long line, the part around the place is shown", () => {
  const source = `${"a".repeat(5_000)}!${"b".repeat(5_000)}`;
  const [line = "", caret = ""] = excerptOf(source, { line: 1, column: 5_001 }).split("\n");
  assert.equal(line[caret.indexOf("^")], "!");
  assert.ok(line.length < 120);
});

test("whatever the source, an excerpt is bounded, and its caret is where the offset is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.nat(400), (source, offset) => {
      const place = placeOf(source, offset);
      const before = source.slice(0, offset).split("\n");
      assert.deepEqual(place, { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 });
      const excerpt = excerptOf(source, place);
      assert.ok(excerpt.length <= 600);
      assert.equal(excerpt.split("\n").filter((line) => /^ *\| *\^$/.test(line)).length, 1);
    }),
  );
});
