/** What the processes of one service have between them. None of it is reachable by the tenant's code. */
import type { RestartType } from "../../base/index.ts";
import type { FamilyKit } from "../family.ts";
import type { Carrier, Holder } from "../reference.ts";
import type { Service } from "../service.ts";
import type { Child } from "./child.ts";
import type { Process } from "./kin.ts";

export type Reason = { readonly type: "normal" | "shutdown" } | { readonly type: "crashed"; readonly error: unknown };

export const shutdown: Reason = { type: "shutdown" };

/** What waits for a process, or is handled by it: a call, a cast, or (without a method) a message. */
export interface Mail {
  readonly method: string | undefined;
  readonly text: string | undefined;
  readonly slots: ReturnType<FamilyKit["takeSlots"]>;
  /** Of a call or message: whose it is; undefined: the service itself. */
  readonly from: Holder | undefined;
  /** Number of the service's mail whose handler waits for this; 0: none does. */
  readonly cause: number;
  readonly resolve?: (value: unknown) => void;
  readonly reject?: (error: unknown) => void;
}

export interface Circle {
  readonly family: FamilyKit;
  /** Processes that live, the service itself among them. */
  readonly alive: number;
  /** One more lives, or one less: the cell hears of it once per burst of work, if it makes a difference. */
  readonly count: (change: 1 | -1) => void;
  /** Number of the one that was spawned last. */
  last: number;
  /** The service is about to end, or has: nothing is started again. */
  ending: boolean;
  readonly byCarrier: WeakMap<Carrier, Process>;
  readonly byNumber: Map<number, Child>;
  /** The process that a reference means. Throws if it is none of this service. */
  readonly find: (reference: unknown) => Process;
  readonly makeChild: (
    parent: Process,
    Class: new () => Service,
    args: string | undefined,
    restart: RestartType,
  ) => Child;
  /** Runs `work` in this turn of the service, or in a later one if this has lasted long. */
  readonly later: (work: () => void) => void;
}

/** What travels with a message between processes, in the hands of its receiver; undefined: the service itself. */
export function handOver(
  { Reference }: FamilyKit,
  slots: ReturnType<FamilyKit["takeSlots"]>,
  to: Holder | undefined,
): ReturnType<FamilyKit["takeSlots"]> {
  if (slots === undefined) return undefined;
  return Array.from(slots, (one) => {
    if (!(one instanceof Reference)) return one;
    return to === undefined ? one.origin : to.hold(one);
  });
}

export function said({ describeError }: FamilyKit, error: unknown): string {
  const { name, message } = describeError(error);
  return `${name}: ${message}`;
}
