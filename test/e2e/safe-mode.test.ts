/** A kernel that crash-loops ends in read-only safe mode: what runs goes on and can be called, what is there can be read. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { Status_Value } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, isRunning, refusalOf, untilStatus } from "./asking.ts";
import { call, example, Solo, until } from "./solo.ts";

let solo: Solo;
let admin: SoloClient;
let tenant: SoloClient;
let lastGood: bigint;

const change = (sql: string): void => {
  using database = new DatabaseSync(join(solo.dataDir, "log.sqlite"));
  database.exec(sql);
};

/** An event that only a newer Solo could read is in the log: no kernel of this one gets past it. */
before(async () => {
  solo = await Solo.start();
  admin = await solo.client("admin");
  tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "counter", code: await example("counter") });
  for (const name of ["pipeline-sink", "pipeline-transform", "pipeline-source"]) {
    await tenant.deploy({ serviceId: name, code: await example(name) });
  }
  await tenant.deploy({ serviceId: "crasher", code: await example("crasher") });
  await tenant.deploy({ serviceId: "gone", code: await example("counter") });
  assert.equal(await call(tenant, "counter", "add", [41]), 41);
  lastGood = (await admin.verifyLog({})).headId;
  await tenant.kill({ serviceId: "gone" });
  change(`UPDATE events SET version = 99 WHERE id > ${lastGood}; DELETE FROM snapshots;`);
  await solo.killKernel();
  await until("safe mode", () => solo.stderr.includes("is ready, in READ-ONLY SAFE MODE"), 120_000);
});
after(() => solo[Symbol.asyncDispose]());

test("init says loudly that the kernel keeps failing, and what its last words were", () => {
  assert.match(solo.stderr, /the kernel keeps failing: it is started in READ-ONLY SAFE MODE; services keep running/);
  assert.match(solo.stderr, /was written by a newer Solo/);
});

test("services that run keep running with their state, and are called, by clients and by each other", async () => {
  assert.equal(await call(tenant, "counter", "get"), 41);
  assert.equal(await call(tenant, "counter", "add", [1]), 42);
  assert.deepEqual(await call(tenant, "pipeline-source", "read", ["a b"]), { lines: 1, words: 2 });
  await tenant.cast({ serviceId: "counter", method: "reset" });
  assert.equal(await call(tenant, "counter", "get"), 0);
});

test("reads show the state up to the event that cannot be replayed", async () => {
  // A cell that is busy may not say in time.
  const status = await untilStatus(
    tenant,
    "counter",
    "tells what it uses",
    ({ currentUsage }) => (currentUsage?.memoryBytes ?? 0n) > 0n,
  );
  assert.ok(isRunning(status));
  const { services } = await tenant.list({});
  assert.deepEqual(
    services.map(({ serviceId }) => serviceId),
    ["counter", "pipeline-sink", "pipeline-transform", "pipeline-source", "crasher", "gone"],
  );
  assert.ok((await admin.listTenants({})).tenants.some(({ tenantId }) => tenantId === "default"));
  for await (const { event } of tenant.watch({ serviceId: "counter" })) {
    assert.equal(event.case === "statusChange" && event.value.newStatus, Status_Value.RUNNING);
    break;
  }
  assert.ok((await tenant.validate({ code: await example("counter") })).valid);
});

test("every change is refused SAFE_MODE, with what happened and what to do", async () => {
  const code = await example("counter");
  const changes = [
    () => tenant.deploy({ serviceId: "more", code }),
    () => tenant.kill({ serviceId: "counter" }),
    () => admin.createTenant({ tenantId: "more" }),
    () => admin.deleteTenant({ tenantId: "default" }),
    () => admin.issueCertificate({ tenantId: "default" }),
  ];
  for (const changing of changes) {
    const refused = await refusalOf(changing());
    assert.deepEqual([refused.code, refused.status], ["SAFE_MODE", "FAILED_PRECONDITION"]);
    assert.match(refused.message, /replay stops at event \d+/);
    assert.doesNotMatch(refused.message, /file:|\.ts/, "the kernel's own stack is nobody else's business");
    assert.match(refused.remedy, /kernel's log/);
  }
  assert.ok(isRunning(await tenant.status({ serviceId: "counter" })));
});

test("a service that ends in safe mode is not restarted; its callers are told", async () => {
  const crashed = await refusalOf(call(tenant, "crasher", "crash", ["now"]));
  assert.equal(crashed.code, "CALL_FAILED");
  const refused = await refusalOf(call(tenant, "crasher", "work"));
  assert.deepEqual([refused.code, refused.executed], ["SERVICE_NOT_RUNNING", "not_executed"]);
});

test("Status never says RUNNING of a service that ended in safe mode", async () => {
  const status = await tenant.status({ serviceId: "crasher" });
  assert.equal(status.status, Status_Value.ERROR);
  assert.match(status.reason, /ended in safe mode/);
  const listed = (await tenant.list({})).services.find(({ serviceId }) => serviceId === "crasher");
  assert.equal(listed?.status, Status_Value.ERROR);
  assert.ok(isRunning(await tenant.status({ serviceId: "counter" })), "of others that run, it is said");
});

test("VerifyLog names the event that was altered", async () => {
  const { valid, firstBadId } = await admin.verifyLog({});
  assert.deepEqual([valid, firstBadId], [false, lastGood + 1n]);
});

test("once the log is mended, a new start leaves safe mode, and nothing was lost", async () => {
  assert.equal(await solo.stop(), 0);
  assert.doesNotMatch(solo.stderr, /cut off/, "its services ended in order all the same");
  change(`UPDATE events SET version = 1 WHERE version = 99`);
  await solo.startAgain();
  admin = await solo.client("admin");
  tenant = await solo.client("default");
  await untilStatus(tenant, "counter", "runs again", isRunning);
  assert.equal((await tenant.status({ serviceId: "gone" })).reason, "killed by tenant default");
  assert.equal((await admin.verifyLog({})).valid, true);
  const starts = await eventsOf(admin, ["kernel_started"]);
  assert.equal(starts.length, 2, "kernels that only read wrote nothing");
  await admin.createTenant({ tenantId: "more" });
});
