import assert from "node:assert/strict";
import { test } from "node:test";
import { refusals, type RefusalCode } from "../base/index.ts";
import { exitCodeMeanings, exitCodeOf, exitCodes } from "./exit-codes.ts";

const codes = Object.keys(refusals) as RefusalCode[];
const exitOf = (code: RefusalCode): number => exitCodeOf(code, refusals[code].status);

test("every exit code is explained once", () => {
  assert.deepEqual(
    exitCodeMeanings.map(([code]) => code),
    Object.values(exitCodes),
  );
});

test("no refusal looks like success, like a usage error or like an interruption", () => {
  for (const code of codes) {
    assert.ok(![exitCodes.ok, exitCodes.usage, exitCodes.interrupted].some((exit) => exit === exitOf(code)), code);
  }
});

test("what may succeed later says so, what is not there says so, and failed calls are told from both", () => {
  assert.equal(exitOf("OVERLOADED"), exitCodes.tryLater);
  assert.equal(exitOf("STARTING"), exitCodes.tryLater);
  assert.equal(exitOf("SERVICE_NOT_FOUND"), exitCodes.notFound);
  assert.equal(exitOf("NOT_ADMIN"), exitCodes.notAllowed);
  assert.equal(exitOf("CERTIFICATE_UNKNOWN"), exitCodes.notAllowed);
  assert.equal(exitOf("CALL_TIMEOUT"), exitCodes.callFailed);
  assert.equal(exitOf("SYNTAX_ERROR"), exitCodes.refused);
  assert.equal(exitOf("INTERNAL"), exitCodes.bug);
});

test("an answer that is no Solo's is unreachable or refused", () => {
  assert.equal(exitCodeOf("UNKNOWN", "UNAVAILABLE"), exitCodes.unreachable);
  assert.equal(exitCodeOf("UNKNOWN", "UNKNOWN"), exitCodes.refused);
});
