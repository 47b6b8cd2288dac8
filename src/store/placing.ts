/**
 * Gives events their place in the log: ids and the tenants' sequences, gap-free; the instant, which never goes back; causes.
 * Synchronous and without I/O. A list is placed whole or not at all.
 */
import { type EventId, eventId, insist, type Instant, limits } from "../base/index.ts";
import type { EventType, NewEvent } from "../kernel/index.ts";
import type { EventRow } from "./entries.ts";

/** When a turn happened, by the kernel's clock and by the machine's; whole milliseconds. */
export interface Stamp {
  readonly timestamp: Instant;
  readonly wallClockMs: number;
}

/** How far a log has come. */
interface End {
  readonly head: { readonly id: EventId };
  readonly timestamp: Instant;
  /** The newest sequence of each tenant; becomes the placing's own. */
  readonly sequences: Map<string, number>;
}

export class Placing {
  readonly #versions: Readonly<Record<EventType, number>>;
  readonly #sequences: Map<string, number>;
  #newest: EventId;
  #timestamp: Instant;

  constructor(versions: Readonly<Record<EventType, number>>, end: End) {
    this.#versions = versions;
    this.#sequences = end.sequences;
    this.#newest = end.head.id;
    this.#timestamp = end.timestamp;
  }

  get newest(): EventId {
    return this.#newest;
  }

  get timestamp(): Instant {
    return this.#timestamp;
  }

  place(events: readonly NewEvent[], stamp: Stamp): readonly EventRow[] {
    insist(
      Number.isSafeInteger(stamp.timestamp) && Number.isSafeInteger(stamp.wallClockMs),
      "a stamp is in whole milliseconds",
    );
    insist(stamp.timestamp >= this.#timestamp, "the kernel's instant never goes back");
    const payloads = events.map((event, index) => this.#check(event, index));
    const before = this.#newest;
    return events.map((event, index) => this.#placeOne(event, payloads[index] ?? "", stamp, before));
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
  #placeOne(event: NewEvent, payload: string, stamp: Stamp, before: number): EventRow {
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
}

const isLabel = (text: string): boolean => text.isWellFormed() && /^\P{Cc}{1,256}$/u.test(text);
