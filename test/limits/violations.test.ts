/** Limits of services and tenants, reached: what is over is told of, and what the service chose happens. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ResourceLimits } from "../../src/api/index.ts";
import { ResourceLimitAction_Value } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, gate, isRunning, refusalOf, service, untilStatus } from "../e2e/asking.ts";
import { call, Solo, until } from "../e2e/solo.ts";

let solo: Solo;
let tenant: SoloClient;

before(async () => {
  solo = await Solo.start({
    // How late this machine is by itself is not looked at here.
    config: {
      monitor_interval_ms: 100,
      event_loop_delay_ms_max: 60_000,
      tenant_memory_max_mb: 64,
      tenant_processes_max: 12,
    },
  });
  tenant = await solo.client("default");
});
after(() => solo[Symbol.asyncDispose]());

/** Keeps as much as it is told to, in buffers. */
const hog = service(`
  init() { return { kept: [] }; }
  keep(megabytes: number) { this.state.kept = Array.from({ length: megabytes }, () => new Uint8Array(1024 * 1024).fill(1)); }
  churn() { for (let i = 0; i < 40; i++) new Uint8Array(1024 * 1024); }
  ping() { return "pong"; }`);

const mebibyte = 1024n * 1024n;
type Limits = Partial<Pick<ResourceLimits, "maxMemoryBytes" | "limitExceededAction" | "messageQueueLimit">>;

async function deploy(serviceId: string, resourceLimits: Limits, client = tenant): Promise<void> {
  await client.deploy({ serviceId, code: hog, resourceLimits });
}

const violationsOf = async (serviceId: string, client = tenant): Promise<Record<string, unknown>[]> =>
  (await eventsOf(client, ["resource_violation"]))
    .filter(({ subject }) => subject === serviceId)
    .map(({ payload }) => payload as Record<string, unknown>);

/** The line of its log that matches; it must come. */
async function lineOf(serviceId: string, pattern: RegExp): Promise<string> {
  for await (const { event } of tenant.watch({ serviceId, includeLogs: true, tailLines: 1_000 })) {
    if (event.case === "log" && pattern.test(event.value.message)) return event.value.level;
  }
  return assert.fail("the stream ended");
}

test("a service that is over its memory and only wants a warning goes on; entering and leaving are told, once", async () => {
  await deploy("warned", { maxMemoryBytes: 8n * mebibyte, limitExceededAction: ResourceLimitAction_Value.WARN });
  await call(tenant, "warned", "keep", [10]);
  await until("the violation", async () => (await violationsOf("warned")).length === 1);
  assert.equal(await call(tenant, "warned", "ping"), "pong");
  assert.equal(await lineOf("warned", /^over its limit: \d+ of at most 8388608 bytes of memory \(.*: warn\)$/), "WARN");
  await call(tenant, "warned", "keep", [0]);
  // Garbage is collected when there is need.
  await until("the end of the violation", async () => {
    await call(tenant, "warned", "churn");
    return (await violationsOf("warned")).length >= 2;
  });
  const [entered, left] = await violationsOf("warned");
  assert.deepEqual([entered?.["phase"], entered?.["what"], entered?.["action"]], ["entered", "memory", "warn"]);
  assert.ok(Number(entered?.["used"]) > 8 * 1024 * 1024);
  assert.ok(left?.["phase"] === "left" && Number(left["looks"]) >= 2);
  assert.ok(Number(left["peak"]) >= Number(entered?.["used"]));
  assert.equal(await lineOf("warned", /^back under its limit: \d+ of at most 8388608 bytes of memory$/), "INFO");
  assert.equal((await tenant.status({ serviceId: "warned" })).restartCount, 0);
});

