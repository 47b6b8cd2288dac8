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

export type Phase =
  | { readonly name: "starting"; readonly incarnation: IncarnationNumber; readonly because: EventId; readonly first: boolean; readonly probation: boolean }
  | { readonly name: "running"; readonly incarnation: IncarnationNumber; readonly because: EventId; readonly cell: CellNumber; readonly since: Instant }
  /** `then`: what follows when it has ended. */
  | { readonly name: "stopping"; readonly incarnation: IncarnationNumber; readonly because: EventId; readonly death: Death; readonly then: "stop" | "restart" }
  | { readonly name: "waiting"; readonly until: Instant; readonly because: EventId; readonly probation: boolean }
  | { readonly name: "resting"; readonly until: Instant; readonly because: EventId; readonly level: "service" | "tenant" }
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
  /** What the owner wants. */
  readonly desired: "running" | "stopped";
  readonly deployment: Outcome;
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
  readonly operation: "create_tenant" | "delete_tenant" | "issue_certificate" | "deploy" | "kill";
  readonly service?: ServiceId;
  readonly born: readonly Born[];
  readonly outcome: Outcome;
}

export interface Tenant {
  readonly id: TenantId;
  readonly createdAt: Instant;
  readonly createdBy: EventId;
  readonly phase: "active" | "deleting";
  readonly services: ReadonlyMap<ServiceId, Service>;
  readonly nextIncarnation: IncarnationNumber;
  /** Oldest first; bounded in number and age. */
  readonly requests: ReadonlyMap<RequestId, Remembered>;
}

export interface State {
  readonly lastEvent: EventId;
  readonly instant: Instant;
  readonly epoch: KernelEpoch;
  readonly boot: string;
  readonly phase: "running" | "stopped";
  readonly tenants: ReadonlyMap<TenantId, Tenant>;
  /** Requests of administrators that belong to no living tenant (CreateTenant, DeleteTenant, IssueCertificate). */
  readonly requests: ReadonlyMap<RequestId, Remembered>;
}

/** Raised when `evolve` or the shape above changes: snapshots of another version are discarded. */
export const evolveVersion = 1;
