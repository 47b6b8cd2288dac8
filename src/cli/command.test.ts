import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidArgumentError } from "commander";
import fc from "fast-check";
import { collect, parseArgument, parseBytes, parseCount, parseDuration, parseInstant } from "./command.ts";

const refused = (parse: () => unknown): void => assert.throws(parse, InvalidArgumentError);

test("an argument of a call is JSON if it is JSON, else the text itself", () => {
  assert.deepEqual(["2", '"2"', "two", "null", '{"a":[1]}', "{a", "", "-3"].map(parseArgument), [
    2,
    "2",
    "two",
    null,
    { a: [1] },
    "{a",
    "",
    -3,
  ]);
});

test("every JSON value can be given as an argument", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(parseArgument(JSON.stringify(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("sizes count by 1,024 and may be written as people write them", () => {
  assert.deepEqual(["64MB", "64mb", "1.5 GB", "8388608", "1K", "2MiB"].map(parseBytes), [
    64 * 1024 ** 2,
    64 * 1024 ** 2,
    1.5 * 1024 ** 3,
    8_388_608,
    1_024,
    2 * 1024 ** 2,
  ]);
  for (const text of ["", "MB", "-1MB", "1PB", "1e3", "9999999999999999TB"]) refused(() => parseBytes(text));
});

test("times have a unit, or count milliseconds", () => {
  assert.deepEqual(
    ["500", "500ms", "1.5s", "5m", "2h", "7d"].map(parseDuration),
    [500, 500, 1_500, 300_000, 7_200_000, 604_800_000],
  );
  for (const text of ["", "s", "-1s", "1w", "soon"]) refused(() => parseDuration(text));
});

test("an instant is an age, a date, or milliseconds since the epoch", () => {
  const now = Date.UTC(2026, 10, 20, 12);
  assert.equal(parseInstant("10m", now), now - 600_000);
  assert.equal(parseInstant("2026-11-20T10:00:00Z", now), Date.UTC(2026, 10, 20, 10));
  assert.equal(parseInstant("1795168800000", now), 1_795_168_800_000);
  refused(() => parseInstant("yesterday-ish", now));
});

test("a count is a whole number of sensible length", () => {
  assert.equal(parseCount("042"), 42);
  for (const text of ["", "-1", "1.5", "0x10", "1234567890"]) refused(() => parseCount(text));
});

test("a list option may be given many times, or once with commas", () => {
  assert.deepEqual(collect("c", collect("a,b,", undefined)), ["a", "b", "c"]);
});
