/**
 * Ports: what the operations behind the gateways need from the rest of the kernel process. The daemon makes them; each is
 * the narrowest that serves. Nothing here may be reached by tenant code.
 *
 * Every answer waits for the disk: a turn's reply and a read's result are given out only when all events that they
 * depend on are durable (promise P3).
 */
import type {
  ArtifactHash,
  EventId,
  Excess,
  IncarnationNumber,
  Instant,
  Refusal,
  ReleaseId,
  RequestId,
  ServiceId,
  TenantId,
} from "../base/index.ts";
import type { Command, Event, Outcome, Principal, Reply, State } from "../kernel/index.ts";
import type { HeldCertificate, Inspection } from "./inspection.ts";

export interface Ports {
  /** Takes a turn of the kernel. The reply is durable. */
  readonly command: (order: {
    readonly principal: Principal;
    readonly request?: { readonly id: RequestId; readonly fingerprint: string };
    readonly command: Command;
  }) => Promise<Reply | Refusal>;

  /** The outcome of the deployment or kill that these incarnations belong to, once it is not pending; durable. */
  readonly settled: (
    at: { readonly tenant: TenantId; readonly service: ServiceId; readonly incarnation: IncarnationNumber },
    signal: AbortSignal,
  ) => Promise<Outcome | Refusal>;

  /** Whether the tenant exists and is not being deleted, at once: asked for every request, so it waits for no disk. */
  readonly isActive: (tenant: TenantId) => boolean;

  /** When the tenant was made: tells it from an earlier one of its name. At once, like {@link isActive}. */
  readonly bornAt: (tenant: TenantId) => { readonly at: Instant; readonly by: EventId } | undefined;

  /** Looks at the state. The result is given out when all that it saw is durable; `look` must not keep the state. */
  readonly read: <T>(look: (state: State, now: Instant) => T) => Promise<T>;

  readonly builder: Builder;
  readonly artifacts: Artifacts;
  readonly router: Router;
  /** What a tenant's incarnations use: the named ones, or all. Those that do not say in time are left out. */
  readonly usage: (
    tenant: TenantId,
    incarnations?: readonly IncarnationNumber[],
  ) => Promise<ReadonlyMap<IncarnationNumber, Usage>>;
  /** Whether a cell holds it and has not said that it ended: what the state cannot tell while it stands still (safe mode). */
  readonly isHeld: (tenant: TenantId, incarnation: IncarnationNumber) => boolean;
  /** What is known of a service beside its state, right now. */
  readonly conditions: (at: { readonly tenant: TenantId; readonly service: ServiceId }) => Conditions;
  /** What an incarnation used lately, oldest first. */
  readonly history: (at: {
    readonly tenant: TenantId;
    readonly incarnation: IncarnationNumber;
  }) => readonly (Usage & { readonly atMs: number })[];
  readonly logs: Logs;
  readonly events: Events;
  readonly certificates: Certificates;
  readonly node: Node;
}

export interface Place {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly excerpt: string;
}

export interface Builder {
  /** Compiles source; the cache is keyed by tenant and content. Refuses BUILDER_UNAVAILABLE, TOO_LARGE. */
  readonly compile: (source: {
    readonly tenant: TenantId;
    readonly file: string;
    readonly format: "typescript" | "javascript";
    readonly source: Uint8Array;
  }) => Promise<
    | { readonly code: Uint8Array; readonly sourceMap: Uint8Array; readonly warnings: readonly Place[] }
    | { readonly rejected: readonly Place[] }
    | Refusal
  >;
}

export interface Artifacts {
  /** To put the artifacts of a release: none is let go until the hold is disposed, when the turn that names them is taken. */
  readonly hold: (tenant: TenantId) => ArtifactHold;
  /** Content hash of a release record, lower-case hex SHA-256 of its canonical JSON. */
  readonly releaseId: (record: unknown) => ReleaseId;
  /** Lower-case hex, under a key that only this node has: from a fingerprint nothing can be guessed. */
  readonly fingerprint: (parts: readonly (string | Uint8Array)[]) => string;
}

export interface ArtifactHold extends Disposable {
  /**
   * Stores bytes by content. May resolve before they are durable: the event that names them is durable only after they are.
   * A tenant that has no room first loses what no release of it names any more. Refuses TOO_LARGE, QUOTA_EXCEEDED (per
   * tenant), OVERLOADED.
   */
  readonly put: (bytes: Uint8Array) => Promise<ArtifactHash | Refusal>;
}

export interface CallOutcome {
  /** JSON text of the result; empty for undefined. */
  readonly result: Uint8Array;
}
export interface CallFailed {
  readonly refusal: Refusal;
  readonly executed: "not_executed" | "unknown" | "executed";
  /** The guest's stack in the agent's own lines. */
  readonly stack?: string;
}

/** The data plane. Never goes through a turn. */
export interface Router {
  readonly call: (
    at: { readonly tenant: TenantId; readonly service: ServiceId; readonly method: string },
    args: Uint8Array,
    timeoutMs: number,
    from: string,
    /** By what a call that may come again is known; `sinceMs`: it does, and was not sent before this (host's monotonic clock). */
    request?: { readonly key: string; readonly sinceMs?: number },
  ) => Promise<CallOutcome | CallFailed>;
  readonly cast: (
    at: { readonly tenant: TenantId; readonly service: ServiceId; readonly method: string },
    args: Uint8Array,
    from: string,
  ) => Promise<CallFailed | undefined>;
}

