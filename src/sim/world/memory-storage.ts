/**
 * A disk in memory. Places, rows and the commit queue are the store's own; only the threads and the file are played: a list
 * that was sent becomes durable after a while, as a whole, or is lost as a whole when the kernel dies first.
 */
import {
  type EventId,
  eventId,
  insist,
  instant,
  isRefusal,
  type KernelEpoch,
  type Refusal,
  refuse,
  type TenantId,
} from "../../base/index.ts";
import { type Event, eventVersions, type NewEvent } from "../../kernel/index.ts";
import {
  CommitQueue,
  type Entry,
  type EventRow,
  LogFailure,
  Placing,
  type Snapshot,
  type Stamp,
  toEvent,
} from "../../store/index.ts";
import type { Random } from "./random.ts";
import type { SimLog, Storage } from "./storage.ts";
import type { Time } from "./time.ts";

const snapshotsKeptMax = 2;

interface Stored {
  readonly row: EventRow;
  event: Event;
}

export interface MemoryParts {
  readonly time: Time;
  readonly random: Random;
  readonly commitMs: number;
}

export class MemoryStorage implements Storage {
  readonly parts: MemoryParts;
  readonly stored: Stored[] = [];
  snapshots: Snapshot[] = [];
  #owner = { boot: "", epoch: 0 };
  #log: MemoryLog | undefined;
  #full = false;
  #slowness = 1;

  constructor(parts: MemoryParts) {
    this.parts = parts;
  }

  get full(): boolean {
    return this.#full;
  }

