/** What isolates cannot count is the cell's: a service that takes all of it loses its cell, and that is what is told. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, isRunning, refusalOf, service, untilStatus } from "../e2e/asking.ts";
import { call, Solo } from "../e2e/solo.ts";

let solo: Solo;
let tenant: SoloClient;

before(async () => {
  // Nobody looks at what the tenant uses: the wall behind that is what is meant.
  solo = await Solo.start({ config: { monitor_interval_ms: 3_600_000 } });
  tenant = await solo.client("default");
});
after(() => solo[Symbol.asyncDispose]());

const mebibyte = 1024n * 1024n;

test("a service that takes its cell's memory dies of that, and its neighbour is told by whom", async () => {
  await tenant.deploy({ serviceId: "neighbour", code: service(`ping() { return "pong"; }`) });
  await tenant.deploy({
    serviceId: "glutton",
    resourceLimits: { maxMemoryBytes: 8_192n * mebibyte, cpuTimeMs: 60_000 },
    code: service(`kept = [];
      take() { for (;;) this.kept.push(new Uint8Array(16 * 1024 * 1024).fill(1)); }`),
  });
  const refused = await refusalOf(tenant.call({ serviceId: "glutton", method: "take", timeoutMs: 60_000 }));
  assert.equal(refused.code, "CALL_LOST");
  const glutton = await untilStatus(
    tenant,
    "glutton",
    "runs again",
    (seen) => seen.restartCount > 0 && isRunning(seen),
  );
  const [lost] = await eventsOf(tenant, ["cell_lost"]);
  const loss = lost?.payload?.["loss"] as { readonly type: string; readonly limitBytes: number } | undefined;
  assert.deepEqual([loss?.type, loss?.limitBytes], ["memory", 1024 ** 3]);
  const [death] = glutton.deaths;
  assert.equal(death?.type, "cell_lost");
  assert.match(
    death.summary,
    /^cell lost while it was at work: out of memory: its process had \d{10} bytes \(limit 1073741824\)$/,
  );
  assert.match(death.remedy, /Use less memory where the engine does not count it/);
  const neighbour = await untilStatus(
    tenant,
    "neighbour",
    "runs again",
    (seen) => seen.deaths.length > 0 && isRunning(seen),
  );
  assert.match(neighbour.deaths[0]?.summary ?? "", /^cell lost, brought down by glutton: out of memory/);
  assert.equal(await call(tenant, "neighbour", "ping"), "pong");
});
