import assert from "node:assert/strict";
import { test } from "node:test";
import { LastWords } from "./last-words.ts";

test("the end of what was said is kept", () => {
  const words = new LastWords();
  for (let n = 0; n < 10_000; n++) words.add(`line ${n}\n`);
  assert.equal(words.tell(20), "\nline 9998\nline 9999".slice(-20));
});

test("V8's one line about what happened comes before its pages of stack", () => {
  const words = new LastWords();
  words.add("<--- Last few GCs --->\n\nFATAL ERROR: Reached heap limit\n");
  words.add("----- Native stack trace -----\n".repeat(100));
  assert.ok(words.tell(100)?.startsWith("FATAL ERROR: Reached heap limit\n"));
  assert.equal(words.tell(100)?.length, 100);
});

test("a process that said nothing has no last words", () => {
  const words = new LastWords();
  words.add(" \n");
  assert.equal(words.tell(100), undefined);
});
