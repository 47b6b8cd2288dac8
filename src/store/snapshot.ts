/** Snapshots: states as of an event, so that a boot need not replay everything. A cache, which can be made again. */
import { type EventId, eventId, limits } from "../base/index.ts";
import { sameBytes, snapshotChecksum } from "./chain.ts";
import { openForReading } from "./sqlite.ts";

export interface Snapshot {
  readonly event: EventId;
  readonly evolveVersion: number;
  readonly json: string;
}

/** Time for the next one? `snapshot`: the event of the last, or 0. */
export const snapshotIsDue = (at: { readonly newest: EventId; readonly snapshot: EventId }): boolean =>
  at.newest - at.snapshot >= limits.snapshotEveryEvents;

/** The newest snapshot of `evolveVersion` that is whole and that the log reaches. */
export function readSnapshot(path: string, evolveVersion: number, head: EventId): Snapshot | undefined {
  const database = openForReading(path);
  try {
    const rows = database
      .prepare("SELECT * FROM snapshots WHERE evolve_version = ? AND event <= ? ORDER BY event DESC")
      .iterate(evolveVersion, head);
    for (const row of rows) {
      const { event, json, checksum } = row;
      if (typeof event !== "number" || typeof json !== "string" || !(checksum instanceof Uint8Array)) continue;
      if (!sameBytes(checksum, snapshotChecksum({ event, evolveVersion, json }))) continue;
      return { event: eventId(event), evolveVersion, json };
    }
    return undefined;
  } finally {
    database.close();
  }
}
