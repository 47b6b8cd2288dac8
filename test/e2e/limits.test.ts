/** Everything has a limit: each is reached here through the public contract, and refused by name with what it is. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DeployRequestSchema } from "../../src/api/index.ts";
import { limits } from "../../src/base/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { gate, isRunning, refusalIn, refusalOf, service } from "./asking.ts";
import { call, example, Solo, until } from "./solo.ts";

let solo: Solo;
let admin: SoloClient;
let tenant: SoloClient;
let code: Buffer;

before(async () => {
  solo = await Solo.start();
  admin = await solo.client("admin");
  tenant = await solo.client("default");
  code = await example("counter");
  await tenant.deploy({
    serviceId: "echo",
    code: service(`
      echo(text: string) { return text.length; }
      make(length: number) { return "x".repeat(length); }
      circle() { const a = {}; a.a = a; return a; }
      code() { return () => 1; }`),
  });
});
after(() => solo[Symbol.asyncDispose]());

test("arguments up to the limit arrive; past it they are refused, and were not executed", async () => {
  const argsOf = (bytes: number): Buffer => Buffer.from(JSON.stringify(["x".repeat(bytes - 4)]));
  const fits = argsOf(limits.payloadBytesMax);
  assert.equal(fits.length, limits.payloadBytesMax);
  const { result } = await tenant.call({ serviceId: "echo", method: "echo", args: fits, timeoutMs: 20_000 });
  assert.equal(Number(Buffer.from(result).toString()), limits.payloadBytesMax - 4);
  for (const bytes of [limits.payloadBytesMax + 1, limits.payloadBytesMax + 500_000]) {
    const refused = await refusalOf(tenant.call({ serviceId: "echo", method: "echo", args: argsOf(bytes) }));
    assert.deepEqual([refused.code, refused.status], ["TOO_LARGE", "RESOURCE_EXHAUSTED"]);
    assert.match(refused.message, new RegExp(`args is ${bytes} bytes; the limit is ${limits.payloadBytesMax}`));
    assert.equal(
      (await refusalOf(tenant.cast({ serviceId: "echo", method: "echo", args: argsOf(bytes) }))).code,
      "TOO_LARGE",
    );
  }
});

test("a request past what the gateway reads is refused, and the connection lives on", async () => {
  const refused = await refusalOf(
    tenant.call({ serviceId: "echo", method: "echo", args: Buffer.alloc(limits.frameBytesMax - 1_000, 0x20) }),
  );
  assert.equal(refused.status, "RESOURCE_EXHAUSTED");
  assert.equal(await call(tenant, "echo", "echo", ["abc"]), 3);
});

test("a result past the limit, or that is no data, is refused, and the service lives on", async () => {
  const large = await refusalOf(call(tenant, "echo", "make", [limits.payloadBytesMax], { timeoutMs: 20_000 }));
  assert.deepEqual([large.code, large.executed], ["TOO_LARGE", "executed"]);
  assert.equal(
    String(await call(tenant, "echo", "make", [limits.payloadBytesMax - 2], { timeoutMs: 20_000 })).length,
    limits.payloadBytesMax - 2,
  );
  for (const method of ["circle", "code"]) {
    const refused = await refusalOf(call(tenant, "echo", method));
    assert.deepEqual([refused.code, refused.executed], ["NOT_SERIALIZABLE", "executed"], method);
  }
  const status = await tenant.status({ serviceId: "echo" });
  assert.ok(isRunning(status));
  assert.equal(status.restartCount, 0);
});

test("arguments that are no JSON array are refused by their field", async () => {
  for (const args of ["{}", "1", "[1", '["\\ud800"', "\xff"]) {
    const refused = await refusalOf(
      tenant.call({ serviceId: "echo", method: "echo", args: Buffer.from(args, "latin1") }),
    );
    assert.deepEqual([refused.code, refused.fields[0]?.field], ["INVALID_ARGUMENT", "args"], args);
  }
  // Large ones are the guest's to parse: its own time, and its service lives on.
  const large = ` ["${"x".repeat(100_000)}", 1] `;
  const { result } = await tenant.call({ serviceId: "echo", method: "echo", args: Buffer.from(large) });
  assert.equal(Buffer.from(result).toString(), "100000");
  const broken = Buffer.from(large.replace(", 1", "; 1"));
  const unreadable = await refusalOf(tenant.call({ serviceId: "echo", method: "echo", args: broken }));
  assert.equal(unreadable.code, "NOT_SERIALIZABLE");
  assert.equal((await tenant.status({ serviceId: "echo" })).restartCount, 0);
});

test("a source up to the limit is compiled; past it, it is refused", async () => {
  const padded = (bytes: number): Buffer =>
    Buffer.concat([code, Buffer.alloc(bytes - code.length, "//////////////\n")]);
  assert.ok((await tenant.validate({ code: padded(limits.sourceBytesMax) })).valid);
  for (const asked of [
    tenant.deploy({ serviceId: "large", code: padded(limits.sourceBytesMax + 1) }),
    tenant.validate({ code: padded(limits.sourceBytesMax + 1) }),
  ]) {
    const refused = await refusalOf(asked);
    assert.equal(refused.code, "TOO_LARGE");
    assert.match(refused.message, new RegExp(`code is ${limits.sourceBytesMax + 1} bytes`));
  }
});

test("what a Deploy may not ask for is refused by the name of its field", async () => {
  const environment = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`NAME_${i}`, "value"]));
  const cases: readonly (readonly [MessageInitShape<typeof DeployRequestSchema>, code: string, says: RegExp])[] = [
    [{ code: Buffer.alloc(0) }, "INVALID_ARGUMENT", /^code: is missing/],
    [{ serviceId: "x".repeat(129) }, "INVALID_ARGUMENT", /^service_id: must be 1–128/],
    [{ serviceId: "../up" }, "INVALID_ARGUMENT", /^service_id/],
    [
      { instances: limits.instancesPerServiceMax + 1 },
      "INVALID_ARGUMENT",
      /^instances: must be a whole number from 1 to 64/,
    ],
    [{ instances: -1 }, "INVALID_ARGUMENT", /^instances/],
    [
      { environment: environment(limits.environmentCountMax + 1) },
      "QUOTA_EXCEEDED",
      /Environment variables: limit 256, wanted 257/,
    ],
    [
      { environment: { A: "x".repeat(limits.environmentValueBytesMax + 1) } },
      "TOO_LARGE",
      /environment\.A is 32769 bytes/,
    ],
    [{ environment: { "not a name": "x" } }, "INVALID_ARGUMENT", /^environment: "not a name" is no name/],
    [{ resourceLimits: { maxMemoryBytes: 1n } }, "INVALID_ARGUMENT", /^resource_limits\.max_memory_bytes/],
    [{ resourceLimits: { cpuTimeMs: -5 } }, "INVALID_ARGUMENT", /^resource_limits\.cpu_time_ms/],
    [{ resourceLimits: { messageQueueLimit: 2_000_000 } }, "INVALID_ARGUMENT", /^resource_limits\.message_queue_limit/],
    [{ supervision: { maxRestarts: 1_001 } }, "INVALID_ARGUMENT", /^supervision\.max_restarts/],
    [{ requestId: "x".repeat(129) }, "INVALID_ARGUMENT", /^request_id/],
  ];
  for (const [more, reason, says] of cases) {
    const refused = await refusalOf(tenant.deploy({ serviceId: "asks", code, ...more }));
    assert.equal(refused.code, reason, refused.message);
    assert.match(refused.message, says);
  }
  const fits = await tenant.deploy({
    serviceId: "fits",
    code,
    environment: { ...environment(limits.environmentCountMax - 1), LONG: "x".repeat(limits.environmentValueBytesMax) },
  });
  assert.match(fits.pid, /^<0/);
});

test("as many instances as a service may have run; calls go round among them", async () => {
  const { pids } = await tenant.deploy({
    serviceId: "many",
    code: service(`who() { return this.pid; }`),
    instances: limits.instancesPerServiceMax,
  });
  assert.equal(new Set(pids).size, limits.instancesPerServiceMax);
  const asked = await Promise.all(
    Array.from({ length: limits.instancesPerServiceMax }, () => call(tenant, "many", "who")),
  );
  assert.deepEqual(asked.map(String).toSorted(), pids.toSorted());
  await tenant.kill({ serviceId: "many" });
});

test("calls may wait so long and no longer, and go so deep and no deeper", async () => {
  for (const timeoutMs of [-1, limits.callTimeoutMsMax + 1]) {
    const refused = await refusalOf(call(tenant, "echo", "echo", ["a"], { timeoutMs }));
    assert.equal(refused.fields[0]?.field, "timeout_ms");
  }
  await tenant.deploy({
    serviceId: "cycle-a",
    code: service(`async go() { return (await this.lookup("cycle-b")).call.go(); }`),
  });
  await tenant.deploy({
    serviceId: "cycle-b",
    code: service(
      `async go() { try { return await (await this.lookup("cycle-a")).call.go(); } catch (error) { return error.code; } }`,
    ),
  });
  assert.equal(
    await call(tenant, "cycle-a", "go"),
    "CALL_CYCLE",
    "a call that would wait for itself is refused at once",
  );

  const links = 40;
  for (let i = 0; i < links; i++) {
    await tenant.deploy({
      serviceId: `chain-${i}`,
      code: service(`async go(depth: number) {
        try { return await (await this.lookup("chain-${i + 1}")).call.go(depth + 1); }
        catch (error) { return [error.code, depth]; }
      }`),
    });
  }
  const deep = await call(tenant, "chain-0", "go", [1], { timeoutMs: 20_000 });
  assert.ok(Array.isArray(deep));
  assert.equal(deep[0], "CALL_TOO_DEEP");
  assert.ok(Number(deep[1]) >= limits.callChainMax - 1 && Number(deep[1]) <= limits.callChainMax + 1, `at ${deep[1]}`);
});

test("messages for a service that is starting wait for it, so many and no more", async () => {
  await tenant.deploy({
    serviceId: "gate",
    code: gate,
  });
  const deploying = tenant.deploy({
    serviceId: "slow-start",
    code: service(`
      async init() {
        const gate = await this.lookup("gate");
        while (!(await gate.call.isOpen())) await new Promise((done) => setTimeout(done, 20));
      }
      quick() { return 1; }`),
    resourceLimits: { startupTimeoutMs: 60_000 },
  });
  await until("it to start", () =>
    tenant.status({ serviceId: "slow-start" }).then(
      () => true,
      () => false,
    ),
  );
  // One connection carries so many calls at a time.
  const clients = await Promise.all(Array.from({ length: 5 }, () => solo.client("default")));
  const calls = clients.flatMap((client) =>
    Array.from({ length: 240 }, () => call(client, "slow-start", "quick", [], { timeoutMs: 60_000 })),
  );
  const tooMany = calls.length - limits.parkedMessagesMax;
  let ended = 0;
  const settling = Promise.allSettled(calls.map((one) => one.finally(() => ended++)));
  await until("those to be refused for which there is no room", () => ended >= tooMany);
  await call(tenant, "gate", "open");
  const settled = await settling;
  await deploying;
  const refused = settled.filter(({ status }) => status === "rejected").map(refusalIn);
  assert.equal(refused.length, tooMany);
  for (const one of refused) {
    assert.deepEqual([one.code, one.executed, one.retry], ["OVERLOADED", "not_executed", "later"], one.message);
  }
});

test("tenants, pages, times and numbers have their bounds", async () => {
  const refusals = [
    () => admin.createTenant({ tenantId: "x".repeat(65) }),
    () => admin.createTenant({ tenantId: "" }),
    () => admin.issueCertificate({ tenantId: "default", days: 100_000 }),
    () => tenant.queryEvents({ limit: limits.eventsPageMax + 1 }),
    () => tenant.queryEvents({ cursor: -1n }),
    () => tenant.queryEvents({ filter: { eventTypes: ["no_such_type"] } }),
    () => tenant.replayState({ eventId: -1n }),
    () => admin.verifyLog({ expectedHash: "0".repeat(64) }),
    () => tenant.call({ serviceId: "echo", method: "x".repeat(limits.methodNameLengthMax + 1) }),
    () => tenant.kill({ serviceId: "echo", timeoutMs: 600_001 }),
  ];
  for (const [i, asked] of refusals.entries()) {
    const refused = await refusalOf(asked());
    assert.equal(refused.status, "INVALID_ARGUMENT", `${i}: ${refused.message}`);
    assert.notEqual(refused.fields[0]?.field ?? "", "");
  }
});
