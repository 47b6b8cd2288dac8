/**
 * Events: what happened, in the past tense. The log of events is the truth; the state is what `evolve` makes of it.
 *
 * An event never holds code, environment values, tokens, secrets, arguments or log text: only references (artifact
 * hashes) and structured reasons. `version` counts the payload's format per type; upcast.ts brings old ones up to date.
 */
import type {
  ArtifactHash,
  CellLoss,
  CellNumber,
  Death,
  EventId,
  Excess,
  IncarnationNumber,
  Instant,
  KernelEpoch,
  ReleaseId,
  RequestId,
  ResourceLimits,
  RestartType,
  ServiceId,
  SupervisorSpec,
  TenantId,
} from "../base/index.ts";

/** One immutable version of a service, as the log records it. */
export interface Release {
  /** Hash of everything below. */
  readonly id: ReleaseId;
  readonly format: "typescript" | "javascript";
  readonly source: ArtifactHash;
  readonly compiled: ArtifactHash;
  readonly sourceMap: ArtifactHash;
  /** Artifact with the environment's names and values; absent if there are none. */
  readonly environment?: ArtifactHash;
  readonly limits: ResourceLimits;
  readonly restart: RestartType;
  readonly supervision: SupervisorSpec;
  readonly tier: "user" | "system";
  readonly logLevel: "ERROR" | "WARN" | "INFO" | "DEBUG";
}

export interface Born {
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
}

interface OfService {
  readonly service: ServiceId;
}
interface OfIncarnation extends OfService, Born {}

/** A client's request_id, remembered so that repeating the request returns the first answer. */
export interface RequestMark {
  readonly id: RequestId;
  /** Hash of the request's content: another content under the same id is refused. */
  readonly fingerprint: string;
}

export interface Payloads {
  /** A kernel took over. `boot` differs from the last one when the whole node was restarted. */
  readonly kernel_started: { readonly epoch: KernelEpoch; readonly boot: string; readonly version: string };
  /** The node shut down on purpose; services that should run are started again at the next boot. */
  readonly system_stopped: {
    readonly outcome: "clean" | "deadline";
    /**
     * How many did not end as they were asked to: each has an `instance_stopped` that says how, and the others ended well.
     * Absent in old logs, in which all that lived is believed cut off if the deadline passed.
     */
    readonly misfits?: number;
  };
  /** An administrator asked for the node's end, by a request that is remembered. */
  readonly shutdown_requested: { readonly request: RequestMark };
  /** The wall clock went back, or jumped ahead of what timers expected. */
  readonly clock_jumped: { readonly fromMs: number; readonly toMs: number };

  readonly tenant_created: { readonly request?: RequestMark };
  /** Its services are being stopped; it takes no new ones. */
  readonly tenant_deletion_requested: { readonly request?: RequestMark };
  /**
   * Another deletion of this tenant was asked for while one was under way: it changes nothing, and its request is remembered.
   * The node's own, so that it outlives the tenant's payloads.
   */
  readonly tenant_deletion_noted: { readonly deletes: TenantId; readonly request: RequestMark };
  readonly tenant_deleted: Record<never, never>;
  /** The payloads of this tenant's events up to `through` were erased; their digests remain in the chain. */
  readonly payload_erased: {
    readonly erased: TenantId;
    readonly through: EventId;
    readonly count: number;
    /** Of the request that deleted the tenant, whose own event is erased: repeated, it still has its answer. */
    readonly deletion?: RequestMark;
  };
  readonly certificate_issued: {
    readonly role: "admin" | "tenant";
    readonly fingerprint: string;
    readonly notAfterMs: number;
    readonly request?: RequestMark;
  };

  readonly deployment_requested: OfService & {
    readonly release: Release;
    readonly born: readonly Born[];
    /** A stopped service of the tenant that is forgotten to make room for this one. */
    readonly forgets?: ServiceId;
    readonly request?: RequestMark;
  };
  /** Every instance of the deployment runs, the last of them started in `cell`. */
  readonly service_deployed: OfService & {
    readonly born: readonly Born[];
    readonly cell: CellNumber;
    readonly tookMs: number;
  };
  /** One instance of a deployment runs, others are still starting. */
  readonly instance_started: OfIncarnation & { readonly cell: CellNumber; readonly tookMs: number };
  readonly service_deployment_failed: OfIncarnation & { readonly death: Death };
  readonly service_kill_requested: OfService & {
    readonly forced: boolean;
    readonly graceMs: number;
    readonly by: string;
    readonly request?: RequestMark;
  };
  /** A kill found its service stopped, or being stopped: it changes nothing, and its request is remembered. */
  readonly service_kill_noted: OfService & { readonly request: RequestMark };
  /** The last of a killed service's incarnations ended. */
  readonly service_killed: OfService & { readonly death: Death };
  /**
   * An incarnation ended that was asked to: killed, shut down, stopped with a sibling, or normally. `resumes`: with its node,
   * however it ended; it is started again at the next boot.
   */
  readonly instance_stopped: OfIncarnation & { readonly death: Death; readonly resumes?: true };
  /** An incarnation ended abnormally, or was lost with its cell. `started`: its `init` had finished. */
  readonly service_crashed: OfIncarnation & { readonly death: Death; readonly started: boolean };
  /** The supervisor will start this instance again at `at`. `restarts`: the history that still counts. */
  readonly service_restart_scheduled: OfService & {
    readonly instance: number;
    readonly at: Instant;
    readonly restarts: readonly number[];
  };
  readonly service_restarting: OfIncarnation & { readonly probation: boolean };
  readonly service_restarted: OfIncarnation & { readonly cell: CellNumber; readonly tookMs: number };
  /** Restarts came too fast: the service rests until `until`, then its tenant starts it again. */
  readonly service_rested: OfService & {
    readonly until: Instant;
    readonly level: "service" | "tenant";
    /** The tenant's restarts of this service that still count. */
    readonly restarts: readonly number[];
  };
  readonly cell_lost: {
    readonly cell: CellNumber;
    readonly loss: CellLoss;
    readonly victims: number;
  };

