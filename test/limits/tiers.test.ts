/** System services have cells of their own, are the administrator's to end, and answer soon or not at all. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ServiceTier } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, isRunning, refusalOf, service } from "../e2e/asking.ts";
import { call, Solo } from "../e2e/solo.ts";

let solo: Solo;
let admin: SoloClient;
let tenant: SoloClient;

const code = service(`
  hang() { return new Promise(() => {}); }
  ping() { return "pong"; }`);

before(async () => {
  solo = await Solo.start();
  admin = await solo.client("admin");
  tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "first-user", code });
  await admin.deploy({ serviceId: "first-system", code, tier: ServiceTier.SYSTEM });
  await tenant.deploy({ serviceId: "second-user", code });
  await admin.deploy({ serviceId: "second-system", code, tier: ServiceTier.SYSTEM });
});
after(() => solo[Symbol.asyncDispose]());

const cellsOf = async (): Promise<ReadonlyMap<string, unknown>> =>
  new Map(
    (await eventsOf(admin, ["service_deployed", "service_restarted"])).map(({ subject, payload }) => [
      subject,
      payload?.["cell"],
    ]),
  );

test("services of the two tiers live in different cells, also after the kernel died", async () => {
  const before = await cellsOf();
  assert.equal(before.get("first-user"), before.get("second-user"));
  assert.equal(before.get("first-system"), before.get("second-system"));
  assert.notEqual(before.get("first-user"), before.get("first-system"));
  await solo.killKernel();
  await admin.deploy({ serviceId: "third-system", code, tier: ServiceTier.SYSTEM });
  await tenant.deploy({ serviceId: "third-user", code });
  const after = await cellsOf();
  assert.equal(after.get("third-system"), before.get("first-system"));
  assert.equal(after.get("third-user"), before.get("first-user"));
});

test("a tenant may call a system service, and neither end nor replace it; an administrator may", async () => {
  assert.equal(await call(tenant, "first-system", "ping"), "pong");
  const refused = await refusalOf(tenant.kill({ serviceId: "first-system", force: true }));
  assert.deepEqual([refused.code, refused.status], ["NOT_ADMIN", "PERMISSION_DENIED"]);
  assert.ok(isRunning(await tenant.status({ serviceId: "first-system" })));
  await admin.kill({ serviceId: "first-system", force: true });
  assert.equal((await refusalOf(tenant.deploy({ serviceId: "first-system", code }))).code, "NOT_ADMIN");
  assert.equal(
    (await refusalOf(tenant.deploy({ serviceId: "mine", code, tier: ServiceTier.SYSTEM }))).code,
    "NOT_ADMIN",
  );
});

test("a system service that does not answer in time is given up, whatever its caller would wait", async () => {
  const asked = performance.now();
  const refused = await refusalOf(call(tenant, "second-system", "hang", [], { timeoutMs: 30_000 }));
  assert.deepEqual([refused.code, refused.executed], ["CALL_TIMEOUT", "unknown"]);
  assert.match(refused.message, /did not answer within 2000 ms/);
  assert.ok(performance.now() - asked < 15_000, "its caller would wait twice as long");
  // What hangs would keep the node's shutdown waiting.
  await admin.kill({ serviceId: "second-system", force: true });
});

test("system services have larger defaults", async () => {
  const { resourceLimits } = await admin.status({ serviceId: "second-system" });
  assert.deepEqual([resourceLimits?.maxMemoryBytes, resourceLimits?.cpuShares], [512n * 1024n * 1024n, 4_096]);
  const { services } = await admin.list({ filterTier: ServiceTier.SYSTEM });
  assert.equal(services.find(({ serviceId }) => serviceId === "second-system")?.supervision?.maxRestarts, 10);
});
