import assert from "node:assert/strict";
import { test } from "node:test";
import { defined, limits, parseServiceId, parseTenantId, say } from "../base/index.ts";
import type { CallFailure } from "../wire/index.ts";
import { refusalOf } from "./call-refusal.ts";

const at = {
  tenant: defined(parseTenantId("acme"), "a tenant's name"),
  service: defined(parseServiceId("counter"), "a service's name"),
  method: "add",
};
const said = (code: CallFailure["code"], message: string): string =>
  say(refusalOf(at, { code, executed: "executed", message }, 1_000));

test("what cannot be sent is named once, with its method", () => {
  assert.equal(
    said("NOT_SERIALIZABLE", "the result.deep[0] cannot be sent: it is a function"),
    "the result.deep[0] of counter.add cannot be sent: it is a function.",
  );
  assert.equal(said("NOT_SERIALIZABLE", "it names nobody"), "counter.add cannot be sent: it names nobody.");
});

test("what is too large is told with its size, however the size was said", () => {
  const wanted = `counter.add is 5242882 bytes; the limit is ${limits.payloadBytesMax}.`;
  assert.equal(said("TOO_LARGE", "5242882"), wanted);
  const sentence = `has 5242882 characters; the limit is ${limits.payloadBytesMax}`;
  for (const path of ["the result", "the result[1].of[2]"])
    assert.equal(said("TOO_LARGE", `${path} ${sentence}`), wanted);
});

test("a chain of calls that is too long is told with the bound that it met, and a time with the one that was cut", () => {
  assert.match(said("CALL_TOO_DEEP", ""), new RegExp(`\\b${limits.callChainMax}\\b`));
  assert.match(
    said("CALL_TIMEOUT", `${limits.systemCallTimeoutMsMax}`),
    new RegExp(`\\b${limits.systemCallTimeoutMsMax} ms`),
  );
  assert.match(said("CALL_TIMEOUT", "700"), /\b1000 ms/);
});