test("a throttled service takes no new work, says so with a retry hint, and takes it again when it is back under", async () => {
  await tenant.deploy({
    serviceId: "gate",
    code: gate,
  });
  // What makes it sober it does by itself, when the gate is open: no work reaches it.
  await tenant.deploy({
    serviceId: "sobering",
    resourceLimits: { maxMemoryBytes: 8n * mebibyte, limitExceededAction: ResourceLimitAction_Value.THROTTLE },
    code: service(`
      init() { return { kept: [] }; }
      binge() {
        this.state.kept = Array.from({ length: 13 }, () => new Uint8Array(1024 * 1024).fill(1));
        this.every(20, "look");
      }
      async onMessage() {
        if (await (await this.lookup("gate")).call.isOpen()) this.state.kept = [new Uint8Array(1024 * 1024)];
      }
      ping() { return "pong"; }`),
  });
  await tenant.deploy({
    serviceId: "neighbour",
    code: service(`async ask() {
      try { return await (await this.lookup("sobering")).call.ping(); } catch (error) { return error.code; }
    }`),
  });
  await call(tenant, "sobering", "binge");
  await until("it to be throttled", async () => (await violationsOf("sobering")).length === 1);
  const refused = await refusalOf(call(tenant, "sobering", "ping"));
  assert.deepEqual(
    [refused.code, refused.status, refused.executed, refused.retry],
    ["OVERLOADED", "RESOURCE_EXHAUSTED", "not_executed", "later"],
  );
  assert.match(refused.message, /sobering is full \(throttled: \d+ of at most 8388608 bytes of memory\)/);
  assert.equal(refused.retryDelayMs, 100);
  assert.equal((await refusalOf(tenant.cast({ serviceId: "sobering", method: "ping" }))).code, "OVERLOADED");
  await until(
    "its neighbours to be refused too",
    async () => (await call(tenant, "neighbour", "ask")) === "OVERLOADED",
  );
  await call(tenant, "gate", "open");
  await until("it to be back under", async () => (await violationsOf("sobering")).length >= 2);
  await until("it to take work", () =>
    call(tenant, "sobering", "ping").then(
      (pong) => pong === "pong",
      () => false,
    ),
  );
  await until("its neighbours to be answered", async () => (await call(tenant, "neighbour", "ask")) === "pong");
});

test("a tenant that is over its total loses the service that has most of it, and its supervisor starts it again", async () => {
  const team = await solo.tenant("team");
  for (const name of ["modest", "greedy"]) await deploy(name, {}, team);
  await call(team, "modest", "keep", [25]);
  await call(team, "greedy", "keep", [50]);
  const status = await untilStatus(
    team,
    "greedy",
    "dies and runs again",
    (seen) => seen.restartCount > 0 && isRunning(seen),
  );
  const [death] = status.deaths;
  assert.equal(death?.type, "limit_exceeded");
  assert.match(
    death.summary,
    /^limit exceeded: its tenant has \d+ of at most 67108864 bytes of memory, most of it here$/,
  );
  assert.equal((await team.status({ serviceId: "modest" })).restartCount, 0);
  assert.deepEqual(
    (await violationsOf("greedy", team)).map(({ what, phase, action }) => [what, phase, action]),
    [["tenant_memory", "entered", "kill"]],
  );
});

test("a service whose mailbox stays full ends in a mailbox overflow", async () => {
  await tenant.deploy({
    serviceId: "stuck",
    resourceLimits: { messageQueueLimit: 5 },
    code: service(`
      hang() { return new Promise(() => {}); }
      ping() {}`),
  });
  await tenant.cast({ serviceId: "stuck", method: "hang" });
  for (let i = 0; i < 6; i++) await tenant.cast({ serviceId: "stuck", method: "ping" });
  const status = await untilStatus(
    tenant,
    "stuck",
    "dies and runs again",
    (seen) => seen.restartCount > 0 && isRunning(seen),
  );
  assert.deepEqual(status.errors, ["mailbox overflow (limit 5 messages)"]);
});

test("a tenant has so many processes, and no more", async () => {
  const crowd = await solo.tenant("crowd");
  await crowd.deploy({ serviceId: "ten", code: hog, instances: 10 });
  const refused = await refusalOf(crowd.deploy({ serviceId: "three", code: hog, instances: 3 }));
  assert.deepEqual([refused.code, refused.status], ["QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED"]);
  assert.match(refused.message, /Processes of a tenant: limit 12, wanted 13/);
  await crowd.deploy({ serviceId: "two", code: hog, instances: 2 });
  const own = await refusalOf(
    crowd.deploy({ serviceId: "own", code: hog, instances: 2, resourceLimits: { maxProcesses: 1 } }),
  );
  assert.match(own.message, /Processes of a service: limit 1, wanted 2/);
});
