import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefusal, type RefusalCode, refusals, refuse, remedy, say } from "./refusal.ts";

test("a refusal says what was refused, and what to do about it", () => {
  const refusal = refuse("QUOTA_EXCEEDED", { what: "Tenants", limit: 3, wanted: 4 });
  assert.equal(say(refusal), "Tenants: limit 3, wanted 4.");
  assert.equal(remedy(refusal), "Free some, or raise the limit in the configuration.");
});

test("a detail that is not given stays visible as such", () => {
  assert.equal(say(refuse("TENANT_NOT_FOUND")), "There is no tenant {tenant}.");
});

test("a detail cannot name what the refusal inherits", () => {
  assert.doesNotMatch(say(refuse("INTERNAL", { what: "{constructor}" })), /function/);
  assert.equal(say(refuse("INTERNAL", { what: "$&" })), "Solo met a bug: $&");
});

test("values are told from refusals", () => {
  assert.ok(isRefusal(refuse("STARTING")));
  for (const value of [undefined, null, "refused", {}, { refused: "STARTING" }]) assert.ok(!isRefusal(value));
});

for (const code of Object.keys(refusals) as RefusalCode[]) {
  test(`${code} is a sentence with a remedy`, () => {
    const entry = refusals[code];
    assert.match(code, /^[A-Z][A-Z_]+$/);
    assert.ok(entry.says.length > 0 && /[.}]$/.test(entry.remedy), entry.remedy);
  });
}
