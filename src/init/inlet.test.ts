import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { costOf, readSlowly } from "./inlet.ts";

const rate = { burst: 100, perSecond: 1_000 };

test("what comes in small amounts is handed on as it comes", async () => {
  const stream = new PassThrough({ encoding: "utf8" });
  const taken: string[] = [];
  readSlowly(
    stream,
    rate,
    (text: string) => text.length,
    (text) => taken.push(text),
  );
  stream.write("one");
  await turn();
  stream.write("two");
  await turn();
  assert.deepEqual(taken, ["one", "two"]);
});

test("whoever writes without end is read no faster than it may write, and loses nothing", async () => {
  const stream = new PassThrough({ encoding: "utf8", highWaterMark: 10 });
  let taken = 0;
  readSlowly(
    stream,
    rate,
    (text: string) => text.length,
    (text) => (taken += text.length),
  );
  const began = performance.now();
  let written = 0;
  while (written < 400) {
    if (!stream.write("x".repeat(10))) await new Promise<void>((resolve) => stream.once("drain", resolve));
    written += 10;
    const allowed = rate.burst + ((performance.now() - began) * rate.perSecond) / 1_000;
    // A chunk is begun while there is room.
    assert.ok(taken <= allowed + 20, `${taken} of ${allowed}`);
  }
  stream.end();
  await new Promise<void>((resolve) => stream.once("end", resolve));
  assert.equal(taken, 400);
});

test("lines cost more than their text: each gets a mark of its own", () => {
  assert.equal(costOf("a\nb\n"), 4 + 3 * 32);
  assert.equal(costOf("aaaa"), 4 + 32);
});
