/** For the room's tests: a log in a directory of its own, and events to put into it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  defined,
  eventId,
  instant,
  isRefusal,
  kernelEpoch,
  parseServiceId,
  parseTenantId,
  say,
  type ServiceId,
  type TenantId,
} from "../base/index.ts";
import type { Event, NewEvent } from "../kernel/index.ts";
import { type EventLog, type EventLogOptions, openEventLog, type Stamp } from "./index.ts";
import { type Database, openForWriting } from "./sqlite.ts";

export const tenant = (name: string): TenantId => defined(parseTenantId(name), "a tenant's name");
export const service = (name: string): ServiceId => defined(parseServiceId(name), "a service's name");

/** Every type at the same version. */
export const versions = (version: number): EventLogOptions["versions"] =>
  new Proxy({}, { get: () => version }) as EventLogOptions["versions"];

export const at = (ms: number): Stamp => ({ timestamp: instant(ms), wallClockMs: ms });

export const killed = (of: { readonly tenant: string; readonly service: string; readonly by?: string }): NewEvent => ({
  type: "service_killed",
  tenant: tenant(of.tenant),
  subject: of.service,
  actor: "admin",
  payload: { service: service(of.service), death: { type: "killed", by: of.by ?? "admin", forced: "no" } },
});

export const created = (name: string): NewEvent => ({
  type: "tenant_created",
  tenant: tenant(name),
  subject: name,
  actor: "admin",
  payload: {},
});

export const stopped: NewEvent = {
  type: "system_stopped",
  subject: "node",
  actor: "solo",
  payload: { outcome: "clean" },
};

export const erased = (name: string, through: number, count: number): NewEvent => ({
  type: "payload_erased",
  tenant: tenant(name),
  subject: name,
  actor: "solo",
  payload: { erased: tenant(name), through: eventId(through), count },
});

export interface World {
  readonly dir: string;
  /** Opens the log of this directory, as a newer kernel each time. Closed at the end of the test. */
  readonly open: (options?: Partial<EventLogOptions>) => Promise<EventLog>;
  /** The file itself, for tampering. */
  readonly tamper: (work: (database: Database) => void) => void;
}

export async function inWorld(work: (world: World) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "solo-store-"));
  const logs: EventLog[] = [];
  let epoch = 0;
  try {
    await work({
      dir,
      open: async (options) => {
        epoch += 1;
        const log = await openEventLog({
          dir,
          boot: "boot",
          epoch: kernelEpoch(epoch),
          versions: versions(1),
          ...options,
        });
        if (isRefusal(log)) throw new Error(say(log));
        logs.push(log);
        return log;
      },
      tamper: (tampering) => {
        const database = openForWriting(join(dir, "log.sqlite"));
        try {
          tampering(database);
        } finally {
          database.close();
        }
      },
    });
  } finally {
    await Promise.all(logs.map((log) => log.close()));
    await rm(dir, { recursive: true });
  }
}

/** Appends at the log's own time and waits for the disk. */
export async function write(
  log: EventLog,
  events: readonly NewEvent[],
  stamp = at(log.timestamp),
): Promise<readonly Event[]> {
  const placed = log.append(events, stamp);
  await log.whenDurable(log.newest);
  return placed;
}
