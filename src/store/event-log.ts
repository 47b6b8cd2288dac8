/**
 * The event log, as the kernel process holds it. Appending is synchronous, so that a turn runs from decide to append
 * without awaiting; the disk follows in the writer's thread, and the watermark `durable` says how far it got.
 *
 *   append ─▶ commit queue ─▶ writer (thread) ─▶ log.sqlite ◀─ reader (thread) ◀─ query, verify, artifacts
 *      │                         │ committed
 *      ▼                         ▼
 *   events, for evolve        durable rises, whenDurable settles, then onCommitted listeners in order of the log
 *
 * Invariants: ids are gap-free from 1, and so are the sequences of each tenant; `durable` ≤ newest appended; nobody is
 * shown an event above `durable`. After one failed commit nothing more is written and every waiter is rejected: the
 * process must end, and the next kernel replays what is durable.
 */
import { type EventId, eventId, insist, type Instant, type KernelEpoch, limits, type Refusal } from "../base/index.ts";
import type { Event, EventType, NewEvent } from "../kernel/index.ts";
import { type Head, openLog, type Opened, readSnapshot, replayEvents, type Snapshot } from "./boot.ts";
import { CommitQueue } from "./commit-queue.ts";
import type { Entry, EventRow } from "./entries.ts";
import { toEvent } from "./row.ts";
import { type LogFailure, WriterLink } from "./writer-link.ts";

export interface EventLogOptions {
  /** The data directory; it must exist. The log is `log.sqlite` in it. */
  readonly dir: string;
  /** From init. A kernel that is not newer than the last one of the same boot is refused with STALE_EPOCH. */
  readonly boot: string;
  readonly epoch: KernelEpoch;
  /** The payload format written today, per type (the kernel's `eventVersions`). */
  readonly versions: Readonly<Record<EventType, number>>;
  /** The log never grows beyond this; reaching it is a failure like a full disk. Default: the disk decides. */
  readonly bytesMax?: number;
}

/** When a turn happened, by the kernel's clock and by the machine's; whole milliseconds. */
export interface Stamp {
  readonly timestamp: Instant;
  readonly wallClockMs: number;
}

/**
 * Opens the log, or makes one, and claims it: whoever held it before can commit no more. Refusals: LOG_UNAVAILABLE
 * (damaged, foreign or newer file, no access), STALE_EPOCH. Reads nothing but the log's end: call `replay` next.
 */
export async function openEventLog(options: EventLogOptions): Promise<EventLog | Refusal> {
  const opened = openLog(options.dir, options);
  return "refused" in opened ? opened : new EventLog(options, opened);
}

export class EventLog {
  readonly #path: string;
  readonly #versions: Readonly<Record<EventType, number>>;
  readonly #sequences: Map<string, number>;
  readonly #queue: CommitQueue;
  readonly #writer: WriterLink;
  readonly #listeners = new Set<(events: readonly Event[]) => void>();
  readonly #failureListeners = new Set<(failure: LogFailure) => void>();
  #newest: EventId;
  #timestamp: Instant;
  #head: Head;
  #failure: LogFailure | undefined;

  constructor(options: EventLogOptions, opened: Opened) {
    this.#path = opened.path;
    this.#versions = options.versions;
    this.#sequences = opened.sequences;
    this.#newest = opened.head.id;
    this.#head = opened.head;
    this.#timestamp = opened.timestamp;
    this.#writer = new WriterLink(
      {
        path: opened.path,
        owner: opened.owner,
        head: opened.head.id,
        ...(options.bytesMax === undefined ? {} : { bytesMax: options.bytesMax }),
        snapshotsKeptMax: limits.snapshotsKeptMax,
        observationRowsMax: limits.observationRowsMax,
      },
      { committed: (hash) => this.#committed(hash), failed: (failure) => this.#fail(failure) },
    );
    this.#queue = new CommitQueue((entries) => this.#writer.commit(entries));
  }

  /** The newest event that was appended, durable or not. */
  get newest(): EventId {
    return this.#newest;
  }

  /** Everything up to this event survives a crash. */
  get durable(): EventId {
    return this.#head.id;
  }

  /** The instant of the newest event: the kernel's clock starts from it. */
  get timestamp(): Instant {
    return this.#timestamp;
  }

  /** The newest durable event and its hash: what VerifyLog can be asked to expect later. */
  head(): Head {
    return this.#head;
  }

  /** Can `count` more events be queued? If not, refuse with OVERLOADED before deciding. False for ever after a failure. */
  hasRoom(count: number): boolean {
    return this.#queue.hasRoom(count, 0);
  }

