/**
 * What happens in a run, as the checkers are told of it. Some facts are the kernel's (what it decided, what it answered);
 * others only the simulated world knows (what a cell really holds, what the disk really has): a promise is kept when the
 * two agree.
 */
import type {
  CellLoss,
  CellNumber,
  Death,
  EventId,
  IncarnationNumber,
  Instant,
  Refusal,
  ServiceId,
  TenantId,
} from "../../base/index.ts";
import type { Event, Input, Outcome, Reply, State, Survivor, Turn } from "../../kernel/index.ts";
import type { Life } from "./life.ts";

export type CommandOrder = Extract<Input, { readonly type: "command" }>;

export type Fact =
  /** A turn was decided; `state` is still as it was before. */
  | {
      readonly type: "decided";
      readonly input: Input;
      readonly turn: Turn;
      readonly state: State;
      readonly now: Instant;
    }
  /** Its events took effect; they need not be durable. */
  | { readonly type: "evolved"; readonly events: readonly Event[]; readonly state: State; readonly queued: number }
  /** Events of which the log says that they are durable, or that it had when it was opened. Each event once, in order. */
  | { readonly type: "committed"; readonly events: readonly Event[] }
  /** A kernel has replayed the log: what it says, and the state made of it. */
  | { readonly type: "recovered"; readonly log: Iterable<Event>; readonly state: State }
  /** A kernel has found a snapshot to start from. */
  | { readonly type: "snapshot_found"; readonly json: string }
  /** A kernel has told its decider what it found: the state just before and after. */
  | { readonly type: "took_over"; readonly survivors: readonly Survivor[]; readonly state: State }
  /** A client has its answer; `seen` was the newest event when it was decided. */
  | {
      readonly type: "answered";
      readonly order: CommandOrder;
      readonly answer: Reply | Refusal;
      readonly seen: EventId;
    }
  /** A client was shown the state. */
  | { readonly type: "shown"; readonly seen: EventId }
  /** Who waited for a deployment or a kill was told what it came to. */
  | {
      readonly type: "settled";
      readonly at: {
        readonly tenant: TenantId;
        readonly service: ServiceId;
        readonly incarnation: IncarnationNumber;
      };
      readonly outcome: Outcome | Refusal;
    }
  /** The kernel that is up has had the report of an end from its cell. */
  | { readonly type: "end_heard"; readonly tenant: TenantId; readonly incarnation: IncarnationNumber }
  | { readonly type: "life_began"; readonly life: Life }
  | { readonly type: "life_ended"; readonly life: Life; readonly death: Death }
  | { readonly type: "cell_ended"; readonly cell: CellNumber; readonly loss: CellLoss }
  | { readonly type: "kernel_died"; readonly point: string }
  | { readonly type: "node_ended" }
  /** The kernel has nothing under way: the state is that of the log. */
  | { readonly type: "idle"; readonly state: State }
  /** The faults have stopped, and everything had time to come to rest. */
  | {
      readonly type: "at_rest";
      readonly state: State;
      readonly now: Instant;
      readonly lives: readonly Life[];
      readonly reportsKept: number;
      /** Cells that are nobody's, and how many of them a kernel keeps. */
      readonly warm: { readonly cells: number; readonly cellsMax: number };
      readonly waiting: number;
    };

/** A promise was broken. Ends the run. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly promise: string;

  constructor(promise: string, problem: string) {
    super(problem);
    this.promise = promise;
  }
}

/** Watches for one promise; throws {@link Violation}. */
export interface Checker {
  readonly promise: string;
  readonly see: (fact: Fact) => void;
}

/** For use in checkers: `holds`, or the promise is broken. */
export function promise(name: string): (holds: boolean, problem: string | (() => string)) => asserts holds {
  return (holds, problem) => {
    if (!holds) throw new Violation(name, typeof problem === "string" ? problem : problem());
  };
}
