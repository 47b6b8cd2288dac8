/** What cells claim that services use, and the answers that tell of it: the shape is what keeps the sums within the contract. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { ResourceUsageSchema, type ResourceUsage } from "../../src/api/index.ts";
import { isMisfit, limits } from "../../src/base/index.ts";
import { sum } from "../../src/gateways/operations/describe.ts";
import { usageShape, type Usage } from "../../src/wire/index.ts";

const fields = ["memoryBytes", "mailboxLength", "cpuMicros", "processes"] as const;
const little: Usage = { memoryBytes: 1, mailboxLength: 1, cpuMicros: 1, processes: 1 };

/** As it comes to the client. */
const encoded = (usage: ResourceUsage): ResourceUsage =>
  fromBinary(ResourceUsageSchema, toBinary(ResourceUsageSchema, usage));

const insistSaid = (usages: readonly Usage[]): void => {
  const total = sum(usages);
  assert.deepEqual(encoded(total), total);
  assert.ok(total.memoryBytes >= 0n && total.messageQueueLen >= 0 && total.reductions >= 0n && total.processes >= 0);
};

/** The most that the shape takes in one field of a usage. */
function mostOf(field: (typeof fields)[number]): number {
  let most = 0;
  for (let step = 2 ** 53; step >= 1; step /= 2) {
    if (!isMisfit(usageShape({ ...little, [field]: most + step }))) most += step;
  }
  return most;
}

test("a service whose every instance uses the most that a cell may claim is told of in the contract's numbers", () => {
  const most = { ...little, ...Object.fromEntries(fields.map((field) => [field, mostOf(field)])) };
  assert.ok(!isMisfit(usageShape(most)));
  insistSaid(Array.from({ length: limits.instancesPerServiceMax }, () => most));
});

test("what no use can be is no cell's claim, and what may be claimed can be told", () => {
  const number = fc.oneof(
    fc.maxSafeNat(),
    fc.integer({ min: 0, max: 64 }).map((bits) => 2 ** bits),
    fc.constantFrom(-1, -0, 0.5, 2 ** 31 - 0.5, Number.NaN, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE),
  );
  const claim = fc.record(
    { memoryBytes: number, mailboxLength: number, cpuMicros: number, processes: number },
    { requiredKeys: ["memoryBytes", "mailboxLength", "cpuMicros"] },
  );
  fc.assert(
    fc.property(fc.array(claim, { maxLength: limits.instancesPerServiceMax }), (claims) => {
      const taken = claims.flatMap((one) => {
        const usage = usageShape(one);
        return isMisfit(usage) ? [] : [usage];
      });
      for (const one of taken)
        for (const used of Object.values(one)) assert.ok(Number.isSafeInteger(used) && used >= 0);
      insistSaid(taken);
    }),
    { numRuns: 500 },
  );
});

test("the uses of all services that a tenant may have, added up, are told exactly", () => {
  const lives = limits.servicesPerTenantMax * limits.instancesPerServiceMax;
  for (const field of ["memoryBytes", "processes"] as const)
    assert.ok(Number.isSafeInteger(lives * mostOf(field)), field);
});
