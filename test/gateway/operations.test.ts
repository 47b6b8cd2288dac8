import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { LogLevel_Value, ServiceTier, Status_Value, statusOf, readStatus } from "../../src/api/index.ts";
import { defined, isRefusal, limits, parseTenantId, refuse, say } from "../../src/base/index.ts";
import { admin, askerOf, bytes, counter, tenant } from "./asking.ts";
import { makeWorld } from "./world.ts";

const id = (name: string) => defined(parseTenantId(name), name);

test("a deployed service runs, is called, seen, listed and killed", async (t) => {
  const world = await makeWorld(t);
  const { get } = askerOf(world);
  const deployed = await get(admin, "deploy", { serviceId: "counter", code: bytes(counter), instances: 2 });
  assert.equal(deployed.status, Status_Value.RUNNING);
  assert.deepEqual(deployed.pids, ["<0.1.1>", "<0.2.2>"]);
  assert.match(deployed.release, /^[0-9a-f]{64}$/);

  const called = await get(admin, "call", { serviceId: "counter", method: "add", args: bytes("[2]") });
  assert.equal(Buffer.from(called.result).toString(), "2");
  await get(admin, "cast", { serviceId: "counter", method: "add", args: bytes(" [ 3 ] ") });
  const again = await get(admin, "call", { serviceId: "counter", method: "add" });
  assert.equal(Buffer.from(again.result).toString(), "6");
  const nothing = await get(admin, "call", { serviceId: "counter", method: "nothing" });
  assert.equal(nothing.result.length, 0);

  const status = await get(admin, "status", { serviceId: "counter" });
  assert.equal(status.status, Status_Value.RUNNING);
  assert.equal(status.tenantId, "default");
  assert.equal(status.sandbox, "cells run WITHOUT an OS sandbox");
  assert.equal(status.instances.length, 2);
  assert.equal(status.currentUsage?.memoryBytes, 2_000_000n);
  assert.equal(status.currentUsage?.messageQueueLen, 4);
  assert.equal(status.resourceLimits?.maxMemoryBytes, BigInt(128 * 1024 * 1024));
  assert.equal(status.reason, "");

  const list = await get(admin, "list", {});
  assert.deepEqual(
    list.services.map((service) => [service.tenantId, service.serviceId, service.status]),
    [["default", "counter", Status_Value.RUNNING]],
  );
  assert.equal((await get(admin, "list", { filterTier: ServiceTier.SYSTEM })).services.length, 0);

  const killed = await get(admin, "kill", { serviceId: "counter" });
  assert.equal(killed.finalStatus, Status_Value.STOPPED);
  assert.match(killed.reason, /killed by admin/);
  const after = await get(admin, "status", { serviceId: "counter" });
  assert.equal(after.status, Status_Value.STOPPED);
  assert.equal(after.deaths.length, 2);
  assert.equal(after.deaths[0]?.type, "killed");
});

test("a status tells the sandbox's layers if there are any", async (t) => {
  const world = await makeWorld(t);
  const { get } = askerOf(world);
  world.node.sandbox = ["bubblewrap", "seccomp"];
  await get(admin, "deploy", { serviceId: "counter", code: bytes(counter) });
  assert.equal(
    (await get(admin, "status", { serviceId: "counter" })).sandbox,
    "cells run in a sandbox: bubblewrap, seccomp",
  );
});

test("a source that does not compile is refused with every place that is wrong", async (t) => {
  const world = await makeWorld(t);
  const { refusal, get } = askerOf(world);
  const code = bytes("export default class {\n  add( { }\n}");
  const failure = await refusal(admin, "deploy", { serviceId: "bad", code }, "SYNTAX_ERROR");
  assert.equal(failure.detail["file"], "bad.ts");
  assert.equal(failure.detail["line"], 3);
  assert.match(say(failure), /bad\.ts:3:\d+/);
  assert.ok((failure.evidence?.diagnostics?.length ?? 0) > 0);
  const trouble = readStatus(statusOf(failure).details);
  assert.equal(trouble.diagnostics[0]?.line, 3);
  assert.match(trouble.diagnostics[0]?.excerpt ?? "", /\^/);
  assert.equal(trouble.executed, "not_executed");

  const checked = await get(admin, "validate", { code, fileName: "mine.ts" });
  assert.equal(checked.valid, false);
  assert.equal(checked.diagnostics[0]?.file, "mine.ts");
  assert.deepEqual(await get(admin, "validate", { code: bytes(counter) }).then(({ valid }) => valid), true);
});

