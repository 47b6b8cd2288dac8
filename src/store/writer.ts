/**
 * The writer: the one thread that writes to the log. It gets a list of entries, commits it in one transaction with one
 * fsync, says so, and gets the next list. After any failure it writes nothing more: what an fsync failed to write may be
 * lost from the kernel's page cache, so that trying again would prove nothing.
 */
import { randomFillSync } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { digestPayload, genesis, hex, linkHash, saltBytes, snapshotChecksum } from "./chain.ts";
import type { Entry, EventRow, FromWriter, ObservationRow, ToWriter, WriterData } from "./entries.ts";
import { type Database, openForWriting, sayError, transact, troubleOf } from "./sqlite.ts";

class Fenced extends Error {
  override readonly name = "Fenced";
}

/** One call for many salts: each call costs microseconds. A salt is valid until the next few hundred are taken. */
class Salts {
  readonly #pool = new Uint8Array(saltBytes * 512);
  #used = this.#pool.length;

  next(): Uint8Array {
    if (this.#used === this.#pool.length) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    this.#used += saltBytes;
    return this.#pool.subarray(this.#used - saltBytes, this.#used);
  }
}

class Writer {
  readonly #database: Database;
  readonly #data: WriterData;
  readonly #salts = new Salts();
  #head: { id: number; hash: Uint8Array };
  readonly #insertEvent;
  readonly #insertPayload;
  readonly #owner;

  constructor(data: WriterData) {
    this.#data = data;
    this.#database = openForWriting(data.path, data.bytesMax === undefined ? {} : { bytesMax: data.bytesMax });
    this.#insertEvent = this.#database.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#insertPayload = this.#database.prepare("INSERT INTO payloads VALUES (?, ?, ?)");
    this.#owner = this.#database.prepare("SELECT value FROM meta WHERE name = 'owner'");
    const last = this.#database.prepare("SELECT id, hash FROM events ORDER BY id DESC LIMIT 1").get();
    this.#head =
      last === undefined ? { id: 0, hash: genesis } : { id: Number(last["id"]), hash: last["hash"] as Uint8Array };
    if (this.#head.id !== data.head) throw new Fenced(`the log ends at ${this.#head.id}, not at ${data.head}`);
  }

  /** Returns the hash of the newest event. */
  commit(entries: readonly Entry[]): string {
    const before = this.#head;
    try {
      transact(this.#database, () => {
        const owner = this.#owner.get()?.["value"];
        if (owner !== this.#data.owner) throw new Fenced(`the log belongs to kernel ${String(owner)} now`);
        for (const entry of entries) this.#write(entry);
      });
    } catch (error) {
      this.#head = before;
      throw error;
    }
    if (entries.some((entry) => entry.type === "erase_payloads")) this.#forgetWal();
    return hex(this.#head.hash);
  }

  close(): void {
    this.#forgetWal();
    this.#database.close();
  }

  #write(entry: Entry): void {
    switch (entry.type) {
      case "event":
        return this.#writeEvent(entry.row);
      case "erase_payloads":
        return this.#erasePayloads(entry);
      case "artifact":
        this.#database
          .prepare("INSERT OR IGNORE INTO artifacts VALUES (?, ?, ?, ?)")
          .run(entry.tenant, entry.hash, entry.bytes.length, entry.bytes);
        return;
      case "keep_artifacts":
        this.#database
          .prepare("DELETE FROM artifacts WHERE tenant = ? AND hash NOT IN (SELECT value FROM json_each(?))")
          .run(entry.tenant, JSON.stringify(entry.hashes));
        return;
      case "snapshot":
        return this.#writeSnapshot(entry);
      case "observations":
        for (const row of entry.rows) this.#writeObservation(row);
        for (const tenant of new Set(entry.rows.map((row) => row.tenant))) this.#trimObservations(tenant);
        return;
    }
  }

  #writeEvent(row: EventRow): void {
    if (row.id !== this.#head.id + 1) throw new Error(`event ${row.id} cannot follow ${this.#head.id}`);
    const salt = this.#salts.next();
    const digest = digestPayload(salt, row.payload);
    const link = linkHash(this.#head.hash, row, digest);
    this.#insertEvent.run(
      row.id,
      row.tenant,
      row.sequence,
      row.type,
      row.subject,
      row.actor,
      row.timestamp,
      row.wallClock,
      row.causation,
      row.version,
      digest,
      link,
    );
    this.#insertPayload.run(row.id, salt, row.payload);
    this.#head = { id: row.id, hash: link };
  }

  /** Events that tell of an erasure keep their payload: they say what is missing. Snapshots may hold what is erased. */
  #erasePayloads(what: { readonly tenant: string; readonly through: number }): void {
    this.#database
      .prepare(
        `DELETE FROM payloads WHERE id IN
           (SELECT id FROM events WHERE tenant = ? AND id <= ? AND type <> 'payload_erased')`,
      )
      .run(what.tenant, what.through);
    this.#database.exec("DELETE FROM snapshots");
  }

  #writeSnapshot(at: { readonly event: number; readonly evolveVersion: number; readonly json: string }): void {
    this.#database
      .prepare("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)")
      .run(at.event, at.evolveVersion, at.json, snapshotChecksum(at));
    this.#database
      .prepare("DELETE FROM snapshots WHERE event NOT IN (SELECT event FROM snapshots ORDER BY event DESC LIMIT ?)")
      .run(this.#data.snapshotsKeptMax);
  }

  #writeObservation(row: ObservationRow): void {
    this.#database
      .prepare(
        `INSERT INTO observations (tenant, type, subject, detail, hour, count, first_ms, last_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (tenant, type, subject, detail, hour)
         DO UPDATE SET count = count + excluded.count, last_ms = max(last_ms, excluded.last_ms)`,
      )
      .run(row.tenant, row.type, row.subject, row.detail, row.hour, row.count, row.firstMs, row.lastMs);
  }

  #trimObservations(tenant: string): void {
    const past = this.#database
      .prepare("SELECT id FROM observations WHERE tenant = ? ORDER BY id DESC LIMIT 1 OFFSET ?")
      .get(tenant, this.#data.observationRowsMax)?.["id"];
    if (past === undefined) return;
    this.#database
      .prepare(
        `INSERT INTO observations_dropped
         SELECT tenant, sum(count) FROM observations WHERE tenant = ? AND id <= ? GROUP BY tenant
         ON CONFLICT (tenant) DO UPDATE SET count = count + excluded.count`,
      )
      .run(tenant, past);
    this.#database.prepare("DELETE FROM observations WHERE tenant = ? AND id <= ?").run(tenant, past);
  }

  /** The write-ahead log still holds the pages as they were: truncate it. A reader at work may prevent it for now. */
  #forgetWal(): void {
    this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
}

function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error("the writer runs in a worker thread");
  const tell = (message: FromWriter): void => port.postMessage(message);
  const fail = (error: unknown): void => {
    tell({
      type: "failed",
      trouble: error instanceof Fenced ? "fenced" : troubleOf(error),
      problem: sayError(error),
    });
    port.close();
  };
  let writer: Writer | undefined;
  const hear = (message: ToWriter): void => {
    switch (message.type) {
      case "begin":
        writer = new Writer(message.data);
        return;
      case "commit":
        if (writer === undefined) throw new Error("a commit came before the log was claimed");
        return tell({ type: "committed", hash: writer.commit(message.entries) });
      case "close":
        writer?.close();
        tell({ type: "closed" });
        return port.close();
    }
  };
  port.on("message", (message: ToWriter) => {
    try {
      hear(message);
    } catch (error) {
      fail(error);
    }
  });
}

serve();
