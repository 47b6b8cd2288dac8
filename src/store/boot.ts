/** Opening: claim the log for this kernel, and read on the main thread what must be known before the first turn. */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import {
  type EventId,
  eventId,
  instant,
  type Instant,
  isRefusal,
  type KernelEpoch,
  type Refusal,
  refuse,
} from "../base/index.ts";
import type { Event } from "../kernel/index.ts";
import { genesis, hex } from "./chain.ts";
import { headerColumns, LogDamaged, parseEvent } from "./row.ts";
import { provideSchema } from "./schema.ts";
import { type Database, openForReading, openForWriting, sayError, transact, troubleOf } from "./sqlite.ts";

export interface Head {
  readonly id: EventId;
  /** Lower-case hex SHA-256; 64 zeros for an empty log. */
  readonly hash: string;
}

/** What the log says at its end. */
export interface Opened {
  readonly path: string;
  readonly owner: string;
  readonly head: Head;
  readonly timestamp: Instant;
  /** The newest sequence of each tenant that ever was. */
  readonly sequences: Map<string, number>;
  readonly artifacts: Map<string, Map<string, number>>;
  /** Closes the connection of the opening; may be called more than once. */
  readonly letGo: () => void;
}

/** Who writes: a later epoch of the same boot, or any kernel of another boot, takes the log over and fences the other. */
export interface Owner {
  readonly boot: string;
  readonly epoch: KernelEpoch;
}

export function openLog(dir: string, owner: Owner): Opened | Refusal {
  const path = join(dir, "log.sqlite");
  let database: Database | undefined;
  const letGo = (): void => {
    database?.close();
    database = undefined;
  };
  let outcome: Opened | Refusal;
  try {
    // SQLite gives its side files the mode of the database.
    closeSync(openSync(path, "a", 0o600));
    const connection = openForWriting(path);
    database = connection;
    outcome = transact(connection, () => {
      const schema = provideSchema(connection);
      if (schema !== "ready") return refuse("LOG_UNAVAILABLE", { why: schema.unusable });
      return claim(connection, owner) ?? { path, owner: ownerText(owner), letGo, ...readEnd(connection) };
    });
  } catch (error) {
    outcome = refuse("LOG_UNAVAILABLE", { why: whyNot(path, error) });
  }
  if (isRefusal(outcome)) letGo();
  return outcome;
}

const whyNot = (path: string, error: unknown): string =>
  troubleOf(error) === "damaged" ? `${path} is damaged (${sayError(error)})` : `${path}: ${sayError(error)}`;

const ownerText = (owner: Owner): string => `${owner.boot} ${owner.epoch}`;

function claim(database: Database, owner: Owner): Refusal | undefined {
  const stored = database.prepare("SELECT value FROM meta WHERE name = 'owner'").get()?.["value"];
  if (typeof stored === "string") {
    const cut = stored.lastIndexOf(" ");
    const current = Number(stored.slice(cut + 1));
    if (stored.slice(0, cut) === owner.boot && !(current < owner.epoch)) {
      return refuse("STALE_EPOCH", { epoch: owner.epoch, current });
    }
  }
  database.prepare("INSERT OR REPLACE INTO meta VALUES ('owner', ?)").run(ownerText(owner));
  return undefined;
}

function readEnd(database: Database): Omit<Opened, "path" | "owner" | "letGo"> {
  const last = database.prepare("SELECT id, hash, timestamp FROM events ORDER BY id DESC LIMIT 1").get();
  const lastHash = last?.["hash"];
  return {
    head: {
      id: eventId(Number(last?.["id"] ?? 0)),
      hash: hex(lastHash instanceof Uint8Array ? lastHash : genesis),
    },
    timestamp: instant(Number(last?.["timestamp"] ?? 0)),
    sequences: readSequences(database),
    artifacts: readArtifacts(database),
  };
}

/** Hops from tenant to tenant through the index, instead of reading all of it. */
function readSequences(database: Database): Map<string, number> {
  const nextTenant = database.prepare("SELECT min(tenant) AS tenant FROM events WHERE tenant > ?");
  const newest = database.prepare("SELECT max(tenant_sequence) AS newest FROM events WHERE tenant = ?");
  const sequences = new Map<string, number>();
  for (let tenant = nextTenant.get("")?.["tenant"]; typeof tenant === "string";) {
    sequences.set(tenant, Number(newest.get(tenant)?.["newest"] ?? 0));
    tenant = nextTenant.get(tenant)?.["tenant"];
  }
  return sequences;
}

function readArtifacts(database: Database): Map<string, Map<string, number>> {
  const artifacts = new Map<string, Map<string, number>>();
  for (const row of database.prepare("SELECT tenant, hash, size FROM artifacts").iterate()) {
    const tenant = String(row["tenant"]);
    const sizes = artifacts.get(tenant) ?? new Map<string, number>();
    sizes.set(String(row["hash"]), Number(row["size"]));
    artifacts.set(tenant, sizes);
  }
  return artifacts;
}

/**
 * The events after `after`, in order, read as they are asked for on the calling thread: for the replay at boot.
 * Throws LogDamaged where an event is missing or cannot be parsed.
 */
export function* replayEvents(path: string, after: EventId): Generator<Event, void, undefined> {
  const database = openForReading(path);
  try {
    const rows = database
      .prepare(
        `SELECT ${headerColumns}, json FROM events LEFT JOIN payloads ON payloads.id = events.id
         WHERE events.id > ? ORDER BY events.id`,
      )
      .iterate(after);
    let expected = after + 1;
    for (const row of rows) {
      if (row["id"] !== expected) throw new LogDamaged(`event ${expected} is missing`);
      expected += 1;
      yield parseEvent(row);
    }
  } catch (error) {
    if (error instanceof LogDamaged) throw error;
    throw new LogDamaged(sayError(error));
  } finally {
    database.close();
  }
}