test("a service that does not start says why, with its stack and last lines", async (t) => {
  const world = await makeWorld(t);
  const { refusal, get } = askerOf(world);
  const code = bytes(`export default class { init() { this.log("about to"); throw new RangeError("no room"); } }`);
  const failure = await refusal(admin, "deploy", { serviceId: "bad", code }, "STARTUP_FAILED");
  const trouble = readStatus(statusOf(failure).details);
  assert.equal(trouble.death?.type, "crashed");
  assert.match(trouble.death?.summary ?? "", /crashed in init: RangeError: no room/);
  assert.match(trouble.stack ?? "", /RangeError: no room\n\s+at /);
  assert.equal(trouble.executed, "executed");
  const status = await get(admin, "status", { serviceId: "bad" });
  assert.equal(status.status, Status_Value.ERROR);
  assert.match(status.reason, /RangeError/);
});

test("what a deploy asks for and this version lacks is refused by name, not ignored", async (t) => {
  const world = await makeWorld(t);
  const { refusal } = askerOf(world);
  const base = { serviceId: "s", code: bytes(counter) };
  const cases: readonly (readonly [Parameters<typeof refusal<"deploy">>[2], string])[] = [
    [{ initialCapabilities: [{ serviceName: "x" }] }, "initial_capabilities"],
    [{ deploymentStrategy: { strategy: { case: "canary", value: {} } } }, "deployment_strategy"],
    [{ enablePersistence: true }, "enable_persistence"],
    [{ persistenceConfig: {} }, "persistence_config"],
  ];
  for (const [extra, field] of cases) {
    const failure = await refusal(admin, "deploy", { ...base, ...(extra as object) }, "UNIMPLEMENTED");
    assert.equal(failure.detail["field"], field);
  }
  for (const [format, name] of [
    [1, "WASM_MODULE"],
    [2, "EXTERNAL_BINARY"],
  ] as const) {
    const failure = await refusal(admin, "deploy", { ...base, format }, "FORMAT_UNSUPPORTED");
    assert.equal(failure.detail["format"], name);
  }
});

test("each field of a deploy that does not fit is refused by its name", async (t) => {
  const world = await makeWorld(t);
  const { refusal } = askerOf(world);
  const base = { serviceId: "s", code: bytes(counter) };
  const cases: readonly (readonly [Parameters<typeof refusal<"deploy">>[2], string])[] = [
    [{ ...base, serviceId: "" }, "service_id"],
    [{ ...base, serviceId: "a b" }, "service_id"],
    [{ ...base, serviceId: "a".repeat(129) }, "service_id"],
    [{ ...base, tenantId: "no way" }, "tenant_id"],
    [{ ...base, code: bytes("") }, "code"],
    [{ ...base, format: 9 as never }, "format"],
    [{ ...base, restart: 7 as never }, "restart"],
    [{ ...base, logLevel: 7 as never }, "log_level"],
    [{ ...base, tier: 7 as never }, "tier"],
    [{ ...base, instances: -1 }, "instances"],
    [{ ...base, instances: limits.instancesPerServiceMax + 1 }, "instances"],
    [{ ...base, supervision: { strategy: 7 as never } }, "supervision.strategy"],
    [{ ...base, supervision: { maxRestarts: -1 } }, "supervision.max_restarts"],
    [{ ...base, supervision: { withinMs: -1 } }, "supervision.within_ms"],
    [{ ...base, resourceLimits: { maxMemoryBytes: 1n } }, "resource_limits.max_memory_bytes"],
    [{ ...base, resourceLimits: { cpuTimeMs: -1 } }, "resource_limits.cpu_time_ms"],
    [{ ...base, resourceLimits: { limitExceededAction: 8 as never } }, "resource_limits.limit_exceeded_action"],
    [{ ...base, environment: { "a-b": "x" } }, "environment"],
    [{ ...base, requestId: "has space" }, "request_id"],
  ];
  for (const [request, field] of cases) {
    const failure = await refusal(admin, "deploy", request, "INVALID_ARGUMENT");
    assert.equal(failure.detail["field"], field);
    const [violation] = readStatus(statusOf(failure).details).fields;
    assert.equal(violation?.field, field);
  }
});

