/**
 * The registry of refusals as a golden: codes, statuses, retries and words are part of the contract.
 * Update it with: UPDATE_GOLDEN=1 bin/node26 --test test/golden/refusals.test.ts
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readStatus, statusCodes, statusOf } from "../../src/api/index.ts";
import { refusals, refuse, remedy, say, type RefusalCode } from "../../src/base/index.ts";
import { agreed, expectGolden } from "./golden.ts";

const codes = Object.keys(refusals) as RefusalCode[];

test("every refusal has the status, the retry, the words and the remedy that were agreed", () => {
  const before = agreed("refusals.json") ?? {};
  assert.deepEqual(
    Object.keys(before).filter((code) => !Object.hasOwn(refusals, code)),
    [],
    "codes are never taken away: agents branch on them",
  );
  expectGolden("refusals.json", refusals);
});

test("every refusal reaches a client whole: its code, its detail, its remedy and whether to try again", () => {
  for (const code of codes) {
    const names = [...`${refusals[code].says} ${refusals[code].remedy}`.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const detail = Object.fromEntries(names.map((name) => [name, `a ${name}`]));
    const refusal = refuse(code, detail);
    const status = statusOf(refusal);
    assert.equal(status.code, statusCodes[refusals[code].status], code);
    assert.equal(status.message, say(refusal), code);
    const read = readStatus(status.details);
    assert.equal(read.code, code);
    assert.deepEqual(read.detail, detail, code);
    assert.equal(read.remedy, remedy(refusal), code);
    assert.equal(read.retry, refusals[code].retry, code);
    for (const text of [status.message, read.remedy]) assert.doesNotMatch(text, /\{\w+\}/, `${code} is filled in`);
  }
});

test("every refusal says one thing, and what to do about it", () => {
  for (const code of codes) {
    assert.match(code, /^[A-Z][A-Z_]*[A-Z]$/);
    assert.notEqual(refusals[code].says, "", code);
    assert.notEqual(refusals[code].remedy, "", code);
  }
});
