/**
 * The real log on a real file, under the same scenarios. When a kernel dies, its file is copied as the crash would leave it:
 * all that was acknowledged, and of what came after it a random part, cut anywhere, in the middle of a write too. The next
 * kernel opens the copy. When the log is closed first, nothing is cut.
 *
 * What is durable is told at moments that the seed chooses, never before it is; so a run is the same each time, up to what the
 * cut leaves of the tail.
 */
import { appendFile, copyFile, mkdir, mkdtemp, open, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EventId,
  eventId,
  isRefusal,
  type KernelEpoch,
  kernelEpoch,
  type Refusal,
  refuse,
} from "../../base/index.ts";
import { type Event, eventVersions, type NewEvent } from "../../kernel/index.ts";
import { type EventLog, openEventLog, type Snapshot, type Stamp } from "../../store/index.ts";
import type { MemoryParts } from "./memory-storage.ts";
import type { SimLog, Storage } from "./storage.ts";

const headerBytes = 32;

/** The write-ahead log, as it was when the last event was acknowledged: what is behind may be lost. */
interface Mark {
  readonly size: number;
  /** Another one after the log has started over from its beginning. */
  readonly header: string;
}

export class RealStorage implements Storage {
  readonly #parts: MemoryParts;
  readonly #root: string;
  /** How often a crash lost some of what was not acknowledged, and how often noise stood behind what was left. */
  cuts = 0;
  noises = 0;
  #dirs = 0;
  #owner = { boot: "", epoch: 0 };
  #log: RealLog | undefined;
  #full = false;
  #slowness = 1;
  #crashed: Promise<void> = Promise.resolve();
  readonly #underWay = new Set<Promise<void>>();

  private constructor(parts: MemoryParts, root: string) {
    this.#parts = parts;
    this.#root = root;
  }

