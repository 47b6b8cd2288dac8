/** More is asked for than the node answers at once: tenants get their fair share, the rest a quick no; administrators get through. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SoloClient } from "../../src/client/index.ts";
import { refusalIn, refusalOf } from "../e2e/asking.ts";
import { call, Solo, until } from "../e2e/solo.ts";
import { sleeper } from "./sleeper.ts";

let solo: Solo;
let loud: SoloClient;
let quiet: SoloClient;

before(async () => {
  solo = await Solo.start({
    config: { calls_in_flight_max: 20, calls_in_flight_per_tenant_max: 16, calls_wait_ms_max: 800 },
  });
  loud = await solo.tenant("loud");
  quiet = await solo.tenant("quiet");
  for (const client of [loud, quiet]) {
    await client.deploy({ serviceId: "sleeper", instances: 16, code: sleeper });
    await client.deploy({ serviceId: "pinger", code: sleeper });
  }
});
after(() => solo[Symbol.asyncDispose]());

test("a tenant that asks for more than it may waits a moment and is refused; others and administrators notice nothing", async () => {
  const sleeping = Array.from({ length: 16 }, () => call(loud, "sleeper", "sleep", [4_000]));
  await until("all places to be taken", () =>
    call(loud, "pinger", "ping", [], { timeoutMs: 1_000 }).then(
      () => false,
      () => true,
    ),
  );
  const asked = performance.now();
  const refused = await refusalOf(call(loud, "pinger", "ping"));
  assert.ok(performance.now() - asked >= 790, "it waited for a place first");
  assert.deepEqual(
    [refused.code, refused.status, refused.retry, refused.retryDelayMs],
    ["OVERLOADED", "RESOURCE_EXHAUSTED", "later", 800],
  );
  assert.match(refused.message, /What a tenant may ask for at once is full \(16\)/);

  assert.equal(await call(quiet, "pinger", "ping"), "pong", "another tenant has its share");
  assert.equal((await loud.status({ serviceId: "sleeper" })).restartCount, 0, "what is no call has places of its own");
  const admin = await solo.client("admin");
  assert.equal(
    await call(admin, "pinger", "ping", [], { tenantId: "loud" }),
    "pong",
    "administrators always get through",
  );
  await Promise.all(sleeping);
  assert.equal(await call(loud, "pinger", "ping"), "pong");
});

test("who waits gets the place of whoever leaves in time", async () => {
  const sleeping = Array.from({ length: 16 }, () => call(loud, "sleeper", "sleep", [60]));
  const settled = await Promise.allSettled(Array.from({ length: 40 }, () => call(loud, "pinger", "ping")));
  const refused = settled.filter(({ status }) => status === "rejected").map(refusalIn);
  assert.deepEqual(refused, []);
  await Promise.all(sleeping);
});
