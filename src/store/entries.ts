/** What goes from the main thread to the writer and back: lists of entries, each list one transaction. All data. */
import type { Header } from "./chain.ts";
import type { SqlTrouble } from "./sqlite.ts";

/** An event as it is stored. The writer adds salt, digest and hash. */
export interface EventRow extends Header {
  readonly payload: string;
}

export interface ObservationRow {
  /** "" for the node's own. */
  readonly tenant: string;
  /** Of the machine's clock, since the epoch. */
  readonly hour: number;
  readonly type: string;
  readonly subject: string;
  readonly detail: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export type Entry =
  | { readonly type: "event"; readonly row: EventRow }
  /** Follows the `payload_erased` event that says so, in the same list. */
  | { readonly type: "erase_payloads"; readonly tenant: string; readonly through: number }
  | { readonly type: "artifact"; readonly tenant: string; readonly hash: string; readonly bytes: Uint8Array }
  /** Deletes those of the tenant's artifacts that are not named. */
  | { readonly type: "keep_artifacts"; readonly tenant: string; readonly hashes: readonly string[] }
  | {
      readonly type: "snapshot";
      readonly event: number;
      readonly evolveVersion: number;
      readonly json: string;
    }
  | { readonly type: "observations"; readonly rows: readonly ObservationRow[] };

export interface WriterData {
  readonly path: string;
  readonly owner: string;
  /** The newest event when the log was opened. */
  readonly head: number;
  readonly bytesMax?: number;
  readonly snapshotsKeptMax: number;
  readonly observationRowsMax: number;
}

export type ToWriter =
  | { readonly type: "begin"; readonly data: WriterData }
  | { readonly type: "commit"; readonly entries: readonly Entry[] }
  /** Moves the write-ahead log into the database and closes; answered by `closed`. */
  | { readonly type: "close" };

export type FromWriter =
  /** `hash`: of the newest event in the log. */
  | { readonly type: "committed"; readonly hash: string }
  /** Nothing of the list was kept, or it cannot be known; the writer does nothing any more. */
  | { readonly type: "failed"; readonly trouble: SqlTrouble | "fenced"; readonly problem: string }
  | { readonly type: "closed" };
