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
import {
  type ArtifactHash,
  type EventId,
  eventId,
  insist,
  type Instant,
  isRefusal,
  type KernelEpoch,
  limits,
  type Refusal,
  type TenantId,
} from "../base/index.ts";
import type { Event, EventType, NewEvent, Observation } from "../kernel/index.ts";
import { type ArtifactHold, Artifacts } from "./artifacts.ts";
import type { EventQuery, ObservationPage, ObservationQuery, Verdict } from "./asks.ts";
import { type Head, openLog, type Opened, replayEvents } from "./boot.ts";
import { CommitQueue } from "./commit-queue.ts";
import type { Entry } from "./entries.ts";
import { Observations } from "./observations.ts";
import { Placing, type Stamp } from "./placing.ts";
import { ReaderLink } from "./reader-link.ts";
import { LogDamaged, toEvent } from "./row.ts";
import { readSnapshot, type Snapshot } from "./snapshot.ts";
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

export interface EventPage {
  readonly events: readonly Event[];
  /** For an event whose cause is of the same tenant: the cause's sequence, by the event's id. What a tenant may be shown. */
  readonly causeSequences: ReadonlyMap<EventId, number>;
  /** Where the following page starts (see EventQuery); absent on the last. A page may end before its limit, by bytes. */
  readonly next?: number;
}