  /**
   * Gives events their place and queues them; durable later. Returns them as a replay would: payloads are fresh copies.
   * A `payload_erased` event erases the payloads that it names, in the transaction that writes it; nothing else does.
   * The caller has asked `hasRoom`; a payload above limits.eventPayloadBytesMax, a cause that is not earlier, or an instant
   * before the last one is a bug.
   */
  append(events: readonly NewEvent[], stamp: Stamp): readonly Event[] {
    insist(this.#queue.hasRoom(events.length, 0), "appending was preceded by hasRoom");
    insist(
      Number.isSafeInteger(stamp.timestamp) && Number.isSafeInteger(stamp.wallClockMs),
      "a stamp is in whole milliseconds",
    );
    insist(stamp.timestamp >= this.#timestamp, "the kernel's instant never goes back");
    const payloads = events.map((event, index) => this.#check(event, index));
    return events.map((event, index) => {
      const row = this.#place(event, payloads[index] ?? "", stamp, this.#newest - index);
      const placed = toEvent(row, row.payload);
      this.#queue.add({ type: "event", row }, row.payload.length, placed);
      const erasure = erasureOf(event);
      if (erasure !== undefined) this.#queue.add(erasure, 0);
      return placed;
    });
  }

  /** Resolves when event `id` is durable (at once if it is), in the order of ids; rejects with LogFailure. */
  whenDurable(id: EventId): Promise<void> {
    insist(id <= this.#newest, "only what was appended becomes durable");
    return id <= this.#head.id ? Promise.resolve() : this.#queue.whenDurable(id);
  }

  /** Calls back with each durable event once, in order of the log, from now on. Returns how to stop. */
  onCommitted(listener: (events: readonly Event[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back once, when the log has failed: end the process. At once (in a microtask) if it already has. */
  onFailure(listener: (failure: LogFailure) => void): void {
    const failure = this.#failure;
    if (failure === undefined) this.#failureListeners.add(listener);
    else queueMicrotask(() => listener(failure));
  }

  /**
   * The durable events after `after`, read on this thread as they are asked for: for boot only, since it blocks. Each has
   * the `version` that it was written with; erased ones have no payload. Throws LogDamaged.
   */
  replay(after: EventId): Iterable<Event> {
    return replayEvents(this.#path, after);
  }

  /** The newest whole snapshot of this version, read on this thread: for boot only. */
  latestSnapshot(evolveVersion: number): Snapshot | undefined {
    return readSnapshot(this.#path, evolveVersion, this.#head.id);
  }

  /** Waits until all that was appended is durable (or the log has failed), and lets go of the file. */
  async close(): Promise<void> {
    if (this.#failure === undefined) await this.#queue.whenAllDurable().catch(() => undefined);
    await this.#writer.close();
  }

  /** Returns the payload as text. Every event of a list is found fit before the first one gets its place. */
  #check(event: NewEvent, index: number): string {
    const payload = JSON.stringify(event.payload);
    insist(
      Buffer.byteLength(payload) <= limits.eventPayloadBytesMax,
      `the payload of ${event.type} is within its limit`,
    );
    insist(isLabel(event.subject) && isLabel(event.actor), "subject and actor are short printable text");
    const { cause } = event;
    const earlier = typeof cause === "object" ? cause.earlier >= 0 && cause.earlier < index : true;
    const known = typeof cause === "number" ? cause >= 1 && cause <= this.#newest : true;
    insist(earlier && known, "a cause is earlier than what it causes");
    return payload;
  }

  /** `before`: the newest event before the list that this one came in. */
  #place(event: NewEvent, payload: string, stamp: Stamp, before: number): EventRow {
    this.#newest = eventId(this.#newest + 1);
    this.#timestamp = stamp.timestamp;
    const { tenant, cause } = event;
    const sequence = tenant === undefined ? null : (this.#sequences.get(tenant) ?? 0) + 1;
    if (tenant !== undefined && sequence !== null) this.#sequences.set(tenant, sequence);
    return {
      id: this.#newest,
      tenant: tenant ?? null,
      sequence,
      type: event.type,
      subject: event.subject,
      actor: event.actor,
      timestamp: stamp.timestamp,
      wallClock: stamp.wallClockMs,
      causation: typeof cause === "object" ? before + 1 + cause.earlier : (cause ?? null),
      version: this.#versions[event.type],
      payload,
    };
  }

  #committed(hash: string): void {
    const events = this.#queue.committed();
    this.#head = { id: events.at(-1)?.id ?? this.#head.id, hash };
    this.#queue.next();
    if (events.length > 0) for (const listener of this.#listeners) listener(events);
  }

  #fail(failure: LogFailure): void {
    this.#failure = failure;
    this.#queue.fail(failure);
    for (const listener of this.#failureListeners) listener(failure);
  }
}

const isLabel = (text: string): boolean => text.isWellFormed() && /^\P{Cc}{1,256}$/u.test(text);

const erasureOf = (event: NewEvent): Entry | undefined =>
  event.type === "payload_erased"
    ? { type: "erase_payloads", tenant: event.payload.erased, through: event.payload.through }
    : undefined;
