/**
 * store: REMEMBERS. The event log (facts, durable before anybody is told of them), snapshots, observations and artifacts.
 * It never interprets a payload; it assumes that one kernel at a time owns the data directory, and fences an older one.
 * Keeps P3 (no lost truth).
 */
export { type ArtifactHold } from "./artifacts.ts";
export { type Head } from "./boot.ts";
export { type EventQuery, type Fault, type ObservationPage, type ObservationQuery, type Verdict } from "./asks.ts";
export { CommitQueue } from "./commit-queue.ts";
export { Disk, type DiskOptions } from "./disk.ts";
export { type Entry, type EventRow } from "./entries.ts";
export {
  type EventLog,
  type EventLogOptions,
  type EventPage,
  makeLogWriter,
  openEventLog,
  type VerifyOptions,
} from "./event-log.ts";
export { Placing, type Stamp } from "./placing.ts";
export { LogDamaged, toEvent } from "./row.ts";
export { type Snapshot, snapshotIsDue } from "./snapshot.ts";
export { LogFailure, type WriterLink } from "./writer-link.ts";