  open(owner: { readonly boot: string; readonly epoch: KernelEpoch }): Promise<SimLog | Refusal> {
    if (owner.boot === this.#owner.boot && owner.epoch <= this.#owner.epoch) {
      return Promise.resolve(refuse("STALE_EPOCH", { epoch: owner.epoch, current: this.#owner.epoch }));
    }
    if (this.#full) return Promise.resolve(refuse("LOG_UNAVAILABLE", { why: "the disk is full" }));
    this.#owner = owner;
    this.#log = new MemoryLog(this);
    return Promise.resolve(this.#log);
  }

  crash(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    const inFlight = log?.abandon();
    if (inFlight !== undefined && !this.#full && this.parts.random.chance(0.5)) this.write(inFlight);
    return Promise.resolve();
  }

  settle(): undefined {
    return undefined;
  }

  setFull(full: boolean): void {
    this.#full = full;
  }

  setSlowness(factor: number): void {
    this.#slowness = factor;
  }

  loseSnapshots(): void {
    this.snapshots = [];
  }

  verify(): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }

  commitMs(): number {
    return this.parts.random.wait(this.parts.commitMs * this.#slowness);
  }

  /** One transaction. */
  write(entries: readonly Entry[]): void {
    for (const entry of entries) {
      switch (entry.type) {
        case "event":
          insist(entry.row.id === this.stored.length + 1, "events are written in the order of their ids");
          this.stored.push({ row: entry.row, event: toEvent(entry.row, entry.row.payload) });
          break;
        case "erase_payloads":
          for (const one of this.stored) {
            if (one.row.tenant !== entry.tenant || one.row.id > entry.through || one.row.type === "payload_erased")
              continue;
            one.event = toEvent(one.row, null);
          }
          this.snapshots = [];
          break;
        case "snapshot": {
          const { event, evolveVersion, json } = entry;
          const kept = this.snapshots.filter((one) => one.event !== event);
          this.snapshots = [{ event: eventId(event), evolveVersion, json }, ...kept]
            .toSorted((a, b) => b.event - a.event)
            .slice(0, snapshotsKeptMax);
          break;
        }
        default:
          break;
      }
    }
  }
}

class MemoryLog implements SimLog {
  readonly #storage: MemoryStorage;
  readonly #placing: Placing;
  readonly #queue: CommitQueue;
  readonly #listeners: ((events: readonly Event[]) => void)[] = [];
  readonly #failureListeners: ((why: string) => void)[] = [];
  #durable: EventId;
  #inFlight: readonly Entry[] | undefined;
  #cancel: () => void = () => undefined;
  #gone = false;

  constructor(storage: MemoryStorage) {
    this.#storage = storage;
    const last = storage.stored.at(-1)?.row;
    this.#durable = eventId(last?.id ?? 0);
    const sequences = new Map<string, number>();
    for (const { row } of storage.stored)
      if (row.tenant !== null && row.sequence !== null) sequences.set(row.tenant, row.sequence);
    const end = { head: { id: this.#durable }, timestamp: instant(last?.timestamp ?? 0), sequences };
    this.#placing = new Placing(eventVersions, end);
    this.#queue = new CommitQueue((entries) => this.#send(entries));
  }

  get newest(): EventId {
    return this.#placing.newest;
  }

  get timestamp() {
    return this.#placing.timestamp;
  }

  get queued(): number {
    return this.newest - this.#durable;
  }

  hasRoom(count: number): boolean {
    return this.#queue.hasRoom(count, 0);
  }

  append(events: readonly NewEvent[], stamp: Stamp): readonly Event[] {
    insist(this.#queue.canTake(events.length), "events that cannot be refused are bounded too");
    return this.#placing.place(events, stamp).map((row, index) => {
      const placed = toEvent(row, row.payload);
      this.#queue.add({ type: "event", row }, row.payload.length, placed);
      const event = events[index];
      if (event?.type === "payload_erased") {
        const { erased, through } = event.payload;
        this.#queue.add({ type: "erase_payloads", tenant: erased, through }, 0);
      }
      return placed;
    });
  }

  whenDurable(id: EventId): Promise<void> {
    return id <= this.#durable ? Promise.resolve() : this.#queue.whenDurable(id);
  }

  onCommitted(listener: (events: readonly Event[]) => void): void {
    this.#listeners.push(listener);
  }

  onFailure(listener: (why: string) => void): void {
    this.#failureListeners.push(listener);
  }

  *replay(after: EventId): Iterable<Event> {
    for (const { event } of this.#storage.stored.slice(after, this.#durable)) yield event;
  }

  latestSnapshot(evolveVersion: number): Snapshot | undefined {
    return this.#storage.snapshots.find((one) => one.evolveVersion === evolveVersion && one.event <= this.#durable);
  }

  async saveSnapshot(of: Snapshot): Promise<void> {
    this.#queue.add({ type: "snapshot", ...of }, of.json.length);
    await this.#queue.whenAllDurable();
  }

  async countPayloads({ tenant, through }: { tenant: TenantId; through: EventId }): Promise<number | Refusal> {
    await this.whenDurable(through);
    return this.#storage.stored.filter(
      ({ row, event }) => row.tenant === tenant && row.id <= through && event.payload !== undefined,
    ).length;
  }

  async close(): Promise<void> {
    await this.#queue.whenAllDurable().catch(() => undefined);
    this.#gone = true;
  }

  /** The kernel died: nothing is heard of it any more. Returns what was with the disk. */
  abandon(): readonly Entry[] | undefined {
    this.#gone = true;
    this.#cancel();
    return this.#inFlight;
  }

  #send(entries: readonly Entry[]): void {
    if (this.#gone) return;
    this.#inFlight = entries;
    this.#cancel = this.#storage.parts.time.after(this.#storage.commitMs(), () => this.#land(entries));
  }

  #land(entries: readonly Entry[]): void {
    this.#inFlight = undefined;
    if (this.#storage.full) {
      const failure = new LogFailure("full", "database or disk is full");
      this.#queue.fail(failure);
      for (const listener of this.#failureListeners) listener(failure.message);
      return;
    }
    this.#storage.write(entries);
    const events = this.#queue.committed();
    this.#durable = events.at(-1)?.id ?? this.#durable;
    if (events.length > 0) for (const listener of this.#listeners) listener(events);
  }
}

export const isOpen = (log: SimLog | Refusal): log is SimLog => !isRefusal(log);
