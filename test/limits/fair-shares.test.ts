/** The node answers so much at once, and no more: who floods it waits for its own calls, and another tenant's get in. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SoloClient, SoloError } from "../../src/client/index.ts";
import { refusalIn } from "../e2e/asking.ts";
import { call, Solo, until } from "../e2e/solo.ts";
import { sleeper } from "./sleeper.ts";

/** A tenant alone may have all places: what holds it back is the others' need. */
const placesMax = 10;
const waitMsMax = 5_000;

let solo: Solo;
let loud: SoloClient;
let quiet: SoloClient;

before(async () => {
  solo = await Solo.start({
    config: { calls_in_flight_max: placesMax, calls_in_flight_per_tenant_max: 50, calls_wait_ms_max: waitMsMax },
  });
  loud = await solo.tenant("loud");
  quiet = await solo.tenant("quiet");
  await loud.deploy({ serviceId: "sleeper", instances: placesMax, code: sleeper });
  await quiet.deploy({ serviceId: "pinger", code: sleeper });
});
after(() => solo[Symbol.asyncDispose]());

const refusalsIn = (settled: readonly PromiseSettledResult<unknown>[]) =>
  settled.filter(({ status }) => status === "rejected").map(refusalIn);

test("when the node answers all that it can, one more call waits and is told to come again, whoever asks", async () => {
  // Longer than anyone waits; cut short when it has shown what it is for.
  const sleeping = Array.from({ length: placesMax }, () =>
    call(loud, "sleeper", "sleep", [600_000], { timeoutMs: 600_000 }),
  );
  const ends = Promise.allSettled(sleeping);
  let refused: SoloError | undefined;
  await until("all places to be taken", async () => {
    const [settled] = await Promise.allSettled([call(quiet, "pinger", "ping", [], { timeoutMs: 60_000 })]);
    refused = settled.status === "rejected" ? refusalIn(settled) : undefined;
    return refused !== undefined;
  });
  assert.deepEqual(
    [refused?.code, refused?.status, refused?.retry, refused?.retryDelayMs],
    ["OVERLOADED", "RESOURCE_EXHAUSTED", "later", waitMsMax],
  );
  assert.match(refused?.message ?? "", /What the node answers at once is full \(10\)/);

  const admin = await solo.client("admin");
  const pinged = await call(admin, "pinger", "ping", [], { tenantId: "quiet" });
  assert.equal(pinged, "pong", "administrators always get through");

  const waiting = call(quiet, "pinger", "ping", [], { timeoutMs: 60_000 });
  await admin.kill({ serviceId: "sleeper", tenantId: "loud", force: true });
  await ends;
  assert.equal(await waiting, "pong", "a place that becomes free is the next one's");
});

test("two tenants, one floods the node: the other's calls are all answered, and what is refused is the flood's own", async () => {
  await loud.deploy({ serviceId: "sleeper", instances: placesMax, code: sleeper });
  // Ten at a time, half a second each: it takes three times as long as anyone waits.
  const flood = Promise.allSettled(
    Array.from({ length: 300 }, () => call(loud, "sleeper", "sleep", [500], { timeoutMs: 60_000 })),
  );
  for (let i = 0; i < 10; i++) {
    assert.equal(await call(quiet, "pinger", "ping", [], { timeoutMs: 60_000 }), "pong");
  }
  const settled = await flood;
  const refusals = refusalsIn(settled);
  assert.ok(refusals.length > 0 && refusals.length < settled.length, `${refusals.length} of ${settled.length}`);
  for (const { code: refused, status, retry, retryDelayMs } of refusals) {
    assert.deepEqual([refused, status, retry, retryDelayMs], ["OVERLOADED", "RESOURCE_EXHAUSTED", "later", waitMsMax]);
  }
});
