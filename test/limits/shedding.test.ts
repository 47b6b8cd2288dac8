/** More is asked for than the node answers at once: tenants get their fair share, the rest a quick no; administrators get through. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SoloClient } from "../../src/client/index.ts";
import { refusalIn, refusalOf } from "../e2e/asking.ts";
import { call, Solo, until } from "../e2e/solo.ts";
import { sleeper } from "./sleeper.ts";

const placesMax = 16;
const waitMsMax = 2_000;

let solo: Solo;
let loud: SoloClient;
let quiet: SoloClient;

before(async () => {
  solo = await Solo.start({
    config: { calls_in_flight_max: 20, calls_in_flight_per_tenant_max: placesMax, calls_wait_ms_max: waitMsMax },
  });
  loud = await solo.tenant("loud");
  quiet = await solo.tenant("quiet");
  for (const client of [loud, quiet]) {
    await client.deploy({ serviceId: "sleeper", instances: placesMax, code: sleeper });
    await client.deploy({ serviceId: "pinger", code: sleeper });
  }
});
after(() => solo[Symbol.asyncDispose]());

test("a tenant that asks for more than it may waits a moment and is refused; others and administrators notice nothing", async () => {
  // Longer than anyone waits; cut short when it has shown what it is for.
  const sleeping = Promise.allSettled(
    Array.from({ length: placesMax }, () => call(loud, "sleeper", "sleep", [600_000], { timeoutMs: 600_000 })),
  );
  await until("all places to be taken", () =>
    call(loud, "pinger", "ping").then(
      () => false,
      () => true,
    ),
  );
  const asked = performance.now();
  const refused = await refusalOf(call(loud, "pinger", "ping"));
  assert.ok(performance.now() - asked >= waitMsMax - 10, "it waited for a place first");
  assert.deepEqual(
    [refused.code, refused.status, refused.retry, refused.retryDelayMs],
    ["OVERLOADED", "RESOURCE_EXHAUSTED", "later", waitMsMax],
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
  await loud.kill({ serviceId: "sleeper", force: true });
  await sleeping;
  assert.equal(await call(loud, "pinger", "ping"), "pong");
});

test("who waits gets the place of whoever leaves in time", async () => {
  await loud.deploy({ serviceId: "sleeper", instances: placesMax, code: sleeper });
  const sleeping = Array.from({ length: placesMax }, () => call(loud, "sleeper", "sleep", [60]));
  const settled = await Promise.allSettled(Array.from({ length: 40 }, () => call(loud, "pinger", "ping")));
  const refused = settled.filter(({ status }) => status === "rejected").map(refusalIn);
  assert.deepEqual(refused, []);
  await Promise.all(sleeping);
});