test("source, arguments and environment have limits", async (t) => {
  const world = await makeWorld(t);
  const { refusal, get } = askerOf(world);
  const big = new Uint8Array(limits.sourceBytesMax + 1).fill(32);
  await refusal(admin, "deploy", { serviceId: "s", code: big }, "TOO_LARGE");
  await refusal(admin, "validate", { code: big }, "TOO_LARGE");
  const value = "x".repeat(limits.environmentValueBytesMax + 1);
  await refusal(admin, "deploy", { serviceId: "s", code: bytes(counter), environment: { A: value } }, "TOO_LARGE");
  const many = Object.fromEntries(Array.from({ length: limits.environmentCountMax + 1 }, (_, at) => [`A${at}`, ""]));
  await refusal(admin, "deploy", { serviceId: "s", code: bytes(counter), environment: many }, "QUOTA_EXCEEDED");
  // Each value is short enough; a character that JSON writes as six counts six times.
  const sum = (count: number, text: string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`A${at}`, text]));
  const long = "x".repeat(limits.environmentValueBytesMax);
  await refusal(admin, "deploy", { serviceId: "s", code: bytes(counter), environment: sum(32, long) }, "TOO_LARGE");
  const escaped = "\u0001".repeat(limits.environmentValueBytesMax);
  await refusal(admin, "deploy", { serviceId: "s", code: bytes(counter), environment: sum(6, escaped) }, "TOO_LARGE");
  await get(admin, "deploy", { serviceId: "s0", code: bytes(counter), environment: sum(31, long) });
  await get(admin, "deploy", { serviceId: "s", code: bytes(counter), environment: { A: "1", B: "2" } });
  await refusal(admin, "call", { serviceId: "s", method: "add", args: big }, "TOO_LARGE");
});

test("a deployment that is refused because its service runs stores nothing", async (t) => {
  const world = await makeWorld(t);
  const { get, refusal } = askerOf(world);
  await get(admin, "deploy", { serviceId: "s", code: bytes(counter) });
  const environment = { A: "1" };
  await refusal(
    admin,
    "deploy",
    { serviceId: "s", code: bytes(`${counter}\n// other`), environment },
    "SERVICE_EXISTS",
  );
  await world.createTenant("later");
  using database = new DatabaseSync(join(world.dir, "log.sqlite"), { readOnly: true });
  assert.equal(database.prepare("SELECT count(*) AS n FROM artifacts").get()?.["n"], 3);
});

test("arguments that are no JSON array are refused with the problem", async (t) => {
  const world = await makeWorld(t);
  const { refusal } = askerOf(world);
  for (const args of ["{}", "1", "[1", "nope"]) {
    const failure = await refusal(
      admin,
      "call",
      { serviceId: "s", method: "m", args: bytes(args) },
      "INVALID_ARGUMENT",
    );
    assert.equal(failure.detail["field"], "args");
  }
  const latin = Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d);
  await refusal(admin, "cast", { serviceId: "s", method: "m", args: latin }, "INVALID_ARGUMENT");
  const large = "x".repeat(64 * 1024);
  for (const text of [`"${large}"`, `{"a":"${large}"}`, `["${large}"`, " ".repeat(70_000)]) {
    await refusal(admin, "call", { serviceId: "s", method: "m", args: bytes(text) }, "INVALID_ARGUMENT");
  }
  const largeLatin = Buffer.from(`["${large}\xff"]`, "latin1");
  await refusal(admin, "call", { serviceId: "s", method: "m", args: largeLatin }, "INVALID_ARGUMENT");
  await refusal(admin, "call", { serviceId: "s", method: "" }, "INVALID_ARGUMENT");
  await refusal(admin, "call", { serviceId: "s", method: "m".repeat(129) }, "INVALID_ARGUMENT");
  await refusal(admin, "call", { serviceId: "s", method: "m", timeoutMs: -1 }, "INVALID_ARGUMENT");
  await refusal(admin, "call", { serviceId: "s", method: "m", timeoutMs: 600_001 }, "INVALID_ARGUMENT");
});

test("a call that fails carries the guest's stack and whether it ran", async (t) => {
  const world = await makeWorld(t);
  const { refusal, get } = askerOf(world);
  await get(admin, "deploy", { serviceId: "counter", code: bytes(counter) });
  const failure = await refusal(admin, "call", { serviceId: "counter", method: "fail" }, "CALL_FAILED");
  assert.equal(say(failure), "counter.fail threw TypeError: no such luck");
  const trouble = readStatus(statusOf(failure).details);
  assert.match(trouble.stack ?? "", /TypeError: no such luck/);
  assert.equal(trouble.executed, "executed");
  const missing = await refusal(admin, "call", { serviceId: "counter", method: "nope" }, "METHOD_NOT_FOUND");
  assert.equal(readStatus(statusOf(missing).details).executed, "not_executed");
  await refusal(admin, "call", { serviceId: "ghost", method: "x" }, "SERVICE_NOT_FOUND");
  await refusal(admin, "cast", { serviceId: "ghost", method: "x" }, "SERVICE_NOT_FOUND");
  await refusal(admin, "call", { serviceId: "x", method: "x", tenantId: "ghost" }, "TENANT_NOT_FOUND");
  await refusal(admin, "cast", { serviceId: "x", method: "x", tenantId: "ghost" }, "TENANT_NOT_FOUND");
});

