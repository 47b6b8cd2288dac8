/** What the main thread asks of the reader's thread, and what it answers. All data. */
import type { EventId, Instant } from "../base/index.ts";
import type { Head } from "./boot.ts";
import type { Header } from "./chain.ts";
import type { ObservationRow } from "./entries.ts";

/** Which events, in which order. What is absent does not restrict. */
export interface EventQuery {
  readonly tenant?: string | undefined;
  /** At most limits.eventTypesMax. */
  readonly types?: readonly string[] | undefined;
  /** What the events are about: a service's name, or else a tenant, a cell, the node. */
  readonly subject?: string | undefined;
  /** By the event's instant: `from` itself is included, `to` is not. */
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  /**
   * Only events after, or before, this number. A page's `next` goes into `after` when the order is oldest first, into
   * `before` when it is newest first.
   */
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  /** Only this event and later ones, whatever the cursors count. */
  readonly since?: EventId | undefined;
  /** What `after`, `before` and `next` count: the tenant's own sequence (the default if `tenant` is given), or node-wide ids. */
  readonly numbers?: "sequence" | "id" | undefined;
  /** Default: oldest first. */
  readonly newestFirst?: boolean | undefined;
  /** Default and maximum: limits.eventsPageMax. */
  readonly limit?: number | undefined;
}

export interface EventRecord {
  readonly header: Header;
  /** Null: erased. */
  readonly json: string | null;
  /** Of the event that caused it, if it is the same tenant's. */
  readonly causeSequence: number | null;
}

export interface RecordPage {
  readonly records: readonly EventRecord[];
  /** Where the next page starts; absent on the last. */
  readonly next?: number;
}

/** What a walk along the chain found first. */
export type Fault =
  | "missing_event"
  | "reordered"
  | "altered_header"
  | "altered_hash"
  | "altered_payload"
  /** The payload is gone and no `payload_erased` event says so. */
  | "missing_payload"
  | "sequence_gap"
  /** The chain is whole, but it is not the one that was expected. */
  | "rewritten"
  /** The log ends before what was expected. */
  | "truncated"
  | "unreadable";

export type Verdict =
  | {
      readonly type: "sound";
      readonly checked: number;
      /** Events whose payload was erased, as a `payload_erased` event says. */
      readonly erased: number;
      /** The last event checked, and its hash. */
      readonly head: Head;
    }
  | {
      readonly type: "broken";
      readonly at: EventId;
      readonly fault: Fault;
      readonly problem: string;
      /** Sound events before it. */
      readonly checked: number;
      readonly erased: number;
    }
  | { readonly type: "interrupted"; readonly checked: number };

export interface VerifyAsk {
  /** Default: the whole log. What comes before `from` is believed. */
  readonly from?: EventId | undefined;
  readonly to?: EventId | undefined;
  readonly expect?: Head | undefined;
  /** The newest durable event as the main thread knows it: nobody who alters the file can reach it. */
  readonly known: Head;
}

export interface ObservationQuery {
  /** "" for the node's own. */
  readonly tenant?: string | undefined;
  readonly types?: readonly string[] | undefined;
  /** Continue a page: only rows older than this. */
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
}

export interface ObservationPage {
  /** Newest kinds first. One row counts the observations of one kind in one hour. */
  readonly rows: readonly (ObservationRow & { readonly id: number })[];
  readonly next?: number;
  /** How many older observations were dropped, for the tenants asked about. */
  readonly dropped: number;
}

export interface Asks {
  readonly query: { readonly ask: EventQuery & { readonly through: number }; readonly answer: RecordPage };
  readonly count_payloads: {
    readonly ask: { readonly tenant: string; readonly through: number };
    readonly answer: number;
  };
  readonly verify: { readonly ask: VerifyAsk; readonly answer: Verdict };
  readonly observations: { readonly ask: ObservationQuery; readonly answer: ObservationPage };
  readonly artifact: {
    readonly ask: { readonly tenant: string; readonly hash: string };
    /** The bytes match the hash. */
    readonly answer: Uint8Array | "missing" | "damaged";
  };
}
export type AskType = keyof Asks;

export type ToReader =
  | { readonly [K in AskType]: { readonly type: K; readonly ticket: number; readonly ask: Asks[K]["ask"] } }[AskType]
  /** Ends a verify early. */
  | { readonly type: "interrupt"; readonly ticket: number }
  | { readonly type: "close" };

export type FromReader =
  | { readonly type: "answer"; readonly ticket: number; readonly answer: unknown }
  | { readonly type: "progress"; readonly ticket: number; readonly checked: number }
  | { readonly type: "failed"; readonly ticket: number; readonly problem: string };
