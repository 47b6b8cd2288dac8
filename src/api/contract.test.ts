import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { isRefusal, resourceLimitsDefault, sayDeath, type Death } from "../base/index.ts";
import {
  deathOf,
  isAsSevere,
  operationOf,
  operations,
  parseProfile,
  parseResourceLimits,
  parseRestart,
  parseStrategy,
  parseTier,
  resourceLimitsOf,
  ResourceLimitsSchema,
  restartOf,
  SoloKernel,
  Status_Value,
  statusWord,
  strategyOf,
  tierOf,
} from "./index.ts";

test("the operation table has every RPC of the contract, once, with its path and kind", () => {
  assert.deepEqual(operations.map(({ rpc }) => rpc).toSorted(), SoloKernel.methods.map(({ name }) => name).toSorted());
  const { path, kind, input } = operationOf("watchEvents");
  assert.equal(path, "/solo.v1.SoloKernel/WatchEvents");
  assert.equal(kind, "server_streaming");
  assert.equal(input.typeName, "solo.v1.WatchEventsRequest");
});

test("what may be repeated under a request_id has one in its request", () => {
  for (const { name, repeated, input } of operations) {
    const has = input.fields.some((field) => field.name === "request_id" && field.number === 100);
    if (repeated === "request_id") assert.ok(has, name);
  }
});

test("resource limits that are absent or zero are the defaults, and others survive the way there and back", () => {
  assert.deepEqual(parseResourceLimits(undefined), resourceLimitsDefault);
  assert.deepEqual(parseResourceLimits(create(ResourceLimitsSchema)), resourceLimitsDefault);
  const limits = fc.record({
    maxMemoryBytes: fc.integer({ min: 8 * 1024 ** 2, max: 64 * 1024 ** 3 }),
    maxProcesses: fc.integer({ min: 1, max: 100_000 }),
    cpuShares: fc.integer({ min: 1, max: 1_000_000 }),
    messageQueueLimit: fc.integer({ min: 1, max: 1_000_000 }),
    startupTimeoutMs: fc.integer({ min: 1, max: 600_000 }),
    shutdownTimeoutMs: fc.integer({ min: 1, max: 600_000 }),
    cpuTimeMs: fc.integer({ min: 1, max: 600_000 }),
    limitExceededAction: fc.constantFrom("kill", "throttle", "warn"),
  });
  fc.assert(
    fc.property(limits, (one) => {
      assert.deepEqual(parseResourceLimits(resourceLimitsOf(one)), { ...one });
    }),
  );
});

test("a limit out of range is refused by its path in the contract", () => {
  const refused = parseResourceLimits(create(ResourceLimitsSchema, { maxMemoryBytes: 2n ** 60n }));
  assert.ok(isRefusal(refused));
  assert.equal(refused.detail["field"], "resource_limits.max_memory_bytes");
});

test("enums go there and back, and unknown numbers are none of them", () => {
  for (const word of ["permanent", "transient", "temporary"] as const)
    assert.equal(parseRestart(restartOf(word)), word);
  for (const word of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
    assert.equal(parseStrategy(strategyOf(word)), word);
  }
  for (const word of ["user", "system"] as const) assert.equal(parseTier(tierOf(word)), word);
  for (const parse of [parseRestart, parseStrategy, parseTier]) assert.equal(parse(99), undefined);
  assert.equal(statusWord(Status_Value.ERROR), "ERROR");
  assert.equal(statusWord(99), "UNKNOWN");
});

test("a level lets through what is as severe as itself", () => {
  assert.ok(isAsSevere("ERROR", "WARN"));
  assert.ok(isAsSevere("WARN", "WARN"));
  assert.ok(!isAsSevere("INFO", "WARN"));
});

test("a death keeps all its fields for machines and one line for people", () => {
  const reason: Death = { type: "cell_lost", loss: { type: "signal", signal: "SIGTRAP" }, inFlight: "yes" };
  const death = deathOf(reason, { pid: "<0.1.2>", atMs: 5.5, event: 7 });
  assert.equal(death.type, "cell_lost");
  assert.equal(death.summary, sayDeath(reason));
  assert.deepEqual(death.detail, { loss: { type: "signal", signal: "SIGTRAP" }, inFlight: "yes" });
  assert.equal(death.atMs, 5n);
  assert.equal(death.eventId, 7n);
});

test("a profile is read as it was written; anything else is told where it does not fit", () => {
  const profile = {
    version: "1",
    address: "127.0.0.1:50051",
    ca: "ca.pem",
    identities: [{ name: "admin", role: "admin", cert: "a.pem", key: "a.key" }],
  };
  assert.deepEqual(parseProfile(JSON.stringify(profile)), profile);
  assert.deepEqual(parseProfile("{"), { misfit: "is not JSON", at: "." });
  const wrong = parseProfile(JSON.stringify({ ...profile, identities: [{ name: "x", role: "king" }] }));
  assert.ok("at" in wrong);
  assert.equal(wrong.at, ".identities[0].role");
});