  static async make(parts: MemoryParts): Promise<RealStorage> {
    const storage = new RealStorage(parts, await mkdtemp(join(tmpdir(), "solo-sim-")));
    await mkdir(storage.#dir);
    return storage;
  }

  get #dir(): string {
    return join(this.#root, String(this.#dirs));
  }

  get full(): boolean {
    return this.#full;
  }

  commitMs(): number {
    return this.#parts.random.wait(this.#parts.commitMs * this.#slowness);
  }

  after(delayMs: number, act: () => Promise<void>): () => void {
    return this.#parts.time.after(delayMs, act);
  }

  open(owner: { readonly boot: string; readonly epoch: KernelEpoch }): Promise<SimLog | Refusal> {
    return this.track(this.#crashed.then(() => this.#open(owner)));
  }

  async #open(owner: { readonly boot: string; readonly epoch: KernelEpoch }): Promise<SimLog | Refusal> {
    if (this.#full) return refuse("LOG_UNAVAILABLE", { why: "the disk is full" });
    const log = await openEventLog({ dir: this.#dir, ...owner, versions: eventVersions });
    if (isRefusal(log)) return log;
    this.#owner = owner;
    this.#log = new RealLog(this, log, await this.mark());
    return this.#log;
  }

  crash(): Promise<void> {
    this.#crashed = this.track(this.#crashed.then(() => this.#crash()));
    return this.#crashed;
  }

  async #crash(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    if (log === undefined) return;
    log.abandon();
    await log.quiet();
    const from = this.#dir;
    this.#dirs += 1;
    await mkdir(this.#dir);
    await copyFile(join(from, "log.sqlite"), join(this.#dir, "log.sqlite"));
    const wal = join(this.#dir, "log.sqlite-wal");
    if (
      await copyFile(join(from, "log.sqlite-wal"), wal).then(
        () => true,
        () => false,
      )
    )
      await this.#cut(wal, log.acknowledged);
    await log.letGo();
    await rm(from, { recursive: true });
  }

  /** Loses some of what was not acknowledged; what is left may end in the middle of a write, or in noise. */
  async #cut(wal: string, acknowledged: Mark): Promise<void> {
    const { random } = this.#parts;
    const [part, noisy, noise] = [random.next(), random.chance(0.3), random.below(10_000)];
    const now = await markOf(wal);
    // It started over from its beginning since: what was acknowledged may be anywhere.
    if (acknowledged.header !== "" && now.header !== acknowledged.header) return;
    const more = Math.max(0, now.size - acknowledged.size);
    const lost = more - Math.floor(part * (more + 1));
    if (lost > 0) {
      this.cuts += 1;
      await truncate(wal, now.size - lost);
    }
    if (!noisy) return;
    // A write that had begun, of which nothing was sound yet.
    this.noises += 1;
    await appendFile(wal, new Uint8Array(noise).fill(noise % 256));
  }

  track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.then(
      () => void this.#underWay.delete(tracked),
      () => void this.#underWay.delete(tracked),
    );
    this.#underWay.add(tracked);
    return work;
  }

  settle(): Promise<void> | undefined {
    return this.#underWay.size === 0 ? undefined : Promise.all(this.#underWay).then(() => undefined);
  }

  mark(): Promise<Mark> {
    return markOf(join(this.#dir, "log.sqlite-wal"));
  }

  setFull(full: boolean): void {
    this.#full = full;
  }

  setSlowness(factor: number): void {
    this.#slowness = factor;
  }

  /** The store keeps them in the file: they go only when something is erased. */
  loseSnapshots(): void {
    return;
  }

  /** A last kernel opens the log and walks its chain, and everything in it is read once more. */
  async verify(): Promise<string | undefined> {
    const epoch = kernelEpoch(this.#owner.epoch + 1);
    const log = await openEventLog({ dir: this.#dir, boot: this.#owner.boot, epoch, versions: eventVersions });
    if (isRefusal(log)) return `the log cannot be opened at the end: ${JSON.stringify(log)}`;
    const verdict = await log.verify();
    const count = [...log.replay(eventId(0))].length;
    const newest = log.newest;
    await log.close();
    if (isRefusal(verdict)) return `the log cannot be verified: ${verdict.refused}`;
    if (verdict.type !== "sound") return `the log does not verify: ${JSON.stringify(verdict)}`;
    return verdict.checked === newest && count === newest
      ? undefined
      : `of ${newest} events ${verdict.checked} were checked`;
  }

  async dispose(): Promise<void> {
    await this.#log?.letGo();
    await rm(this.#root, { recursive: true, force: true });
  }
}

async function markOf(wal: string): Promise<Mark> {
  const size = await stat(wal).then(
    (found) => found.size,
    () => 0,
  );
  if (size < headerBytes) return { size, header: "" };
  const file = await open(wal);
  try {
    const header = new Uint8Array(headerBytes);
    await file.read(header, 0, headerBytes, 0);
    return { size, header: Buffer.from(header).toString("hex") };
  } finally {
    await file.close();
  }
}

interface Waiter {
  readonly id: number;
  readonly resolve: () => void;
  readonly reject: (why: Error) => void;
}

class RealLog implements SimLog {
  readonly #storage: RealStorage;
  readonly #log: EventLog;
  readonly #listeners: ((events: readonly Event[]) => void)[] = [];
  readonly #failureListeners: ((why: string) => void)[] = [];
  #waiters: Waiter[] = [];
  #appended: Event[] = [];
  #durable: EventId;
  #acknowledged: Mark;
  #cancel: (() => void) | undefined;
  #failed = false;
  #gone = false;

  constructor(storage: RealStorage, log: EventLog, mark: Mark) {
    this.#storage = storage;
    this.#log = log;
    this.#durable = log.durable;
    this.#acknowledged = mark;
    log.onFailure((failure) => this.#fail(failure.message));
  }

  get acknowledged(): Mark {
    return this.#acknowledged;
  }

  get newest(): EventId {
    return this.#log.newest;
  }

  get timestamp() {
    return this.#log.timestamp;
  }

  get queued(): number {
    return this.newest - this.#durable;
  }

  hasRoom(count: number): boolean {
    return this.#log.hasRoom(count);
  }

  append(events: readonly NewEvent[], stamp: Stamp): readonly Event[] {
    const placed = this.#log.append(events, stamp);
    this.#appended.push(...placed);
    this.#plan();
    return placed;
  }

  whenDurable(id: EventId): Promise<void> {
    if (id <= this.#durable) return Promise.resolve();
    if (this.#failed) return Promise.reject(new Error("the log has failed"));
    return new Promise((resolve, reject) => this.#waiters.push({ id, resolve, reject }));
  }

  onCommitted(listener: (events: readonly Event[]) => void): void {
    this.#listeners.push(listener);
  }

  onFailure(listener: (why: string) => void): void {
    this.#failureListeners.push(listener);
  }

  replay(after: EventId): Iterable<Event> {
    return this.#log.replay(after);
  }

  latestSnapshot(evolveVersion: number): Snapshot | undefined {
    return this.#log.latestSnapshot(evolveVersion);
  }

  saveSnapshot(of: Snapshot): Promise<void> {
    return this.#log.saveSnapshot(of);
  }

  async countPayloads(of: Parameters<EventLog["countPayloads"]>[0]): Promise<number | Refusal> {
    await this.whenDurable(of.through);
    return this.#storage.track(this.#log.countPayloads(of));
  }

  close(): Promise<void> {
    return this.#storage.track(this.#land().then(() => this.letGo()));
  }

  /** The kernel died: nothing is heard of it any more. */
  abandon(): void {
    this.#gone = true;
    this.#cancel?.();
  }

  /** Whatever is being written is written: what of it survives is for the cut to decide. */
  async quiet(): Promise<void> {
    await this.#log.whenDurable(this.#log.newest).catch(() => undefined);
  }

  async letGo(): Promise<void> {
    this.#gone = true;
    await this.#log.close();
  }

  #plan(): void {
    this.#cancel ??= this.#storage.after(this.#storage.commitMs(), () => this.#land());
  }

  async #land(): Promise<void> {
    this.#cancel = undefined;
    if (this.#gone) return;
    const through = this.#log.newest;
    if (this.#storage.full) return this.#fail("the disk is full");
    await this.#log.whenDurable(through);
    this.#acknowledged = await this.#storage.mark();
    this.#durable = through;
    const events = this.#appended.filter(({ id }) => id <= through);
    this.#appended = this.#appended.filter(({ id }) => id > through);
    const ready = this.#waiters.filter(({ id }) => id <= through);
    this.#waiters = this.#waiters.filter(({ id }) => id > through);
    for (const { resolve } of ready) resolve();
    if (events.length > 0) for (const listener of this.#listeners) listener(events);
    if (this.#appended.length > 0) this.#plan();
  }

  #fail(why: string): void {
    if (this.#failed) return;
    this.#failed = true;
    for (const { reject } of this.#waiters) reject(new Error(why));
    if (!this.#gone) for (const listener of this.#failureListeners) listener(why);
  }
}