test("a repeated request_id returns the first answer, and another request under it is refused", async (t) => {
  const world = await makeWorld(t);
  const { refusal, get } = askerOf(world);
  const request = { serviceId: "counter", code: bytes(counter), requestId: "r-1", environment: { A: "1", B: "2" } };
  const first = await get(admin, "deploy", request);
  const second = await get(admin, "deploy", { ...request, environment: { B: "2", A: "1" } });
  assert.deepEqual(second.pids, first.pids);
  await refusal(admin, "deploy", { ...request, serviceId: "other" }, "REQUEST_ID_REUSED");
  await refusal(admin, "deploy", { ...request, requestId: "r-2" }, "SERVICE_EXISTS");

  const killed = await get(admin, "kill", { serviceId: "counter", requestId: "r-3" });
  assert.deepEqual(await get(admin, "kill", { serviceId: "counter", requestId: "r-3" }), killed);
  await get(admin, "createTenant", { tenantId: "t1", requestId: "r-4" });
  await get(admin, "createTenant", { tenantId: "t1", requestId: "r-4" });
  await refusal(admin, "createTenant", { tenantId: "t1", requestId: "r-5" }, "TENANT_EXISTS");
});

test("from the log nobody can guess what a request held: its fingerprint needs the node's key", async (t) => {
  const [world, elsewhere] = [await makeWorld(t), await makeWorld(t)];
  const fingerprints = [];
  for (const { log, ports } of [world, elsewhere]) {
    const runner = askerOf({ ...world, ports });
    const request = { serviceId: "counter", code: bytes(counter), requestId: "r", environment: { PIN: "1234" } };
    await runner.get(admin, "deploy", request);
    await runner.get(admin, "deploy", request);
    const page = await log.query({ types: ["deployment_requested"] });
    assert.ok(!isRefusal(page));
    const [event] = page.events;
    assert.ok(event?.type === "deployment_requested" && page.events.length === 1);
    fingerprints.push(event.payload?.request?.fingerprint);
  }
  assert.match(fingerprints[0] ?? "", /^[0-9a-f]{64}$/);
  assert.notEqual(fingerprints[0], fingerprints[1]);
});

test("a certificate is shown once: the same request_id cannot show it again", async (t) => {
  const world = await makeWorld(t);
  const { refusal, get } = askerOf(world);
  const request = { tenantId: "default", requestId: "c-1", days: 10 };
  const issued = await get(admin, "issueCertificate", request);
  assert.match(issued.privateKeyPem, /BEGIN PRIVATE KEY/);
  await refusal(admin, "issueCertificate", request, "CERTIFICATE_ISSUED");
  await refusal(admin, "issueCertificate", { tenantId: "ghost" }, "TENANT_NOT_FOUND");
  await refusal(admin, "issueCertificate", { tenantId: "" }, "INVALID_ARGUMENT");
  await refusal(admin, "issueCertificate", { tenantId: "default", role: 1 }, "INVALID_ARGUMENT");
  await refusal(admin, "issueCertificate", { tenantId: "default", role: 5 as never }, "INVALID_ARGUMENT");
  await refusal(admin, "issueCertificate", { tenantId: "default", days: 3_651 }, "INVALID_ARGUMENT");
  const { events } = await get(admin, "queryEvents", { filter: { eventTypes: ["certificate_issued"] } });
  assert.equal(events.length, 1);
  assert.equal(events[0]?.payload?.["fingerprint"], issued.fingerprint);
  assert.doesNotMatch(JSON.stringify(events[0]?.payload), /PRIVATE KEY/);
});

