/** The event log through the public contract: pages, causes, what a tenant sees of it, verification, states of the past. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, isGapFree, refusalOf } from "./asking.ts";
import { example, Solo } from "./solo.ts";

let solo: Solo;
let admin: SoloClient;
let tenant: SoloClient;

before(async () => {
  solo = await Solo.start();
  admin = await solo.client("admin");
  tenant = await solo.client("default");
  const code = await example("counter");
  for (const serviceId of ["counter", "doomed", "spare", "one", "two", "three", "four", "five", "six"]) {
    await tenant.deploy({ serviceId, code, environment: { GREETING: "Ada" } });
  }
  await tenant.kill({ serviceId: "doomed" });
  await (await solo.tenant("other")).deploy({ serviceId: "counter", code });
});
after(() => solo[Symbol.asyncDispose]());

test("QueryEvents pages through a tenant's events, numbered by its own gap-free sequence", async () => {
  const all = await eventsOf(tenant);
  assert.ok(all.length > 20);
  assert.ok(isGapFree(all));
  const paged: bigint[] = [];
  for (let cursor = 0n; ;) {
    const { events, nextCursor } = await tenant.queryEvents({ cursor, limit: 7 });
    paged.push(...events.map(({ id }) => id));
    if (nextCursor === 0n) break;
    cursor = nextCursor;
  }
  assert.deepEqual(
    paged,
    all.map(({ id }) => id),
  );
  const { events: newest } = await tenant.queryEvents({ newestFirst: true, limit: 3 });
  assert.deepEqual(
    newest.map(({ id }) => id),
    paged.slice(-3).toReversed(),
  );
  const { events: ofDoomed } = await tenant.queryEvents({
    filter: { subject: "doomed", eventTypes: ["service_killed"] },
  });
  assert.equal(ofDoomed.length, 1);
  assert.equal(ofDoomed[0]?.actor, "tenant default");
  const { events: early } = await tenant.queryEvents({ filter: { toMs: all[5]?.timestampMs ?? 0n } });
  assert.ok(early.length <= 6 && early.every(({ timestampMs }) => timestampMs < (all[5]?.timestampMs ?? 0n)));
});

test("an administrator's events are gap-free, and name the true causes", async () => {
  const all = await eventsOf(admin);
  assert.ok(isGapFree(all));
  const deployed = all.find(({ eventType, subject }) => eventType === "service_deployed" && subject === "counter");
  const requested = all.find(({ id }) => id === deployed?.causationId);
  assert.deepEqual([requested?.eventType, requested?.subject], ["deployment_requested", "counter"]);
  assert.ok(all.some(({ eventType }) => eventType === "kernel_started"));
  const text = JSON.stringify(all.map(({ payload }) => payload));
  assert.ok(!text.includes("Ada") && !text.includes("GREETING"), "no event holds an environment, code or log text");
});

test("WatchEvents replays, then tells each event as it becomes durable", async () => {
  const before = await eventsOf(tenant);
  const ids: bigint[] = [];
  let deploying: Promise<unknown> | undefined;
  for await (const event of tenant.watchEvents({ afterId: 0n })) {
    ids.push(event.id);
    if (ids.length === before.length) {
      deploying = tenant.deploy({ serviceId: "watched", code: await example("counter") });
    }
    if (event.eventType === "service_deployed" && event.subject === "watched") break;
  }
  await deploying;
  assert.deepEqual(
    ids,
    ids.map((_, i) => BigInt(i + 1)),
  );
});

test("VerifyLog finds the log whole, and holds it against a checkpoint noted earlier", async () => {
  const noted = await admin.verifyLog({});
  assert.equal(noted.valid, true);
  assert.equal(noted.eventsChecked, noted.headId);
  await tenant.kill({ serviceId: "spare" });
  const later = await admin.verifyLog({ expectedId: noted.headId, expectedHash: noted.headHash });
  assert.equal(later.valid, true);
  assert.ok(later.headId > noted.headId);
  const wrong = await admin.verifyLog({ expectedId: noted.headId, expectedHash: later.headHash });
  assert.deepEqual([wrong.valid, wrong.firstBadId], [false, noted.headId]);
});

test("ReplayState gives the state as it was after an event", async () => {
  const events = await eventsOf(tenant);
  const killed = events.find(({ eventType, subject }) => eventType === "service_killed" && subject === "doomed");
  assert.ok(killed !== undefined);
  const before = JSON.stringify((await tenant.replayState({ eventId: killed.id - 2n })).state);
  const after = await tenant.replayState({ eventId: killed.id });
  assert.equal(after.eventId, killed.id);
  assert.notEqual(before, JSON.stringify(after.state));
  assert.match(JSON.stringify(after.state), /"doomed"/);
  const refused = await refusalOf(tenant.replayState({ eventId: 1_000_000n }));
  assert.equal(refused.code, "EVENT_NOT_FOUND");
  assert.ok((await admin.replayState({})).state !== undefined);
});
