/** A service that keeps failing is left alone for a while, its callers learn it at once, and one call tries it again. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, isRunning, refusalIn, refusalOf, service, untilStatus } from "../e2e/asking.ts";
import { call, Solo, until } from "../e2e/solo.ts";

/** Longer than a busy machine takes to be asked twice. */
const resetMs = 5_000;

let solo: Solo;
let tenant: SoloClient;

before(async () => {
  solo = await Solo.start({ config: { breaker_failures_max: 3, breaker_reset_ms: resetMs } });
  tenant = await solo.client("default");
});
after(() => solo[Symbol.asyncDispose]());

const supervision = { maxRestarts: 100, withinMs: 100_000 };

const circuitOf = async (serviceId: string): Promise<readonly string[]> =>
  (await eventsOf(tenant, ["circuit_breaker_opened", "circuit_breaker_closed"]))
    .filter(({ subject }) => subject === serviceId)
    .map(({ eventType }) => eventType);

test("a service that dies again and again is refused at once, tried after a while, and taken back", async () => {
  await tenant.deploy({
    serviceId: "brittle",
    supervision,
    code: service(`
      boom() { throw new Error("boom"); }
      ping() { return "pong"; }`),
  });
  for (let i = 1; i <= 3; i++) {
    await refusalOf(call(tenant, "brittle", "boom"));
    await untilStatus(tenant, "brittle", `runs again, ${i}`, (seen) => seen.restartCount === i && isRunning(seen));
  }
  const asked = performance.now();
  const refused = await refusalOf(call(tenant, "brittle", "ping"));
  assert.ok(performance.now() - asked < resetMs, "at once");
  assert.deepEqual(
    [refused.code, refused.status, refused.executed, refused.retry],
    ["CIRCUIT_OPEN", "UNAVAILABLE", "not_executed", "later"],
  );
  assert.match(refused.message, /brittle failed 3 times in a row and is left alone for \d+ ms more/);
  assert.ok(refused.retryDelayMs > 0 && refused.retryDelayMs <= resetMs);
  assert.equal((await refusalOf(tenant.cast({ serviceId: "brittle", method: "ping" }))).code, "CIRCUIT_OPEN");
  await until("it to be tried and taken back", () =>
    call(tenant, "brittle", "ping").then(
      (pong) => pong === "pong",
      () => false,
    ),
  );
  await until("its events", async () => (await circuitOf("brittle")).length === 2);
  assert.deepEqual(await circuitOf("brittle"), ["circuit_breaker_opened", "circuit_breaker_closed"]);
  const { events } = await tenant.queryEvents({
    filter: { subject: "brittle", eventTypes: ["circuit_breaker_opened"] },
  });
  const payload = events[0]?.payload;
  assert.deepEqual([payload?.["failures"], payload?.["retryMs"]], [3, resetMs]);
  assert.equal(payload?.["why"], "crashed in message: Error: boom");
});

test("a service that answers nobody is left alone, whoever waits behind the call that hangs", async () => {
  await tenant.deploy({ serviceId: "hung", code: service(`hang() { return new Promise(() => {}); }`) });
  const settled = await Promise.allSettled(
    Array.from({ length: 3 }, () => call(tenant, "hung", "hang", [], { timeoutMs: 1_000 })),
  );
  assert.deepEqual(
    settled.map((one) => refusalIn(one).code),
    ["CALL_TIMEOUT", "CALL_TIMEOUT", "CALL_TIMEOUT"],
  );
  assert.equal((await refusalOf(call(tenant, "hung", "hang"))).code, "CIRCUIT_OPEN");
  await tenant.kill({ serviceId: "hung", force: true });
  await tenant.deploy({ serviceId: "hung", code: service(`hang() { return "cured"; }`) });
  assert.equal(await call(tenant, "hung", "hang"), "cured", "what is deployed anew has a clean record");
});

test("a service's own refusals open nothing", async () => {
  await tenant.deploy({ serviceId: "strict", code: service(`no() { throw new Refusal("not today"); }`) });
  for (let i = 0; i < 10; i++) assert.equal((await refusalOf(call(tenant, "strict", "no"))).code, "CALL_FAILED");
  assert.deepEqual(await circuitOf("strict"), []);
});
