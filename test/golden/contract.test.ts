/**
 * The contract's descriptor as a golden. What was published stays as it is: names, numbers and types of fields, values of
 * enums, methods. What is new is added with: UPDATE_GOLDEN=1 bin/node26 --test test/golden/contract.test.ts
 * A change of what is there cannot be updated away.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { file_solo_v1_solo } from "../../src/api/index.ts";
import { agreed, isUpdating, write } from "./golden.ts";

/** One line for each thing that clients depend on: what it is called → what it is. */
type Contract = Readonly<Record<string, string>>;

function contractOf(): Contract {
  const lines: Record<string, string> = {};
  const file = file_solo_v1_solo;
  const messages = file.messages.flatMap(nested);
  for (const message of messages) {
    lines[message.typeName] = "message";
    for (const field of message.fields) lines[`${message.typeName}.${field.name}`] = typeOf(field);
  }
  for (const each of [...file.enums, ...messages.flatMap((message) => message.nestedEnums)]) {
    lines[each.typeName] = each.open ? "open enum" : "closed enum";
    for (const value of each.values) lines[`${each.typeName}.${value.name}`] = `= ${value.number}`;
  }
  for (const service of file.services) {
    for (const { name, methodKind, input, output } of service.methods) {
      lines[`${service.typeName}/${name}`] = `${methodKind} (${input.typeName}) → ${output.typeName}`;
    }
  }
  return lines;
}

const nested = (message: DescMessage): DescMessage[] => [message, ...message.nestedMessages.flatMap(nested)];

/** Number, type and presence, which together are how a field stands on the wire; and its name in JSON. */
function typeOf(field: DescField): string {
  const oneof = field.oneof === undefined ? "" : ` in ${field.oneof.name}`;
  const presence = field.proto.proto3Optional ? "optional " : "";
  return `= ${field.number} ${presence}${kindOf(field)}${oneof} json ${field.jsonName}`;
}

function kindOf(field: DescField): string {
  switch (field.fieldKind) {
    case "scalar":
      return scalar(field.scalar);
    case "enum":
      return field.enum.typeName;
    case "message":
      return field.message.typeName;
    case "list":
      return `repeated ${field.listKind === "scalar" ? scalar(field.scalar) : nameOf(field)}`;
    case "map":
      return `map<${scalar(field.mapKey)}, ${field.mapKind === "scalar" ? scalar(field.scalar) : nameOf(field)}>`;
  }
}

const scalar = (type: ScalarType): string => ScalarType[type].toLowerCase();
const nameOf = (field: DescField): string => (field.message ?? field.enum)?.typeName ?? "";

/** What of `before` is gone or different. */
const broken = (before: Contract, now: Contract): readonly string[] =>
  Object.entries(before)
    .filter(([name, what]) => now[name] !== what)
    .map(([name, what]) => `${name} was ${what}, and is ${now[name] ?? "gone"}`);

test("no published name, number or type of the contract changes; what is new is in its golden", () => {
  const name = "contract.json";
  const before = (agreed(name) ?? {}) as Contract;
  const now = contractOf();
  assert.deepEqual(broken(before, now), [], "clients would break: keep what is there, and add beside it");
  if (isUpdating) write(name, now);
  assert.deepEqual(now, agreed(name), "something was added: write it down with UPDATE_GOLDEN=1");
});

test("a field that changes its number, its type or its name is noticed", () => {
  const before = contractOf();
  const field = "solo.v1.CallRequest.timeout_ms";
  const { [field]: was = "", ...without } = before;
  assert.equal(was, "= 4 int32 json timeoutMs");
  assert.deepEqual(broken(before, without), [`${field} was ${was}, and is gone`]);
  assert.equal(broken(before, { ...before, [field]: "= 5 int32 json timeoutMs" }).length, 1);
  assert.equal(broken(before, { ...before, [field]: "= 4 int64 json timeoutMs" }).length, 1);
  assert.deepEqual(broken(before, { ...before, "solo.v1.CallRequest.more": "= 103 string json more" }), []);
});

test("fields added to messages of the original design are numbered from 100", () => {
  const original = {
    DeployRequest: 12,
    DeployResponse: 3,
    StatusResponse: 7,
    KillRequest: 3,
    ServiceInfo: 6,
    WatchRequest: 3,
    UpdateRequest: 4,
    CapabilityRequest: 4,
    ResourceLimits: 7,
    LogEntry: 3,
    StatusChange: 2,
  };
  for (const [name, last] of Object.entries(original)) {
    const message = file_solo_v1_solo.messages.find((each) => each.name === name);
    assert.ok(message !== undefined, name);
    const numbers = message.fields.map(({ number }) => number);
    assert.deepEqual(
      numbers.filter((number) => number > last && number < 100),
      [],
      name,
    );
  }
});
