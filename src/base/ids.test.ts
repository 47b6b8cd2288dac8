import assert from "node:assert/strict";
import { test } from "node:test";
import {
  incarnationNumber,
  parseArtifactHash,
  parseReleaseId,
  parseRequestId,
  parseServiceId,
  parseTenantId,
  pidOf,
} from "./ids.ts";

test("a tenant's name has 1 to 64 of a-z A-Z 0-9 _ -", () => {
  assert.equal(parseTenantId("Agent_1-b"), "Agent_1-b");
  assert.equal(parseTenantId("a".repeat(64)), "a".repeat(64));
  for (const bad of ["", "a".repeat(65), "a b", "a/b", "a\n", "é", "..", "a\u0000"])
    assert.equal(parseTenantId(bad), undefined, bad);
});

test("a service's name has 1 to 128 of the same", () => {
  assert.equal(parseServiceId("a".repeat(128)), "a".repeat(128));
  for (const bad of ["", "a".repeat(129), "a.b", "a\n"]) assert.equal(parseServiceId(bad), undefined, bad);
});

test("hashes are 64 lower-case hex digits", () => {
  for (const parse of [parseReleaseId, parseArtifactHash]) {
    assert.equal(parse("0f".repeat(32)), "0f".repeat(32));
    for (const bad of ["", "0F".repeat(32), "0f".repeat(31), `${"0f".repeat(32)}\n`])
      assert.equal(parse(bad), undefined);
  }
});

test("a request_id has 1 to 128 visible ASCII characters", () => {
  assert.equal(parseRequestId("a!~"), "a!~");
  for (const bad of ["", "a b", "é", "a".repeat(129), "a\n"]) assert.equal(parseRequestId(bad), undefined);
});

test("a pid names node, instance and incarnation", () => {
  assert.equal(pidOf({ instance: 2, incarnation: incarnationNumber(17) }), "<0.2.17>");
});