test("to a tenant, another's service is exactly as if it were not there", async (t) => {
  const world = await makeWorld(t);
  const { ask, get } = askerOf(world);
  const [one, two] = [await world.createTenant("one"), await world.createTenant("two")];
  await get(tenant(one), "deploy", { serviceId: "secret", code: bytes(counter) });

  const shape = (answer: unknown): string =>
    JSON.stringify(answer).replaceAll("ghost", "one").replaceAll("nothing-here", "secret");
  // By name alone, another's service and none at all are told apart by nothing.
  for (const name of ["status", "kill", "call", "cast"] as const) {
    const theirs = await ask(tenant(two), name, { serviceId: "secret", method: "add" });
    const none = await ask(tenant(two), name, { serviceId: "nothing-here", method: "add" });
    assert.equal((theirs as { refused?: string }).refused, "SERVICE_NOT_FOUND");
    assert.equal(shape(theirs), shape(none), name);
  }
  // Nor are another tenant and no tenant.
  for (const name of ["status", "kill", "call", "cast", "list", "deploy", "replayState"] as const) {
    const request = { serviceId: "secret", method: "add", code: bytes(counter) };
    const theirs = await ask(tenant(two), name, { ...request, tenantId: "one" });
    const none = await ask(tenant(two), name, { ...request, tenantId: "ghost" });
    assert.equal((theirs as { refused?: string }).refused, "TENANT_NOT_FOUND", name);
    assert.equal(shape(theirs), shape(none), name);
  }
  const filtered = await ask(tenant(two), "queryEvents", { filter: { tenantId: "one" } });
  const unfiltered = await ask(tenant(two), "queryEvents", { filter: { tenantId: "ghost" } });
  assert.equal((filtered as { refused?: string }).refused, "TENANT_NOT_FOUND");
  assert.equal(shape(filtered), shape(unfiltered));
  assert.equal((await get(tenant(two), "list", {})).services.length, 0);
  // Each may use the same name.
  const mine = await get(tenant(two), "deploy", { serviceId: "secret", code: bytes(counter) });
  assert.equal(mine.pid, "<0.1.1>");
  assert.equal(
    (await get(tenant(one), "status", { serviceId: "secret", tenantId: "one" })).status,
    Status_Value.RUNNING,
  );
});

test("a tenant may not do what is for administrators", async (t) => {
  const world = await makeWorld(t);
  const { refusal } = askerOf(world);
  const one = tenant(await world.createTenant("one"));
  await refusal(one, "createTenant", { tenantId: "x" }, "NOT_ADMIN");
  await refusal(one, "deleteTenant", { tenantId: "default" }, "NOT_ADMIN");
  await refusal(one, "listTenants", {}, "NOT_ADMIN");
  await refusal(one, "issueCertificate", { tenantId: "one" }, "NOT_ADMIN");
  await refusal(one, "verifyLog", {}, "NOT_ADMIN");
  await refusal(one, "shutdown", {}, "NOT_ADMIN");
  await refusal(one, "deploy", { serviceId: "s", code: bytes(counter), tier: ServiceTier.SYSTEM }, "NOT_ADMIN");
  assert.deepEqual(world.node.shutdowns, []);
});

test("operations that are not there yet are refused as such", async (t) => {
  const world = await makeWorld(t);
  const { refusal } = askerOf(world);
  for (const name of ["hotSwap", "update", "rollback", "grantCapability", "storeSecret"] as const) {
    const failure = await refusal(admin, name, {}, "UNIMPLEMENTED");
    assert.equal(statusOf(failure).code, 12);
  }
});

test("a read-only node refuses changes and answers reads", async (t) => {
  const world = await makeWorld(t);
  const { refusal, get } = askerOf(world);
  await get(admin, "deploy", { serviceId: "counter", code: bytes(counter) });
  for (const no of [
    refuse("SAFE_MODE", { why: "it kept failing" }),
    refuse("SHUTTING_DOWN"),
    refuse("STARTING"),
    refuse("DISK_NEARLY_FULL", { freeBytes: 1, limit: 2 }),
  ]) {
    world.node.readOnly = no;
    await refusal(admin, "deploy", { serviceId: "x", code: bytes(counter) }, no.refused);
    await refusal(admin, "kill", { serviceId: "counter" }, no.refused);
    await refusal(admin, "createTenant", { tenantId: "x" }, no.refused);
    await refusal(admin, "issueCertificate", { tenantId: "default" }, no.refused);
    assert.equal((await get(admin, "status", { serviceId: "counter" })).status, Status_Value.RUNNING);
    await get(admin, "call", { serviceId: "counter", method: "add" });
    await get(admin, "queryEvents", {});
  }
  assert.equal((await get(admin, "shutdown", { timeoutSeconds: 5 })).actualShutdownTimeSeconds, 2);
  assert.deepEqual(world.node.shutdowns, ["asked by admin"]);
  await refusal(admin, "shutdown", { timeoutSeconds: -1 }, "INVALID_ARGUMENT");
  await get(admin, "shutdown", { requestId: "s" });
  assert.equal(world.node.shutdowns.length, 2, "a name for the request, too, asks for no more than can be written");
  await refusal(admin, "shutdown", { requestId: "no name" }, "INVALID_ARGUMENT");
});

