/** The peer: raw node:sqlite on the same disk, the same columns in one table, on the main thread. No chain, no salts, no owner. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { eventOf, tenantAt } from "./events.ts";

/** In WAL, each commit on the disk before it is done, as the log has it. */
export function openRaw(dir: string, name: string): DatabaseSync {
  const database = new DatabaseSync(join(dir, `${name}.sqlite`));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events (id INTEGER PRIMARY KEY, tenant TEXT, sequence INTEGER, type TEXT, subject TEXT, actor TEXT, at INTEGER, json TEXT);
    CREATE INDEX by_tenant ON events (tenant, sequence);
    CREATE INDEX by_type ON events (type, id);
    CREATE INDEX by_tenant_type ON events (tenant, type, id);
    CREATE INDEX by_tenant_subject ON events (tenant, subject, id);
    CREATE INDEX by_time ON events (at)`);
  return database;
}

/** `total` events, `group` of them in each transaction; how long each waited for its own, in milliseconds. */
export function fillRaw(database: DatabaseSync, group: number, total: number): number[] {
  const insert = database.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  const samples: number[] = [];
  for (let n = 0; n < total;) {
    const began = performance.now();
    database.exec("BEGIN IMMEDIATE");
    const end = Math.min(total, n + group);
    const rows = end - n;
    for (; n < end; n++) {
      const { type, subject, actor, payload } = eventOf(n);
      insert.run(n + 1, tenantAt(n), Math.floor(n / 100), type, subject, actor, n, JSON.stringify(payload));
    }
    database.exec("COMMIT");
    const took = performance.now() - began;
    for (let k = 0; k < rows; k++) samples.push(took);
  }
  return samples;
}

/** Reads a page and parses what it holds. */
export function pageOfRaw(database: DatabaseSync, where: string, ...values: readonly (string | number)[]): unknown[] {
  return database
    .prepare(`SELECT * FROM events ${where}`)
    .all(...values)
    .map((row): unknown => ({ ...row, json: JSON.parse(String(row["json"])) as unknown }));
}

/** Reads every event, and hashes what it says with the hash before: as little as a chain can be. */
export function chainRaw(database: DatabaseSync): number {
  let hash: Buffer = Buffer.alloc(32);
  let count = 0;
  for (const row of database.prepare("SELECT * FROM events ORDER BY id").iterate()) {
    hash = createHash("sha256").update(hash).update(JSON.stringify(row)).digest();
    count += 1;
  }
  return count;
}

/** Reads every event and parses what it holds, as whoever replays it must. */
export function readRaw(database: DatabaseSync): number {
  let count = 0;
  for (const row of database.prepare("SELECT * FROM events ORDER BY id").iterate()) {
    JSON.parse(String(row["json"]));
    count += 1;
  }
  return count;
}

/** Opens it again, and reads the newest event. */
export function reopenRaw(dir: string, name: string): unknown {
  using database = new DatabaseSync(join(dir, `${name}.sqlite`));
  return database.prepare("SELECT * FROM events ORDER BY id DESC LIMIT 1").get();
}
