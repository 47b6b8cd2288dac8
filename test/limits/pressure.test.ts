/** The node runs short of what everybody shares: it says so, takes nothing new in, and sheds the newest user services. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsOf, refusalOf, service, untilStatus } from "../e2e/asking.ts";
import { call, Solo, until } from "../e2e/solo.ts";

const code = service(`ping() { return "pong"; }`);

/** Whatever else this machine does, its pace is not looked at here. */
const patient = { monitor_interval_ms: 100, event_loop_delay_ms_max: 60_000 };

test("a cell near its limit of memory maps: events at 80 % and 90 %, no admission, the newest are shed, and all ends with it", async () => {
  await using solo = await Solo.start({
    config: { ...patient, memory_maps_max: 600 },
  });
  const admin = await solo.client("admin");
  const tenant = await solo.client("default");
  const told = async (): Promise<readonly string[]> =>
    (await eventsOf(admin, ["pressure_rose", "pressure_fell"])).map(
      ({ eventType, payload }) =>
        `${eventType} ${JSON.stringify(payload?.["percent"])} of ${JSON.stringify(payload?.["what"])}`,
    );

  // An isolate takes 8 maps, and a cell not quite 200.
  await tenant.deploy({ serviceId: "old", code, instances: 24 });
  assert.deepEqual(await told(), []);
  await tenant.deploy({ serviceId: "middle", code, instances: 17 });
  await until("the first warning", async () => (await told()).includes('pressure_rose 80 of "memory_maps"'));
  const [warned] = await eventsOf(admin, ["pressure_rose"]);
  assert.deepEqual([warned?.subject, warned?.tenantId], ["node", ""]);
  assert.equal(warned?.payload?.["limit"], 600);
  assert.deepEqual(
    await eventsOf(tenant, ["pressure_rose"]),
    [],
    "what the node has left is the administrator's to know",
  );

  await tenant.deploy({ serviceId: "newest", code, instances: 6 });
  await until("the second", async () => (await told()).includes('pressure_rose 90 of "memory_maps"'));
  const refused = await refusalOf(tenant.deploy({ serviceId: "late", code }));
  assert.deepEqual([refused.code, refused.status, refused.retry], ["UNDER_PRESSURE", "RESOURCE_EXHAUSTED", "later"]);
  assert.match(refused.message, /The node takes no new services: memory maps of a cell at \d+ %/);

  const shed = await untilStatus(tenant, "newest", "is shed", ({ deaths }) =>
    deaths.some(({ type }) => type === "shed"),
  );
  assert.match(shed.deaths[0]?.summary ?? "", /^ended to relieve the node: memory_maps at \d+ %$/);
  assert.ok(shed.nextRestartMs > 0n, "it starts again later");
  const old = await tenant.status({ serviceId: "old" });
  assert.deepEqual(old.deaths, [], "what was there first stays");
  assert.equal(await call(tenant, "old", "ping"), "pong");

  for (const serviceId of ["old", "middle"]) await tenant.kill({ serviceId, force: true });
  await until("the end of it", async () => (await told()).includes('pressure_fell 80 of "memory_maps"'));
  await tenant.deploy({ serviceId: "late", code });
});

test("a kernel short of descriptors says so and takes nothing new in until it has some again", async () => {
  await using solo = await Solo.start({ config: { ...patient, descriptors_max: 64 } });
  const admin = await solo.client("admin");
  // Connections are descriptors of the kernel.
  const clients = await Promise.all(Array.from({ length: 45 }, () => solo.client("admin")));
  await Promise.all(clients.map((client) => client.listTenants({})));
  await until("the warning", async () =>
    (await eventsOf(admin, ["pressure_rose"])).some(({ payload }) => payload?.["percent"] === 90),
  );
  const [event] = await eventsOf(admin, ["pressure_rose"]);
  assert.equal(event?.payload?.["what"], "descriptors");
  assert.equal((await refusalOf(admin.deploy({ serviceId: "late", code }))).code, "UNDER_PRESSURE");
  for (const client of clients) client.close();
  await until("it to be over", async () => (await eventsOf(admin, ["pressure_fell"])).length === 2);
  await admin.deploy({ serviceId: "late", code });
});
