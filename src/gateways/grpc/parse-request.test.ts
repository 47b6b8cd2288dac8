import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary, type Message } from "@bufbuild/protobuf";
import { DeployRequestSchema, operationOf, type DeployRequest } from "../../api/index.ts";
import { isRefusal, limits, type Refusal } from "../../base/index.ts";
import { parseRequest, requestFieldsMax } from "./parse-request.ts";

const deploy = operationOf("deploy");
const parse = (hex: string, times = 1): Message | Refusal =>
  parseRequest(deploy, Buffer.from(hex.repeat(times), "hex"));

const problemOf = (parsed: Message | Refusal): unknown => {
  assert.ok(isRefusal(parsed), "it is refused");
  assert.equal(parsed.refused, "INVALID_ARGUMENT");
  return parsed.detail["problem"];
};

test("no bytes are a request without fields", () => {
  assert.deepEqual(parse(""), create(DeployRequestSchema));
});

test("the largest request that means something is parsed as it was meant", () => {
  const environment = Object.fromEntries(
    Array.from({ length: limits.environmentCountMax }, (_, i) => [`NAME_${i}`, "x".repeat(1_000)]),
  );
  const request = create(DeployRequestSchema, {
    serviceId: "x".repeat(128),
    code: new Uint8Array(limits.sourceBytesMax),
    environment,
    resourceLimits: { cpuTimeMs: 7 },
    initialCapabilities: Array.from({ length: 100 }, () => ({ serviceName: "fs", permissions: ["read", "write"] })),
  });
  const bytes = toBinary(DeployRequestSchema, request);
  const parsed = parseRequest(deploy, Buffer.from(bytes));
  assert.ok(!isRefusal(parsed));
  assert.ok(Buffer.from(bytes).equals(toBinary(DeployRequestSchema, parsed as DeployRequest)));
});

for (const [what, hex, fields] of [
  ["unknown fields", "b83e01", 1],
  ["the same number", "b00601", 1],
  ["empty messages", "2200", 1],
  ["messages with an empty text each", "22021200", 2],
  ["empty entries of a map", "3200", 3],
  ["the same message", "2a00", 1],
  ["empty texts", "0a00", 1],
] as const) {
  test(`${what}: so many fields are parsed, and one more is refused before anything is made of it`, () => {
    const fit = Math.floor(requestFieldsMax / fields);
    assert.ok(!isRefusal(parse(hex, fit)));
    assert.equal(problemOf(parse(hex, fit + 1)), `has more than ${requestFieldsMax} fields`);
  });
}

test("groups, cut fields, wrong types of the wire and numbers without an end are no request", () => {
  const bad = ["bb3e", "bb3ebc3e", "bc3e", "0a05", "0aff", "08", "0f", "00", "ff".repeat(11), "0d00000000", "2a0308"];
  for (const hex of bad) assert.equal(problemOf(parse(hex)), "is not a DeployRequest", hex);
  assert.equal(problemOf(parse("bb3e", 500_000)), "is not a DeployRequest", "however deep the groups are");
});
