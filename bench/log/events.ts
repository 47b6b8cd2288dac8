/** Made-up events of a hundred tenants, alike in size and kind to those of deaths; and a log to put them in. */
import {
  defined,
  insist,
  instant,
  isRefusal,
  kernelEpoch,
  parseServiceId,
  parseTenantId,
} from "../../src/base/index.ts";
import { eventVersions, type NewEvent } from "../../src/kernel/index.ts";
import { type EventLog, openEventLog } from "../../src/store/index.ts";

export const tenants = Array.from({ length: 100 }, (_, n) => defined(parseTenantId(`agent_${n}`), "a tenant"));
export const tenantAt = (n: number): (typeof tenants)[number] => defined(tenants[n % tenants.length], "a tenant");
const service = defined(parseServiceId("counter"), "a service");

/** Of these, one in ten; of the other type the rest. */
export const rareType = "service_killed";
export const otherType = "instance_stopped";

export const eventOf = (n: number): NewEvent => ({
  type: n % 10 === 0 ? rareType : otherType,
  tenant: tenantAt(n),
  subject: `service_${n % 7}`,
  actor: "solo",
  payload: {
    service,
    instance: 1,
    incarnation: n,
    death: { type: "killed", by: `admin ${"x".repeat(150)}`, forced: "no" },
  } as never,
});

export async function openLog(dir: string): Promise<EventLog> {
  const log = await openEventLog({
    dir,
    boot: `bench ${performance.now()}`,
    epoch: kernelEpoch(1),
    versions: eventVersions,
  });
  insist(!isRefusal(log), "the log opens");
  return log;
}

export async function appendDurably(log: EventLog, event: NewEvent): Promise<void> {
  const now = Math.max(log.timestamp, Date.now());
  log.append([event], { timestamp: instant(now), wallClockMs: now });
  await log.whenDurable(log.newest);
}
