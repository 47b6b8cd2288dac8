import assert from "node:assert/strict";
import { test } from "node:test";
import { defined, incarnationNumber, parseServiceId, parseTenantId } from "../base/index.ts";
import { type MonitorPowers, ResourceMonitor } from "./resource-monitor.ts";
import type { Measured } from "./violations.ts";

type Seen = Awaited<ReturnType<MonitorPowers["look"]>>;

/** Far over its limit: told of at the first look. */
const hog: Measured = {
  tenant: defined(parseTenantId("t"), "tenant"),
  service: defined(parseServiceId("hog"), "service"),
  instance: 1,
  incarnation: incarnationNumber(1),
  tier: "user",
  limits: { maxMemoryBytes: 100, maxProcesses: 3, messageQueueLimit: 10, limitExceededAction: "throttle" },
  memoryBytes: 300,
  mailboxLength: 0,
  cpuMicros: 0,
  processes: 1,
};
const nothing: Seen = { measured: [], unheard: [] };

/** A monitor whose looks the test answers, one after the other; `looked` settles when the next one has begun. */
function monitorOf(t: { readonly after: (clean: () => void) => void }) {
  const said: string[] = [];
  const throttled: number[] = [];
  let begun = Promise.withResolvers<(seen: Seen) => void>();
  const monitor = new ResourceMonitor({
    look: () => new Promise<Seen>((answer) => begun.resolve(answer)),
    violated: ({ phase, what, by }) => void said.push(`${by.service} ${phase} ${what}`),
    throttled: (services) => void throttled.push(services.length),
    now: () => 0,
    settings: { everyMs: 1, tenantLimits: { memoryBytesMax: 1_000_000, processesMax: 1_000 } },
  });
  const { stop } = monitor.start((why) => void said.push(why));
  t.after(stop);
  const looked = async (): Promise<(seen: Seen) => void> => {
    const answer = await begun.promise;
    begun = Promise.withResolvers();
    return answer;
  };
  const state = () => ({
    said,
    throttled: throttled.at(-1) ?? 0,
    excesses: monitor.excesses(hog.tenant, hog.service).length,
    samples: monitor.history(hog.tenant, hog.incarnation).length,
  });
  return { monitor, looked, state };
}

const clear = { said: [], throttled: 0, excesses: 0, samples: 0 };

test("what is far over its limit is told of, takes nothing new, and stays so while it is not heard", async (t) => {
  const { looked, state } = monitorOf(t);
  (await looked())({ measured: [hog], unheard: [] });
  (await looked())({ measured: [], unheard: [hog] });
  await looked();
  assert.deepEqual(state(), { said: ["hog entered memory"], throttled: 1, excesses: 1, samples: 1 });
});

test("what ended during a look is over nothing, whatever the look saw of it: its successor is not throttled", async (t) => {
  const { monitor, looked, state } = monitorOf(t);
  const answer = await looked();
  monitor.ended(hog);
  answer({ measured: [hog], unheard: [] });
  (await looked())(nothing);
  assert.deepEqual(state(), clear);
});

test("what ended during a look that did not hear it is not believed to be as it was", async (t) => {
  const { monitor, looked, state } = monitorOf(t);
  (await looked())({ measured: [hog], unheard: [] });
  const answer = await looked();
  monitor.ended(hog);
  answer({ measured: [], unheard: [hog] });
  await looked();
  assert.deepEqual(state(), { ...clear, said: ["hog entered memory"] });
});
