/** Every end says why: to whoever waited, in Status, and by `solo why`, with what to do about it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SoloClient } from "../../src/client/index.ts";
import { type Ran, Workplace } from "../cli/harness.ts";
import { isRunning, refusalOf, service, untilStatus } from "../e2e/asking.ts";
import { call, Solo } from "../e2e/solo.ts";

let solo: Solo;
let tenant: SoloClient;
let place: Workplace;

before(async () => {
  // How late this machine is by itself is not looked at here.
  solo = await Solo.start({ config: { monitor_interval_ms: 100, event_loop_delay_ms_max: 60_000 } });
  tenant = await solo.client("default");
  place = new Workplace();
});
after(async () => {
  await place[Symbol.asyncDispose]();
  await solo[Symbol.asyncDispose]();
});

const why = (name: string, ...more: string[]): Promise<Ran> =>
  place.solo("why", name, "--data-dir", solo.dataDir, "--as", "default", ...more);

test("a call whose service spent its time is told so, and so is who waited behind it", async () => {
  await tenant.deploy({
    serviceId: "spinner",
    resourceLimits: { cpuTimeMs: 100 },
    code: service(`spin() { for (;;) {} }\n  ping() { return 1; }`),
  });
  const [spun, waited] = [refusalOf(call(tenant, "spinner", "spin")), refusalOf(call(tenant, "spinner", "ping"))];
  const lost = await spun;
  assert.deepEqual([lost.code, lost.executed], ["CALL_LOST", "unknown"]);
  assert.match(lost.message, /spinner gave no answer: CPU timeout: one message ran longer than 100 ms in spin/);
  assert.match((await waited).message, /CPU timeout/);
});

test("a call whose service was killed is told by whom", async () => {
  await tenant.deploy({ serviceId: "victim", code: service(`hang() { return new Promise(() => {}); }`) });
  const asked = refusalOf(call(tenant, "victim", "hang"));
  await untilStatus(tenant, "victim", "is at work", ({ currentUsage }) => (currentUsage?.messageQueueLen ?? 0) > 0);
  await tenant.kill({ serviceId: "victim", force: true });
  assert.match((await asked).message, /victim gave no answer: killed by tenant default \(forced\)/);
});

test("solo why tells the reason, the stack, the last lines, the restarts and the remedy", async () => {
  await tenant.deploy({
    serviceId: "grumpy",
    code: service(`work() { this.log.warn("something is wrong"); throw new RangeError("too wide"); }`),
  });
  await refusalOf(call(tenant, "grumpy", "work"));
  await untilStatus(tenant, "grumpy", "runs again", (seen) => seen.restartCount > 0 && isRunning(seen));
  const { code, stdout } = await why("grumpy");
  assert.equal(code, 0);
  assert.match(stdout, /^grumpy is RUNNING\n {2}1 restart since it was deployed\n/);
  assert.match(stdout, /crashed in message: RangeError: too wide\n/);
  assert.match(stdout, /at Probe\.work \(grumpy\.ts:3:\d+\)/);
  assert.match(stdout, /the last it logged:\n.* WARN {2}something is wrong\n/);
  assert.match(stdout, /➜ Mend the line shown; to refuse a request and live on, throw a Refusal\./);
  const json = JSON.parse((await why("grumpy", "--json")).stdout) as { deaths: Record<string, unknown>[] };
  assert.deepEqual([json.deaths.length, json.deaths[0]?.["type"]], [1, "crashed"]);
  await tenant.deploy({ serviceId: "happy", code: service(`ping() {}`) });
  assert.match((await why("happy")).stdout, /It has not died since it was deployed\./);
});

test("Status keeps what a service used for a while", async () => {
  const { history } = await untilStatus(tenant, "happy", "was measured", (seen) => seen.history.length > 0);
  const [sample] = history;
  assert.ok(sample?.usage !== undefined && sample.usage.memoryBytes > 100_000n);
  assert.equal(sample.pid, (await tenant.status({ serviceId: "happy" })).pid);
});
