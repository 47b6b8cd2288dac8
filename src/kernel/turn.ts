/** What goes into a turn of the kernel, and what comes out. All data. */
import type {
  CellLoss,
  CellNumber,
  Death,
  EventId,
  IncarnationNumber,
  KernelEpoch,
  Refusal,
  RequestId,
  ServiceId,
  TenantId,
} from "../base/index.ts";
import type { Born, NewEvent, Payloads, Release, SharedResource } from "./event.ts";
import type { Outcome } from "./state.ts";

/** Who asks. Made from a verified certificate at the gateway, nowhere else. */
export type Principal =
  | { readonly role: "admin"; readonly name: string }
  | { readonly role: "tenant"; readonly tenant: TenantId };

export const principalName = (who: Principal): string => (who.role === "admin" ? "admin" : `tenant ${who.tenant}`);

export interface Quota {
  /** Instances that run or should. */
  readonly processesMax: number;
  /** The node has no room for anything new, and why. */
  readonly noRoom?: Refusal;
}

export type Command =
  | { readonly type: "create_tenant"; readonly tenant: TenantId }
  | { readonly type: "delete_tenant"; readonly tenant: TenantId }
  | {
      readonly type: "issue_certificate";
      readonly role: "admin" | "tenant";
      readonly tenant?: TenantId;
      readonly fingerprint: string;
      readonly notAfterMs: number;
    }
  | {
      readonly type: "deploy";
      readonly tenant: TenantId;
      readonly service: ServiceId;
      readonly release: Release;
      readonly instances: number;
      /** What a tenant's user services may have in all; absent: whatever they like. */
      readonly quota?: Quota;
    }
  | {
      readonly type: "kill";
      readonly tenant: TenantId;
      readonly service: ServiceId;
      readonly forced: boolean;
      /** Absent: the release's shutdown timeout. */
      readonly graceMs?: number;
    }
  /** The node is about to be shut down: only remembers the request. What ends the node says so with `node_stopped`. */
  | { readonly type: "shut_down" };

/**
 * An incarnation that a cell still held when this kernel connected to it, or of whose end a report is still to come: what
 * is not listed is believed lost.
 */
export interface Survivor {
  readonly tenant: TenantId;
  /** Known from the cell's inventory; without it a stray incarnation cannot be told to stop. */
  readonly service?: ServiceId;
  readonly incarnation: IncarnationNumber;
  readonly cell: CellNumber;
  readonly phase: "starting" | "running" | "stopping";
}

export type Input =
  /** First input of every kernel. Survivors' unacknowledged reports follow as ordinary inputs. */
  | {
      readonly type: "booted";
      readonly epoch: KernelEpoch;
      readonly boot: string;
      readonly version: string;
      readonly survivors: readonly Survivor[];
    }
  | {
      readonly type: "command";
      readonly principal: Principal;
      readonly request?: { readonly id: RequestId; readonly fingerprint: string };
      readonly command: Command;
    }
  | {
      readonly type: "started";
      readonly tenant: TenantId;
      readonly incarnation: IncarnationNumber;
      readonly cell: CellNumber;
      readonly tookMs: number;
    }
  | {
      readonly type: "ended";
      readonly tenant: TenantId;
      readonly incarnation: IncarnationNumber;
      readonly death: Death;
      /** Had `init` finished? */
      readonly started: boolean;
    }
  | {
      readonly type: "cell_lost";
      readonly cell: CellNumber;
      readonly tenant?: TenantId;
      readonly loss: CellLoss;
      readonly victims: readonly CellVictim[];
      /** How many turns were under way, those of lives included that had ended before; absent: nobody knows. */
      readonly turns?: number;
    }
  /** A service was measured to be over one of its limits, or back under it. */
  | ({ readonly type: "violation"; readonly tenant: TenantId } & Omit<Payloads["resource_violation"], "action">)
  /** Nothing reaches the service for a while, since it kept failing; or it does again. */
  | ({ readonly type: "circuit_opened"; readonly tenant: TenantId } & Payloads["circuit_breaker_opened"])
  | ({ readonly type: "circuit_closed"; readonly tenant: TenantId } & Payloads["circuit_breaker_closed"])
  /** Something that the whole node shares runs short, or does no longer. */
  | ({ readonly type: "pressure"; readonly direction: "rose" | "fell" } & Payloads["pressure_rose"])
  /** The newest user services are to end, `count` of them, for the relief of what is this full. */
  | {
      readonly type: "relieve";
      readonly what: SharedResource;
      readonly percent: number;
      readonly count: number;
      /** Only those in this cell. */
      readonly cell?: CellNumber;
    }
  /** No cell holds it, though one might have when the kernel took over: it has answered since, or ended. */
  | { readonly type: "missing"; readonly tenant: TenantId; readonly incarnation: IncarnationNumber }
  /** Something that waits may be due. */
  | { readonly type: "woken" }
  /** A `retire_tenant` effect was carried out: cells closed, payloads up to `through` erased. */
  | { readonly type: "retired"; readonly tenant: TenantId; readonly through: EventId; readonly count: number }
  /** The wall clock was seen to jump. */
  | { readonly type: "clock_jumped"; readonly fromMs: number; readonly toMs: number }
  /**
   * All services were ended for a shutdown of the node. `misfits` are those that did not end as they were asked to; without
   * it, all that still lives is believed cut off if the deadline passed.
   */
  | {
      readonly type: "node_stopped";
      readonly outcome: "clean" | "deadline";
      readonly misfits?: readonly {
        readonly tenant: TenantId;
        readonly incarnation: IncarnationNumber;
        readonly death: Death;
      }[];
    };

/** An incarnation that was in a lost cell. */
export interface CellVictim {
  readonly incarnation: IncarnationNumber;
  /** A turn of it was under way; where nobody knows of turns: it was starting, or a call to it was under way. */
  readonly inFlight: boolean;
  /** For how long that turn had been under way, where it is known. */
  readonly lastedMs?: number;
}

/** A command of one type, with who asks. */
export type CommandInput<T extends Command["type"]> = Extract<Input, { readonly type: "command" }> & {
  readonly command: Extract<Command, { readonly type: T }>;
};

/** What to do once the turn's events are durable. Idempotent by incarnation; issued again if a report is missing. */
export type Effect =
  | {
      readonly type: "start";
      readonly tenant: TenantId;
      readonly service: ServiceId;
      readonly instance: number;
      readonly incarnation: IncarnationNumber;
      readonly release: Release;
      readonly probation: boolean;
    }
  | {
      readonly type: "stop";
      readonly tenant: TenantId;
      readonly service: ServiceId;
      readonly incarnation: IncarnationNumber;
      /** The death to report, e.g. killed by whom. */
      readonly death: Death;
      /** 0: cut off at once. */
      readonly graceMs: number;
    }
  /** The tenant is gone: close its cells, erase its payloads, artifacts and logs. */
  | { readonly type: "retire_tenant"; readonly tenant: TenantId };

/** The answer to a command. What `pending` outcomes become is seen by watching the incarnations named in `born`. */
export interface Reply {
  readonly born: readonly Born[];
  readonly outcome: Outcome;
  /** True if a remembered request was repeated. */
  readonly repeated: boolean;
  /** Of a repeated shutdown that is done. */
  readonly tookMs?: number;
}

export interface Turn {
  readonly events: readonly NewEvent[];
  readonly effects: readonly Effect[];
  /** Present for commands only. A refused turn has no events and no effects. */
  readonly reply?: Reply | Refusal;
}

export const nothingHappened: Turn = { events: [], effects: [] };
