/**
 * Everything that the store keeps, in one SQLite file, `log.sqlite` in the data directory (0600):
 *
 *   meta             name → value
 *                      owner            `<boot> <epoch>` of the kernel that may write; every commit checks it, so that
 *                                       a newer kernel fences an older one
 *   events           one row per event, ids gap-free from 1; never changed, never deleted
 *     id               the event's place in the log
 *     tenant           whose it is; NULL for the node's own
 *     tenant_sequence  gap-free from 1 within its tenant; NULL with tenant
 *     type, subject, actor
 *     timestamp        the kernel's instant, ms; never goes back from id to id, so that a time is found by binary search
 *     wall_clock       the machine's clock, ms
 *     causation        id of the event that caused it, smaller than its own; or NULL
 *     version          of the payload's format, per type
 *     payload_digest   SHA-256(salt ‖ payload)
 *     hash             SHA-256(hash of id-1, or 32 zeros ‖ header ‖ payload_digest); see chain.ts
 *   payloads         one row per event whose payload was not erased
 *     id, salt (16 random bytes, erased with the payload: what is left cannot be guessed at), json
 *   snapshots        states as of an event; a cache: may be dropped at any time
 *     event, evolve_version, json, checksum = SHA-256(event ‖ evolve_version ‖ json)
 *   artifacts        bytes that events refer to by hash; per tenant, so that deleting a tenant removes its own
 *     tenant, hash = SHA-256(bytes) in hex, size, bytes
 *   observations     counted by (tenant, type, subject, detail, hour); bounded per tenant, oldest dropped
 *     id, tenant ('' for the node), type, subject, detail, hour, count, first_ms, last_ms
 *   observations_dropped   how many observations the dropped rows of a tenant stood for
 *
 * `user_version` is the schema's version, `application_id` says that the file is Solo's.
 */
import type { Database } from "./sqlite.ts";

export const schemaVersion = 1;
/** "Solo" in ASCII. */
const applicationId = 0x536f6c6f;

const ddl = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    tenant TEXT,
    tenant_sequence INTEGER,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    actor TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    wall_clock INTEGER NOT NULL,
    causation INTEGER,
    version INTEGER NOT NULL,
    payload_digest BLOB NOT NULL,
    hash BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_tenant ON events (tenant, tenant_sequence) WHERE tenant IS NOT NULL;
  CREATE INDEX events_by_type ON events (type, id);
  CREATE INDEX events_by_tenant_type ON events (tenant, type, id);
  CREATE INDEX events_by_tenant_subject ON events (tenant, subject, id);
  CREATE TABLE payloads (id INTEGER PRIMARY KEY, salt BLOB NOT NULL, json TEXT NOT NULL) STRICT;
  CREATE TABLE snapshots (
    event INTEGER PRIMARY KEY,
    evolve_version INTEGER NOT NULL,
    json TEXT NOT NULL,
    checksum BLOB NOT NULL
  ) STRICT;
  CREATE TABLE artifacts (
    tenant TEXT NOT NULL,
    hash TEXT NOT NULL,
    size INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX artifacts_by_hash ON artifacts (tenant, hash, size);
  CREATE TABLE observations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    hour INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX observations_by_kind ON observations (tenant, type, subject, detail, hour);
  CREATE INDEX observations_by_age ON observations (tenant, id);
  CREATE TABLE observations_dropped (tenant TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;

const pragma = (database: Database, name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);

/** Makes the tables of a new file, or says why an existing one cannot be used. Runs inside the caller's transaction. */
export function provideSchema(database: Database): "ready" | { readonly unusable: string } {
  const version = pragma(database, "user_version");
  const application = pragma(database, "application_id");
  const tables = Number(database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
  if (tables === 0 && version === 0) {
    database.exec(ddl);
    return "ready";
  }
  if (application !== applicationId) return { unusable: "log.sqlite is not a log of Solo's" };
  if (version > schemaVersion) {
    return {
      unusable: `the data directory was written by a newer Solo (format ${version}; this one knows ${schemaVersion})`,
    };
  }
  if (version < 1) return { unusable: `log.sqlite says format ${version}, which never was` };
  return "ready";
}
