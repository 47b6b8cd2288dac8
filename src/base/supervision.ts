/**
 * Supervision as data: one function decides, at every level of the tree, what an exit leads to. Root, system parts,
 * tenants, services, instances and the processes inside a guest all use it.
 *
 *   exit ──▶ restart type asks for a restart? ──no──▶ forget the child
 *                     │ yes
 *            more than intensity.restartsMax within intensity.withinMs? ──yes──▶ escalate (stop all, right to left)
 *                     │ no
 *            strategy: one_for_one · rest_for_one · one_for_all ──▶ stop right to left, start left to right
 *
 * Rules: https://www.erlang.org/doc/system/sup_princ.html
 */
import { insist, never } from "./insist.ts";

export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";
export type RestartType = "permanent" | "transient" | "temporary";

/** More than `restartsMax` restarts within `withinMs` end the supervisor itself. */
export interface Intensity {
  readonly restartsMax: number;
  readonly withinMs: number;
}

/** Wait before the nth restart in a row: first, first·factor, … up to max. OTP itself waits 0. */
export interface Backoff {
  readonly firstMs: number;
  readonly factor: number;
  readonly waitMsMax: number;
}

export interface SupervisorSpec {
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  readonly backoff: Backoff;
}

export interface Child<Id> {
  readonly id: Id;
  readonly restart: RestartType;
}

export interface Exit<Id> {
  readonly child: Id;
  /** `normal` covers OTP's normal, shutdown and {shutdown, _}. */
  readonly kind: "normal" | "abnormal";
  /** A victim of another's fault (its cell was lost): restarted without spending the budget. */
  readonly blameless?: boolean;
}

export type Supervised<Id> =
  | { readonly type: "ignore" }
  | {
      readonly type: "restart";
      /** Still running children to stop first, right to left. */
      readonly stop: readonly Id[];
      /** Children to start, left to right; the exited child is among them. */
      readonly start: readonly Id[];
      readonly delayMs: number;
      /** The restart history to keep: instants of restarts within the window, this one included. */
      readonly restarts: readonly number[];
    }
  | {
      readonly type: "escalate";
      /** All other children, right to left. */
      readonly stop: readonly Id[];
    };

/** Past restarts that still count at `now`, oldest first. As in OTP, one exactly `withinMs` ago does. */
export const recentRestarts = (restarts: readonly number[], intensity: Intensity, now: number): readonly number[] =>
  restarts.filter((at) => now - at <= intensity.withinMs);

/** The wait before the nth (from 1) restart within the window. */
export const backoffMs = ({ firstMs, factor, waitMsMax }: Backoff, nth: number): number =>
  firstMs === 0 ? 0 : Math.min(waitMsMax, Math.round(firstMs * factor ** Math.max(0, nth - 1)));

/**
 * Decides what an exit leads to. `children` are in start order and contain the exited one; `restarts` are the instants
 * of earlier restarts under this supervisor. Pure and total.
 */
export function supervise<Id>(
  spec: SupervisorSpec,
  children: readonly Child<Id>[],
  restarts: readonly number[],
  exit: Exit<Id>,
  now: number,
): Supervised<Id> {
  const at = children.findIndex((child) => child.id === exit.child);
  const exited = children[at];
  insist(exited !== undefined, "an exit is of a known child");
  const wanted = exited.restart === "permanent" || (exited.restart === "transient" && exit.kind === "abnormal");
  if (!wanted) return { type: "ignore" };

  const recent = recentRestarts(restarts, spec.intensity, now);
  const counted = exit.blameless === true ? recent : [...recent, now];
  if (exit.blameless !== true && counted.length > spec.intensity.restartsMax) {
    return {
      type: "escalate",
      stop: children
        .filter((child) => child.id !== exit.child)
        .map((child) => child.id)
        .toReversed(),
    };
  }
  const start = affected(spec.strategy, children, at);
  return {
    type: "restart",
    stop: start
      .filter((child) => child.id !== exit.child)
      .map((child) => child.id)
      .toReversed(),
    // OTP: the children stopped with the exited one are started again, save temporary ones, which never are.
    start: start.filter((child) => child.id === exit.child || child.restart !== "temporary").map((child) => child.id),
    delayMs: exit.blameless === true ? 0 : backoffMs(spec.backoff, counted.length),
    restarts: counted,
  };
}

function affected<Id>(strategy: Strategy, children: readonly Child<Id>[], at: number): readonly Child<Id>[] {
  switch (strategy) {
    case "one_for_one":
      return children.slice(at, at + 1);
    case "rest_for_one":
      return children.slice(at);
    case "one_for_all":
      return children;
    default:
      return never(strategy);
  }
}
