/**
 * State: everything the kernel knows, and nothing that the log does not hold. `evolve` alone changes it, in place; all
 * others see it read-only. snapshot.ts turns it into JSON and back.
 *
 * An instance's life:
 *
 *   deployment_requested                    service_restart_scheduled
 *          │                                    ▲          │ due
 *          ▼      started       ended abnormally│          ▼
 *      starting ─────────▶ running ─────────▶ waiting ─▶ starting …
 *          │                  │                 │ too often
 *          │ failed           │ stop            ▼
 *          ▼                  ▼              resting ─ until ─▶ starting …
 *       stopped ◀──────── stopping
 *
 * `suspended`: should run, but its node stopped; started again, in order, a bounded number at a time.
 */
import type {
  CellNumber,
  Death,
  EventId,
  IncarnationNumber,
  Instant,
  KernelEpoch,
  RequestId,
  ServiceId,
  TenantId,
} from "../base/index.ts";
import type { Born, Release } from "./event.ts";

/** Waits for its turn: its supervisor starts it again at `until`. */
export interface Waiting {
  readonly name: "waiting";
  readonly until: Instant;
  readonly because: EventId;
  readonly probation: boolean;
}

/** Restarted too often: left alone until `until`. */
export interface Resting {
  readonly name: "resting";
  readonly until: Instant;
  readonly because: EventId;
  readonly level: "service" | "tenant";
  readonly probation: boolean;
}

interface Stopping {
  readonly name: "stopping";
  readonly incarnation: IncarnationNumber;
  /** Absent if it was not known to run: then the log does not say in which cell it is, if it is in one. */
  readonly cell?: CellNumber;
  readonly because: EventId;
  /** What ends it. */
  readonly death: Death;
  /** How long it may take. */
  readonly graceMs: number;
}

export type Phase =
  | {
      readonly name: "starting";
      readonly incarnation: IncarnationNumber;
      readonly because: EventId;
      /** Its deployment is not finished yet: if it fails, the deployment failed. */
      readonly first: boolean;
      readonly probation: boolean;
      /** It was suspended, and takes one of the places for recoveries. */
      readonly recovery: boolean;
    }
  | {
      readonly name: "running";
      readonly incarnation: IncarnationNumber;
      readonly because: EventId;
      readonly cell: CellNumber;
      readonly since: Instant;
      /** It started on probation: its last cell died, perhaps through it. */
      readonly probation?: true;
    }
  /** `then`: what follows when it has ended. */
  | (Stopping & { readonly then: "stop" })
  | (Stopping & { readonly then: "restart"; readonly next: Waiting | Resting })
  | Waiting
  | Resting
  /** `because` is the start of the kernel that resumes it, or, until there is one, the end that suspended it. */
  | { readonly name: "suspended"; readonly because: EventId }
  | { readonly name: "stopped"; readonly because: EventId; readonly death: Death };

export interface Instance {
  readonly number: number;
  readonly phase: Phase;
}

/** How a service's latest deployment or kill went; a repeated request is answered from this. */
export type Outcome =
  | { readonly name: "pending" }
  | { readonly name: "running"; readonly born: readonly Born[] }
  | { readonly name: "failed"; readonly death: Death }
  | { readonly name: "stopped"; readonly death: Death };

export interface PastDeath {
  readonly at: Instant;
  readonly event: EventId;
  readonly incarnation: IncarnationNumber;
  readonly death: Death;
}

export interface Service {
  readonly id: ServiceId;
  readonly release: Release;
  /** The event of its latest deployment: services are started in this order. */
  readonly deployedBy: EventId;
  readonly deployedAt: Instant;
  /** The first incarnation of this deployment; earlier ones belonged to a service that this one replaced. */
  readonly firstIncarnation: IncarnationNumber;
  /** What the owner wants. */
  readonly desired: "running" | "stopped";
  readonly deployment: Outcome;
  /** The latest kill since: its request, and the end it gives. */
  readonly kill?: { readonly because: EventId; readonly death: Death };
  /** Remembered requests whose outcome is this deployment's. */
  readonly awaiting: readonly RequestId[];
  readonly instances: ReadonlyMap<number, Instance>;
  /** Restarts that still count, in ms, at the two levels of supervision. */
  readonly restarts: readonly number[];
  readonly tenantRestarts: readonly number[];
  /** Restarts since the deployment. */
  readonly restartCount: number;
  /** Newest last; bounded. */
  readonly deaths: readonly PastDeath[];
}