  /**
   * A service uses more than it may, or is what a tenant's total has too much of; later, that it is back under. Between the
   * two there is no event: `looks` says how often it was seen over, `peak` how far it went.
   */
  readonly resource_violation: OfIncarnation &
    Excess & {
      readonly phase: "entered" | "left";
      readonly peak: number;
      readonly looks: number;
      readonly action: ResourceLimits["limitExceededAction"];
    };
  /** It failed so often that it is left alone: until `retryMs` later nothing reaches it. */
  readonly circuit_breaker_opened: OfService & {
    readonly failures: number;
    readonly retryMs: number;
    /** The failure that was one too many. */
    readonly why: string;
  };
  readonly circuit_breaker_closed: OfService & { readonly openMs: number; readonly refused: number };

  /** Something of the node's that everybody shares runs short; at 90 % nothing new is deployed. */
  readonly pressure_rose: Pressure & { readonly percent: 80 | 90 };
  /** It is below this again. */
  readonly pressure_fell: Pressure & { readonly percent: 80 | 90 };
}

export const sharedResources = [
  "descriptors",
  "memory_maps",
  "processes",
  "event_loop",
  "kernel_heap",
  "disk",
  "memory",
] as const;
export type SharedResource = (typeof sharedResources)[number];

interface Pressure {
  readonly what: SharedResource;
  readonly used: number;
  readonly limit: number;
  /** Of which cell, where each has its own limit. */
  readonly cell?: CellNumber;
}

export type EventType = keyof Payloads;

/** What happened, before the log gave it a place. */
export type NewEvent = {
  readonly [T in EventType]: {
    readonly type: T;
    /** Whose it is; absent for the node's own. */
    readonly tenant?: TenantId;
    /** What it is about: a service, or else a tenant, a cell, the node. */
    readonly subject: string;
    /** Who caused it: `admin`, `tenant agent_1`, `solo`. */
    readonly actor: string;
    readonly payload: Payloads[T];
    /** The event that caused it; `earlier` points into the same turn's list. */
    readonly cause?: EventId | { readonly earlier: number };
  };
}[EventType];

/** An event in its place in the log. An erased one has lost its payload. */
export type Event = {
  readonly [T in EventType]: {
    readonly id: EventId;
    /** The tenant's own gap-free number, from 1; absent for the node's own events. */
    readonly tenantSequence?: number;
    /** The kernel's instant: never goes back. */
    readonly timestamp: Instant;
    /** The machine's clock when it was recorded, in ms since the epoch. */
    readonly wallClockMs: number;
    readonly tenant?: TenantId;
    readonly type: T;
    readonly subject: string;
    readonly actor: string;
    /** Absent if erased. */
    readonly payload?: Payloads[T];
    readonly causation?: EventId;
    readonly version: number;
  };
}[EventType];

/** The payload format written today, per type. Raise it together with an upcaster. */
export const eventVersions: Readonly<Record<EventType, number>> = {
  kernel_started: 1,
  system_stopped: 1,
  shutdown_requested: 1,
  clock_jumped: 1,
  tenant_created: 1,
  tenant_deletion_requested: 1,
  tenant_deletion_noted: 1,
  tenant_deleted: 1,
  payload_erased: 1,
  certificate_issued: 1,
  deployment_requested: 1,
  service_deployed: 1,
  instance_started: 1,
  service_deployment_failed: 1,
  service_kill_requested: 1,
  service_kill_noted: 1,
  service_killed: 1,
  instance_stopped: 1,
  service_crashed: 1,
  service_restart_scheduled: 1,
  service_restarting: 1,
  service_restarted: 1,
  service_rested: 1,
  cell_lost: 1,
  resource_violation: 1,
  circuit_breaker_opened: 1,
  circuit_breaker_closed: 1,
  pressure_rose: 1,
  pressure_fell: 1,
};

/**
 * Observations: things seen often and by the way. They are counted, not recorded one by one: aggregated per tenant, type
 * and subject, written asynchronously, bounded, and each entry says how many it stands for. They never enter the state.
 */
export interface Observation {
  readonly type: "capability_denied" | "request_refused" | "call_failed" | "log_lines_dropped" | "messages_dropped";
  readonly tenant?: TenantId;
  readonly subject: string;
  /** What tells this kind from others of its type, e.g. a refusal code. */
  readonly detail: string;
  readonly count: number;
}