export interface Usage {
  readonly memoryBytes: number;
  readonly mailboxLength: number;
  readonly cpuMicros: number;
  /** Itself and those that it spawned; absent: itself. */
  readonly processes?: number | undefined;
}

export interface Conditions {
  /** Limits that it is over. */
  readonly excesses: readonly Excess[];
  /** Absent if it did not fail lately. */
  readonly circuit?: {
    readonly state: "closed" | "open" | "half_open";
    readonly failures: number;
    readonly retryAfterMs: number;
  };
}

export interface LogLine {
  readonly atMs: number;
  readonly level: "ERROR" | "WARN" | "INFO" | "DEBUG";
  readonly text: string;
  readonly incarnation: IncarnationNumber;
  readonly instance: number;
  /** Lines that the rate limit dropped before this one. */
  readonly dropped: number;
}

export interface Logs {
  /** The newest kept lines of a service, oldest first. */
  readonly tail: (at: { readonly tenant: TenantId; readonly service: ServiceId }, lines: number) => readonly LogLine[];
  /** Calls `listener` for each new line until the returned function is called. */
  readonly follow: (
    at: { readonly tenant: TenantId; readonly service: ServiceId },
    listener: (line: LogLine) => void,
  ) => () => void;
}

export interface EventQuery {
  readonly tenant?: TenantId;
  readonly types?: readonly string[];
  readonly subject?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Only this event and later ones. */
  readonly since?: EventId;
  /** Exclusive. Counts node-wide ids, or the tenant's sequence if `bySequence`. */
  readonly cursor?: number;
  readonly bySequence: boolean;
  readonly newestFirst: boolean;
  readonly limit: number;
}

export interface EventPage {
  readonly events: readonly Event[];
  /** By an event's id: the tenant's number of the event that caused it, if that is the same tenant's. */
  readonly causeSequences: ReadonlyMap<EventId, number>;
  /** Pass as cursor for the next page; absent on the last. */
  readonly next?: number;
}

export interface Events {
  readonly query: (query: EventQuery) => Promise<EventPage | Refusal>;
  /** Calls `listener` for each event that becomes durable, in order, until the returned function is called. */
  readonly follow: (listener: (event: Event) => void) => () => void;
  readonly verify: (expect?: { readonly id: EventId; readonly hash: string }) => Promise<Verification | Refusal>;
  /** Walks the newest events only, so many at most; `from` is the first of them. What comes before is believed. */
  readonly verifyEnd: (
    countMax: number,
    signal: AbortSignal,
  ) => Promise<(Verification & { readonly from: EventId }) | Refusal>;
  /**
   * The state as it was after an event, as plain JSON; restricted to a tenant if given (then `event` is its sequence).
   * `signal`: nobody waits for it any more. Refuses OVERLOADED if the tenant has asked for others that are not done.
   */
  readonly stateAt: (
    at: {
      readonly event?: number;
      readonly tenant?: TenantId;
      /** Earlier events are not there for this reader. */
      readonly since?: EventId;
    },
    signal: AbortSignal,
  ) => Promise<{ readonly event: number; readonly state: unknown } | Refusal>;
  /** Counted, not recorded one by one. */
  readonly observe: (seen: {
    readonly type: "request_refused";
    readonly tenant?: TenantId;
    readonly subject: string;
    readonly detail: string;
    readonly count: number;
  }) => void;
  /** The tenant's numbers of these events, as far as they are the tenant's. */
  readonly sequenceOf: (tenant: TenantId, ids: readonly EventId[]) => Promise<ReadonlyMap<EventId, number>>;
}

export interface Verification {
  readonly valid: boolean;
  readonly checked: number;
  readonly headId: EventId;
  readonly headHash: string;
  readonly erased: number;
  readonly firstBad?: { readonly id: EventId; readonly problem: string };
}

export interface Certificates {
  /** The node's own, as they lie on the disk now. */
  readonly held: () => readonly HeldCertificate[];
  readonly issue: (wanted: {
    readonly role: "admin" | "tenant";
    readonly tenant?: TenantId;
    /** When that tenant was made: the certificate is of no other of its name. */
    readonly bornAt?: Instant;
    readonly days: number;
  }) => Promise<{
    readonly certificatePem: string;
    readonly privateKeyPem: string;
    readonly caPem: string;
    readonly notAfterMs: number;
    readonly fingerprint: string;
  }>;
}

export interface Node {
  /** Orders a graceful shutdown; resolves with how long the services took, just before the gateways close. */
  readonly shutdown: (
    why: string,
    timeoutMs: number,
  ) => Promise<{ readonly tookMs: number; readonly outcome: "clean" | "deadline" }>;
  /** Active sandbox layers; empty means that cells run without one. */
  readonly sandbox: readonly string[];
  /** A reason why changes are refused right now (SAFE_MODE, SHUTTING_DOWN, STARTING, DISK_NEARLY_FULL), if there is one. */
  readonly readOnly: () => Refusal | undefined;
  readonly inspect: () => Inspection;
  readonly version: string;
  readonly epoch: number;
  readonly startedAtMs: number;
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
}