test("a deleted tenant's certificate opens nothing", async (t) => {
  const world = await makeWorld(t);
  const { refusal, get } = askerOf(world);
  const one = tenant(await world.createTenant("one"));
  await get(one, "deploy", { serviceId: "counter", code: bytes(counter) });
  await get(admin, "deleteTenant", { tenantId: "one" });
  for (const name of ["list", "status", "deploy", "queryEvents", "call"] as const) {
    await refusal(one, name, {}, "CERTIFICATE_UNKNOWN");
  }
  await refusal(tenant(id("never")), "list", {}, "CERTIFICATE_UNKNOWN");
  await refusal(admin, "deleteTenant", { tenantId: "ghost" }, "TENANT_NOT_FOUND");
  await refusal(admin, "deleteTenant", { tenantId: "no good" }, "INVALID_ARGUMENT");
});

test("tenants are listed with what they have", async (t) => {
  const world = await makeWorld(t);
  const { get } = askerOf(world);
  await world.createTenant("one");
  await get(admin, "deploy", { serviceId: "counter", code: bytes(counter), tenantId: "one" });
  const { tenants } = await get(admin, "listTenants", {});
  assert.deepEqual(
    tenants.map(({ tenantId, services, phase }) => [tenantId, services, phase]),
    [
      ["default", 0, "active"],
      ["one", 1, "active"],
    ],
  );
});

test("a builder that is not there is not the source's fault", async (t) => {
  const world = await makeWorld(t);
  const { refusal } = askerOf(world);
  world.builder.refuses = refuse("BUILDER_UNAVAILABLE", { why: "it ended" });
  const failure = await refusal(admin, "deploy", { serviceId: "s", code: bytes(counter) }, "BUILDER_UNAVAILABLE");
  assert.equal(readStatus(statusOf(failure).details).retry, "later");
  await refusal(admin, "validate", { code: bytes(counter) }, "BUILDER_UNAVAILABLE");
});

test("a bug answers with an incident's name and none of its insides", async (t) => {
  const world = await makeWorld(t);
  const broken = { ...world, ports: { ...world.ports, usage: () => Promise.reject(new Error("inner secret")) } };
  const asker = askerOf(broken);
  await asker.get(admin, "deploy", { serviceId: "counter", code: bytes(counter) });
  const failure = await asker.refusal(admin, "status", { serviceId: "counter" }, "INTERNAL");
  assert.doesNotMatch(JSON.stringify(failure), /secret/);
  assert.match(say(failure), /incident [0-9a-f]{12}/);
  assert.equal((asker.incidents[0] as Error).message, "inner secret");
});

test("refusals of what is not one's own are counted in the log", async (t) => {
  const world = await makeWorld(t);
  const { refusal } = askerOf(world);
  const one = tenant(await world.createTenant("one"));
  await refusal(one, "shutdown", {}, "NOT_ADMIN");
  await refusal(one, "shutdown", {}, "NOT_ADMIN");
  await refusal(one, "status", { serviceId: "s", tenantId: "default" }, "TENANT_NOT_FOUND");
  const page = await world.log.observations({ tenant: "one" });
  assert.ok("rows" in page);
  assert.deepEqual(
    page.rows
      .map(({ type, subject, detail, count }) => [type, subject, detail, count])
      .toSorted((a, b) => (String(a[1]) < String(b[1]) ? -1 : 1)),
    [
      ["request_refused", "Shutdown", "NOT_ADMIN", 2],
      ["request_refused", "Status", "TENANT_NOT_FOUND", 1],
    ],
  );
});

test("a log level that is left out means INFO", async (t) => {
  const world = await makeWorld(t);
  const { get } = askerOf(world);
  await get(admin, "deploy", { serviceId: "a", code: bytes(counter) });
  await get(admin, "deploy", { serviceId: "b", code: bytes(counter), logLevel: LogLevel_Value.ERROR });
  const services = world.turns.state.tenants.get(id("default"))?.services;
  assert.deepEqual(
    [...(services?.values() ?? [])].map(({ release }) => release.logLevel),
    ["INFO", "ERROR"],
  );
});
