/**
 * The disk under a log, which outlives every kernel. Two are made of it: one in memory, on which everything is decided by
 * the seed, and the real file. Both run the same scenarios under the same checkers.
 */
import type { EventId, Instant, KernelEpoch, Refusal, TenantId } from "../../base/index.ts";
import type { Event, RecoveryLog, TurnLog } from "../../kernel/index.ts";
import type { Snapshot } from "../../store/index.ts";

/** A log as one kernel holds it: the contract of the store's EventLog, as far as a kernel's turns need it. */
export interface SimLog extends TurnLog, RecoveryLog {
  readonly timestamp: Instant;
  /** Events that wait for the disk. */
  readonly queued: number;
  readonly onCommitted: (listener: (events: readonly Event[]) => void) => void;
  readonly onFailure: (listener: (why: string) => void) => void;
  readonly saveSnapshot: (of: Snapshot) => Promise<void>;
  readonly countPayloads: (of: { readonly tenant: TenantId; readonly through: EventId }) => Promise<number | Refusal>;
  /** After an orderly end: everything is durable. */
  readonly close: () => Promise<void>;
}

export interface Storage {
  /** A kernel opens it. Refused to a kernel that is not newer than the last one of the same boot. */
  readonly open: (owner: { readonly boot: string; readonly epoch: KernelEpoch }) => Promise<SimLog | Refusal>;
  /** The kernel that holds it is gone. What was being written may be there as a whole, or not at all. */
  readonly crash: () => Promise<void>;
  /** Resolves when nothing that was asked of a real disk is under way: simulated time stands still meanwhile. */
  readonly settle: () => Promise<void> | undefined;
  /** From now on nothing can be written, or can again. */
  setFull: (full: boolean) => void;
  /** How slow it is, beside the usual. */
  setSlowness: (factor: number) => void;
  /** Every snapshot is lost: they are only a cache. */
  readonly loseSnapshots: () => void;
  /** The last look at it, when nobody holds it: undefined if its chain is whole. */
  readonly verify: () => Promise<string | undefined>;
  readonly dispose: () => Promise<void>;
}
