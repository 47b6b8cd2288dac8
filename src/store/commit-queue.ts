/**
 * The commit queue: entries wait here while the writer is busy, then all of them go to it as one list (natural group
 * commit: no timer). At most one list is with the writer.
 *
 *   add ─▶ gathering ──writer idle──▶ in flight ──committed──▶ durable: waiters resolved, then listeners told, in order
 *                                        └──failed──▶ every waiter, now and later, is rejected; nothing is tried again
 */
import { insist, limits } from "../base/index.ts";
import type { Event } from "../kernel/index.ts";
import type { Entry } from "./entries.ts";

/** What nobody waits for may gather up to this. */
const lazyBytesMax = 1024 * 1024;

class List {
  readonly entries: Entry[] = [];
  readonly events: Event[] = [];
  bytes = 0;
  /** Does anything in it have to become durable soon? */
  wanted = false;
  #waiters: PromiseWithResolvers<void> | undefined;

  /** Shared by all who wait for this list. */
  whenSettled(): Promise<void> {
    this.#waiters ??= Promise.withResolvers<void>();
    return this.#waiters.promise;
  }

  settle(): void {
    this.#waiters?.resolve();
  }

  fail(why: Error): void {
    this.#waiters?.reject(why);
  }
}

export class CommitQueue {
  readonly #send: (entries: readonly Entry[]) => void;
  #gathering = new List();
  #inFlight: List | undefined;
  #flushing = false;
  #failure: Error | undefined;

  constructor(send: (entries: readonly Entry[]) => void) {
    this.#send = send;
  }

  /** May `events` more events and `bytes` more bytes be added? False for ever after a failure. */
  hasRoom(events: number, bytes: number): boolean {
    return (
      this.#failure === undefined &&
      this.#count() + events <= limits.commitQueueMax &&
      this.#bytes() + bytes <= limits.commitQueueBytesMax
    );
  }

  /** May `events` more events be added that cannot be refused? */
  canTake(events: number): boolean {
    return this.#failure === undefined && this.#count() + events <= limits.commitQueueReportsMax;
  }

  /** Queues an entry, with the event that it stands for, if it is one. Entries are committed in the order of this call. */
  add(entry: Entry, bytes: number, event?: Event): void {
    insist(this.#failure === undefined, "nothing is added to a log that has failed");
    this.#gathering.entries.push(entry);
    this.#gathering.bytes += bytes;
    if (event !== undefined) this.#gathering.events.push(event);
    this.#gathering.wanted = true;
    this.#flushSoon();
  }

  /**
   * Queues an entry that need not be durable before those added after it: it waits for one of them, to share its fsync.
   * Settles with it.
   */
  addLazily(entry: Entry, bytes: number): Promise<void> {
    const wanted = this.#gathering.wanted;
    this.add(entry, bytes);
    this.#gathering.wanted = wanted || this.#gathering.bytes > lazyBytesMax;
    return this.#gathering.whenSettled();
  }

  /** Settles when everything added so far is durable; rejects once the log has failed. */
  whenAllDurable(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#gathering.entries.length > 0) {
      this.#gathering.wanted = true;
      this.#flushSoon();
      return this.#gathering.whenSettled();
    }
    return this.#inFlight?.whenSettled() ?? Promise.resolve();
  }

  /** For an event that was added and is not yet durable. */
  whenDurable(id: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const last = this.#inFlight?.events.at(-1);
    if (this.#inFlight !== undefined && last !== undefined && id <= last.id) return this.#inFlight.whenSettled();
    return this.#gathering.whenSettled();
  }

  /** The list in flight is durable: resolves its waiters, and returns its events for the listeners. */
  committed(): readonly Event[] {
    const list = this.#inFlight;
    insist(list !== undefined, "what was committed was in flight");
    this.#inFlight = undefined;
    list.settle();
    this.#flushSoon();
    return list.events;
  }

  fail(why: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = why;
    this.#inFlight?.fail(why);
    this.#gathering.fail(why);
  }

  #count(): number {
    return this.#gathering.events.length + (this.#inFlight?.events.length ?? 0);
  }

  #bytes(): number {
    return this.#gathering.bytes + (this.#inFlight?.bytes ?? 0);
  }

  /** At the end of the running task's microtasks, so that what one tick appends goes out together. */
  #flushSoon(): void {
    if (this.#flushing || this.#inFlight !== undefined) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (this.#failure === undefined && this.#inFlight === undefined && this.#gathering.wanted) this.#flush();
    });
  }

  #flush(): void {
    this.#inFlight = this.#gathering;
    this.#gathering = new List();
    this.#send(this.#inFlight.entries);
  }
}