export interface VerifyOptions {
  /** Ids, both included; default: from the first event to the newest durable one. What comes before `from` is believed. */
  readonly from?: EventId | undefined;
  readonly to?: EventId | undefined;
  /** Known from an earlier `head()`: what makes a log show that was cut off or written anew. */
  readonly expect?: Head | undefined;
  readonly progress?: ((checked: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a row of observations counts for in the commit queue. */
const observationBytes = 500;
/** Observations are written this often. */
const observationFlushMs = 2_000;

/** The thread that will write a log: made ahead, since it takes a while to start. It touches nothing until its log is opened. */
export const makeLogWriter = (): WriterLink => new WriterLink();

/**
 * Opens the log, or makes one, and claims it: whoever held it before can commit no more. Refusals: LOG_UNAVAILABLE
 * (damaged, foreign or newer file, no access), STALE_EPOCH. Reads nothing but the log's end: call `replay` next.
 */
export async function openEventLog(
  options: EventLogOptions,
  writer: WriterLink = makeLogWriter(),
): Promise<EventLog | Refusal> {
  const opened = openLog(options.dir, options);
  if (!isRefusal(opened)) return new EventLog(options, opened, writer);
  await writer.close();
  return opened;
}

export class EventLog {
  readonly #path: string;
  readonly #placing: Placing;
  readonly #queue: CommitQueue;
  readonly #writer: WriterLink;
  readonly #reader: ReaderLink;
  readonly #artifacts: Artifacts;
  readonly #observations = new Observations();
  readonly #flusher: NodeJS.Timeout;
  readonly #listeners = new Set<(events: readonly Event[]) => void>();
  readonly #failureListeners = new Set<(failure: LogFailure) => void>();
  #head: Head;
  #failure: LogFailure | undefined;
  /** The connection of the opening: were it closed before the writer has its own, SQLite would tidy up first. */
  readonly #letGo: () => void;

  constructor(options: EventLogOptions, opened: Opened, writer: WriterLink) {
    this.#path = opened.path;
    this.#letGo = opened.letGo;
    this.#placing = new Placing(options.versions, opened);
    this.#head = opened.head;
    this.#writer = writer;
    writer.begin(
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
    this.#reader = new ReaderLink(opened.path);
    this.#artifacts = new Artifacts(this.#queue, this.#reader, opened.artifacts);
    this.#flusher = setInterval(() => this.#flushObservations(), observationFlushMs).unref();
  }

  /** The newest event that was appended, durable or not. */
  get newest(): EventId {
    return this.#placing.newest;
  }

  /** Everything up to this event survives a crash. */
  get durable(): EventId {
    return this.#head.id;
  }

  /** The instant of the newest event: the kernel's clock starts from it. */
  get timestamp(): Instant {
    return this.#placing.timestamp;
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
   * Who could still be refused has asked `hasRoom`; reports of what has happened (deaths) need not, and find room up to
   * limits.commitQueueReportsMax. A payload above limits.eventPayloadBytesMax, a cause that is not earlier, or an instant
   * before the last one is a bug.
   */
  append(events: readonly NewEvent[], stamp: Stamp): readonly Event[] {
    insist(this.#queue.canTake(events.length), "events that cannot be refused are bounded too");
    return this.#placing.place(events, stamp).map((row, index) => {
      const placed = toEvent(row, row.payload);
      this.#queue.add({ type: "event", row }, row.payload.length, placed);
      const erasure = erasureOf(events[index]);
      if (erasure !== undefined) this.#queue.add(erasure, 0);
      return placed;
    });
  }

  /** Resolves when event `id` is durable (at once if it is), in the order of ids; rejects with LogFailure. */
  whenDurable(id: EventId): Promise<void> {
    insist(id <= this.newest, "only what was appended becomes durable");
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

  /**
   * Keeps the state as of event `of.event` for the next boot, once that event is durable; resolves when it is kept. The
   * newest limits.snapshotsKeptMax stay. An erasure of payloads drops all, since they may hold what was erased.
   */
  async saveSnapshot(of: Snapshot): Promise<void> {
    insist(of.event <= this.newest, "a snapshot is of what was appended");
    this.#queue.add({ type: "snapshot", ...of }, of.json.length);
    await this.#queue.whenAllDurable();
  }

  /** One page of durable events, read in the reader's thread. Refusals: OVERLOADED, LOG_UNAVAILABLE. */
  async query(query: EventQuery): Promise<EventPage | Refusal> {
    insist((query.types?.length ?? 0) <= limits.eventTypesMax, "a query names a bounded number of types");
    const page = await this.#reader.ask("query", { ...query, through: this.#head.id });
    if (isRefusal(page)) return page;
    try {
      const events = page.records.map((one) => toEvent(one.header, one.json));
      const causeSequences = new Map<EventId, number>();
      for (const { header, causeSequence } of page.records) {
        if (causeSequence !== null) causeSequences.set(eventId(header.id), causeSequence);
      }
      return { events, causeSequences, ...(page.next === undefined ? {} : { next: page.next }) };
    } catch (error) {
      if (error instanceof LogDamaged) return error.refusal;
      throw error;
    }
  }

  /**
   * All durable events up to `through`, oldest first, page by page without blocking: to rebuild the state as of an event.
   * Throws LogDamaged if they cannot be read.
   */
  async *history(through: EventId): AsyncGenerator<readonly Event[], void, undefined> {
    for (let after: number | undefined = 0; after !== undefined;) {
      const page: EventPage | Refusal = await this.query({ after, before: through + 1 });
      if (isRefusal(page)) throw new LogDamaged(String(page.detail["why"] ?? page.refused));
      yield page.events;
      after = page.next;
    }
  }

  /** How many payloads a `payload_erased` event with these particulars would erase, once `through` is durable: its `count`. */
  async countPayloads(of: { readonly tenant: TenantId; readonly through: EventId }): Promise<number | Refusal> {
    await this.whenDurable(of.through);
    return this.#reader.ask("count_payloads", of);
  }

  /**
   * Walks the chain in the reader's thread and says which event is the first that was altered, taken away or moved. The
   * newest durable event, as this process knows it, is always expected. Refusals: OVERLOADED, LOG_UNAVAILABLE.
   */
  verify(options: VerifyOptions = {}): Promise<Verdict | Refusal> {
    const { from, to, expect, progress, signal } = options;
    return this.#reader.ask("verify", { from, to, expect, known: this.#head }, { progress, signal });
  }

  /** Counts an observation; it is written within seconds, and may be lost in a crash. Cheap, and bounded whatever comes. */
  observe(observation: Observation, wallClockMs: number): void {
    this.#observations.add(observation, wallClockMs);
  }

  /** What was observed; what is still being counted is written first. */
  async observations(query: ObservationQuery): Promise<ObservationPage | Refusal> {
    this.#flushObservations();
    // What cannot be written any more is lost; what was written can still be read.
    await this.#queue.whenAllDurable().catch(() => undefined);
    return this.#reader.ask("observations", query);
  }

  /**
   * Queues an artifact and returns its address; the caller may change `bytes` again. An event appended afterwards is never
   * durable without it. Refusals: TOO_LARGE, QUOTA_EXCEEDED (per tenant), OVERLOADED.
   */
  putArtifact(tenant: TenantId, bytes: Uint8Array): Promise<ArtifactHash | Refusal> {
    return this.#artifacts.put(tenant, bytes);
  }

  /** Shared with other callers: do not write into it or transfer it. Refusal: ARTIFACT_DAMAGED (altered, or not there). */
  getArtifact(tenant: TenantId, hash: ArtifactHash): Promise<Uint8Array | Refusal> {
    return this.#artifacts.get(tenant, hash);
  }

  /** Puts artifacts that are spared from `keepArtifacts` until the hold is disposed: when the event that names them is appended. */
  holdArtifacts(tenant: TenantId): ArtifactHold {
    return this.#artifacts.hold(tenant);
  }

  /** Deletes the tenant's artifacts that are neither named nor held. */
  keepArtifacts(tenant: TenantId, hashes: ReadonlySet<ArtifactHash>): void {
    this.#artifacts.keep(tenant, hashes);
  }

  /** Those that have artifacts. */
  get artifactTenants(): readonly TenantId[] {
    return this.#artifacts.tenants;
  }

  /** Deletes all artifacts of a tenant. */
  forgetArtifacts(tenant: TenantId): void {
    this.#artifacts.forget(tenant);
  }

  /** Waits until all that was appended is durable (or the log has failed), and lets go of the file. */
  async close(): Promise<void> {
    clearInterval(this.#flusher);
    this.#flushObservations();
    await this.#queue.whenAllDurable().catch(() => undefined);
    this.#letGo();
    await this.#reader.close();
    await this.#writer.close();
  }

  #flushObservations(): void {
    if (this.#failure !== undefined || !this.#queue.hasRoom(0, 0)) return;
    const rows = this.#observations.take();
    if (rows.length > 0) this.#queue.add({ type: "observations", rows }, rows.length * observationBytes);
  }

  #committed(hash: string): void {
    this.#letGo();
    const events = this.#queue.committed();
    this.#head = { id: events.at(-1)?.id ?? this.#head.id, hash };
    this.#reader.warm();
    if (events.length > 0) for (const listener of this.#listeners) listener(events);
  }

  #fail(failure: LogFailure): void {
    this.#failure = failure;
    this.#queue.fail(failure);
    for (const listener of this.#failureListeners) listener(failure);
  }
}

const erasureOf = (event: NewEvent | undefined): Entry | undefined =>
  event?.type === "payload_erased"
    ? { type: "erase_payloads", tenant: event.payload.erased, through: event.payload.through }
    : undefined;
