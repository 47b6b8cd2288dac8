/** The whole node may die at any moment: nothing of it is left, and the next start brings everything back. */
import assert from "node:assert/strict";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { Status_Value } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, isGapFree, isRunning, refusalOf, untilStatus } from "./asking.ts";
import { call, example, kill9, Solo, until } from "./solo.ts";

const started = ["third", "first", "second", "with-three"] as const;

/** Services that run, one that was killed, one that never started, and a tenant of its own. */
async function populate(solo: Solo): Promise<void> {
  const tenant = await solo.client("default");
  const code = await example("counter");
  for (const serviceId of started) {
    await tenant.deploy({
      serviceId,
      code,
      instances: serviceId === "with-three" ? 3 : 1,
      requestId: `make-${serviceId}`,
    });
  }
  await tenant.deploy({ serviceId: "killed", code });
  await tenant.kill({ serviceId: "killed" });
  const failing = Buffer.from(`import { Service } from "solo:service";
    export default class A extends Service { init() { throw new Error("not today"); } }`);
  await refusalOf(tenant.deploy({ serviceId: "failing", code: failing }));
  const other = await solo.tenant("other");
  await other.deploy({ serviceId: "first", code });
  assert.equal(await call(tenant, "first", "add", [5]), 5);
}

const pidsOf = async (client: SoloClient): Promise<ReadonlyMap<string, string>> =>
  new Map((await client.list({})).services.map(({ tenantId, serviceId, pid }) => [`${tenantId}/${serviceId}`, pid]));

async function expectAllBack(solo: Solo, before: ReadonlyMap<string, string>): Promise<void> {
  const admin = await solo.client("admin");
  const tenant = await solo.client("default");
  for (const serviceId of started) await untilStatus(tenant, serviceId, "runs again", isRunning);
  await until("the other tenant's service to run", async () =>
    isRunning(await admin.status({ tenantId: "other", serviceId: "first" })),
  );
  const after = await pidsOf(admin);
  for (const serviceId of started)
    assert.notEqual(after.get(`default/${serviceId}`), before.get(`default/${serviceId}`));
  assert.equal((await tenant.status({ serviceId: "with-three" })).instances.length, 3);
  assert.equal(await call(tenant, "first", "add", [1]), 1, "a new incarnation has a new state");

  const killed = await tenant.status({ serviceId: "killed" });
  assert.deepEqual([killed.status, killed.reason], [Status_Value.STOPPED, "killed by tenant default"]);
  const failing = await tenant.status({ serviceId: "failing" });
  assert.deepEqual([failing.status, failing.reason], [Status_Value.ERROR, "crashed in init: Error: not today"]);
  assert.equal((await refusalOf(call(tenant, "killed", "get"))).code, "SERVICE_NOT_RUNNING");
  assert.equal((await admin.verifyLog({})).valid, true);
  assert.ok(isGapFree(await eventsOf(admin)));
}

/** The services whose first lives after the newest start of a node began, in order. */
async function orderOfLastStart(client: SoloClient): Promise<readonly string[]> {
  const events = await eventsOf(client, ["kernel_started", "service_restarting"]);
  const boot = events.findLastIndex(({ eventType }) => eventType === "kernel_started");
  return [...new Set(events.slice(boot + 1).map(({ tenantId, subject }) => `${tenantId}/${subject}`))];
}

const isListening = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTcp({ host: "127.0.0.1", port: Number(address.split(":")[1]) });
    socket.once("connect", () => socket.destroy()).once("error", () => resolve(false));
    socket.once("close", (failed) => resolve(!failed));
  });

test("killing init with -9 takes all processes along; started again, services are back in order", async () => {
  await using solo = await Solo.start();
  await populate(solo);
  const before = await pidsOf(await solo.client("admin"));
  const noted = await (await solo.client("admin")).verifyLog({});
  assert.ok(solo.processes().length >= 4, "kernel, builder, cells");
  kill9(solo.initPid);
  await solo.ended;
  await until("the end of every process", () => solo.left().length === 0);
  await until("nobody to listen", async () => !(await isListening(solo.address)));

  await solo.startAgain();
  await expectAllBack(solo, before);
  const admin = await solo.client("admin");
  assert.deepEqual(await orderOfLastStart(admin), [
    "default/third",
    "default/first",
    "default/second",
    "default/with-three",
    "other/first",
  ]);
  const verified = await admin.verifyLog({ expectedId: noted.headId, expectedHash: noted.headHash });
  assert.equal(verified.valid, true, "the log goes on from where it was");
  const tenant = await solo.client("default");
  const repeated = await tenant.deploy({
    serviceId: "first",
    code: await example("counter"),
    instances: 1,
    requestId: "make-first",
  });
  assert.equal(repeated.pid, before.get("default/first"), "a request from before is answered as it was");
});

test("killing every process at once while changes flow: what was acknowledged is there after the next start", async () => {
  await using solo = await Solo.start();
  await populate(solo);
  const tenant = await solo.client("default");
  const admin = await solo.client("admin");
  const before = await pidsOf(admin);
  const code = await example("counter");
  const acknowledged: string[] = [];
  const changing = Array.from({ length: 4 }, async (_, worker) => {
    for (let i = 0; ; i++) {
      await tenant.deploy({ serviceId: `flow-${worker}-${i}`, code }, { retryForMs: 0 });
      acknowledged.push(`flow-${worker}-${i}`);
    }
  });
  const ends = Promise.allSettled(changing);
  await until("changes to flow", () => acknowledged.length >= 12);
  kill9(solo.initPid, ...solo.processes().map(({ pid }) => pid));
  await ends;
  await until("the end of every process", () => solo.left().length === 0);

  await solo.startAgain();
  await expectAllBack(solo, before);
  const again = await solo.client("default");
  for (const serviceId of acknowledged) await untilStatus(again, serviceId, "runs again", isRunning);
});

test("a node that is stopped and started again says so, and services go on with new incarnations", async () => {
  await using solo = await Solo.start();
  await populate(solo);
  const before = await pidsOf(await solo.client("admin"));
  assert.equal(await solo.stop(), 0);
  await solo.startAgain();
  await expectAllBack(solo, before);
  const admin = await solo.client("admin");
  const [stopped] = await eventsOf(admin, ["system_stopped"]);
  assert.deepEqual(stopped?.payload, { outcome: "clean", misfits: 0 });
  const status = await (await solo.client("default")).status({ serviceId: "first" });
  assert.equal(status.restartCount, 0, "the end of its node is not the service's fault");
});