export interface Remembered {
  readonly id: RequestId;
  readonly fingerprint: string;
  readonly at: Instant;
  readonly event: EventId;
  readonly operation: "create_tenant" | "delete_tenant" | "issue_certificate" | "deploy" | "kill" | "shut_down";
  readonly tenant?: TenantId;
  readonly service?: ServiceId;
  /** Of a deletion that found one under way, and is the node's own: whose it is. */
  readonly deletes?: TenantId;
  /** Of a shutdown that is done. */
  readonly tookMs?: number;
  readonly born: readonly Born[];
  readonly outcome: Outcome;
}

export interface Tenant {
  readonly id: TenantId;
  readonly createdAt: Instant;
  readonly createdBy: EventId;
  readonly phase: "active" | "deleting";
  /** Present while it is being deleted. */
  readonly deletionRequestedBy?: EventId;
  readonly services: ReadonlyMap<ServiceId, Service>;
  readonly nextIncarnation: IncarnationNumber;
  /** The tenant's own number of its newest event. */
  readonly lastSequence: number;
  /** Oldest first; bounded in number and age. */
  readonly requests: ReadonlyMap<RequestId, Remembered>;
}

export interface State {
  readonly lastEvent: EventId;
  readonly instant: Instant;
  readonly epoch: KernelEpoch;
  readonly boot: string;
  /** The start of this kernel. It resumes the instances that were suspended before it. */
  readonly startedBy: EventId;
  readonly phase: "running" | "stopped";
  readonly tenants: ReadonlyMap<TenantId, Tenant>;
  /** Requests of administrators that belong to no living tenant (CreateTenant, DeleteTenant, IssueCertificate). */
  readonly requests: ReadonlyMap<RequestId, Remembered>;
  /** The newest events of administration, oldest first; bounded. A request is remembered while its own is among them. */
  readonly administered: readonly EventId[];
  /** Deleted tenants, by the event of it, of which cells or payloads may still be left: their names are not free. */
  readonly retiring: ReadonlyMap<TenantId, EventId>;
  /** Cells of this boot that the log has as lost, oldest first; bounded. What is told of one again is not recorded again. */
  readonly lost: ReadonlySet<CellNumber>;
  readonly index: Index;
}

/** One instance of a service. */
export interface Place {
  readonly service: ServiceId;
  readonly instance: number;
}

/** A service that has something to start at `at`. */
export interface Due {
  readonly at: Instant;
  readonly tenant: TenantId;
  readonly service: ServiceId;
}

/** What `evolve` keeps at hand so that no turn needs to search. Derived from the rest; never in a snapshot. */
export interface Index {
  /** The incarnations that are starting, running or stopping. */
  readonly living: ReadonlyMap<TenantId, ReadonlyMap<IncarnationNumber, Place>>;
  /** Soonest first, at most one per service. */
  readonly agenda: readonly Due[];
  /** Services with instances to resume, in the order of their deployment; the key is `tenant/service`. */
  readonly suspended: ReadonlyMap<string, { readonly tenant: TenantId; readonly service: ServiceId }>;
  /** How many instances are starting in a recovery, per tenant. */
  readonly recovering: ReadonlyMap<TenantId, number>;
  /** How many instances of a tenant's user services live, or will again. */
  readonly processes: ReadonlyMap<TenantId, number>;
}

/** Raised when `evolve` or the shape above changes: snapshots of another version are discarded. */
export const evolveVersion = 6;
