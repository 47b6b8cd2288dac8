/**
 * node:sqlite, wrapped: the only file that imports it. Every connection is opened for one thread and used by it alone.
 *
 * The log's durability rests on two settings: WAL (a commit appends to one file) and synchronous=FULL (that append is
 * fsynced before the commit returns, https://www.sqlite.org/pragma.html#pragma_synchronous). A commit becomes visible to
 * other connections only after its fsync, so that whatever a reader sees is durable.
 */
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";

export type SqlRow = Readonly<Record<string, SQLOutputValue>>;
export type SqlInput = SQLInputValue;
export type Database = DatabaseSync;
export type Statement = StatementSync;

/** Writes of more than this many pages wait in the write-ahead log before they are moved into the database. */
const walPagesMax = 4_000;

export function openForWriting(path: string, options: { readonly bytesMax?: number } = {}): Database {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = ${walPagesMax};
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -16384;
  `);
  if (options.bytesMax !== undefined) {
    const pageBytes = Number(database.prepare("PRAGMA page_size").get()?.["page_size"] ?? 4_096);
    database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(options.bytesMax / pageBytes))}`);
  }
  return database;
}

export function openForReading(path: string): Database {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  database.exec("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;");
  return database;
}

/** Runs `work` in one transaction that excludes other writers from its start; a throw rolls back and is passed on. */
export function transact<T>(database: Database, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite has rolled back by itself after some failures (full disk, I/O): https://www.sqlite.org/lang_transaction.html
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** What went wrong, by SQLite's primary result code (https://www.sqlite.org/rescode.html). */
export type SqlTrouble = "full" | "damaged" | "busy" | "io" | "other";

export function troubleOf(error: unknown): SqlTrouble {
  const code: unknown = typeof error === "object" && error !== null && "errcode" in error ? error.errcode : undefined;
  switch (typeof code === "number" ? code & 0xff : -1) {
    case 13:
      return "full";
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return "damaged";
    case 5:
    case 6:
      return "busy";
    case 10:
    case 14:
      return "io";
    default:
      return "other";
  }
}

export const sayError = (error: unknown): string => (error instanceof Error ? error.message : String(error));
