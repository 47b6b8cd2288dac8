/**
 * Calls that come again: a kernel, this one or an earlier, was asked before, and who asks does not know what became of it.
 * Each cell with a life of the service that may have been given it is asked; only if all are certain that it never came to
 * them, it is begun.
 *
 *   ─▶ the other cells ──one knows it──▶ its outcome
 *            └──it never came to any──▶ the chosen life's cell ──knows it──▶ its outcome
 *                                                 └──never came──▶ begun
 */
import type { IncarnationNumber, TenantId } from "../base/index.ts";
import type { CallFailure, CallMark } from "../wire/index.ts";
import type { Answer } from "./cell-link.ts";

/** By what a call is known when it comes again. */
export interface CallRequest {
  readonly key: string;
  /** It comes again, and was not sent before this, in milliseconds of the host's monotonic clock. */
  readonly sinceMs?: number;
}

/** Calls that came again and are being asked for, by their tenant and key, and how often at once. */
export class AskedFor {
  readonly #counts = new Map<string, number>();

  has(tenant: TenantId, key: string): boolean {
    return this.#counts.has(`${tenant}/${key}`);
  }

  add(tenant: TenantId, key: string): void {
    const name = `${tenant}/${key}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  remove(tenant: TenantId, key: string): void {
    const name = `${tenant}/${key}`;
    const left = (this.#counts.get(name) ?? 1) - 1;
    if (left === 0) this.#counts.delete(name);
    else this.#counts.set(name, left);
  }
}

/** Of a target of the routing table, what is needed to know here. */
interface Where {
  readonly held: { readonly incarnation: IncarnationNumber };
  readonly link: { readonly isClosed: boolean };
}

export interface Asking<T extends Where> {
  readonly request: Required<CallRequest>;
  readonly chosen: T;
  /** Every life of its service that takes messages, at the moment. */
  readonly targets: () => readonly T[];
  /** How many there are when nothing is amiss. */
  readonly instances: number;
  /** Settles exactly once. */
  readonly ask: (target: T, mark: CallMark, settle: (answer: Answer) => void) => void;
}

export function callAgain<T extends Where>(asking: Asking<T>, settle: (answer: Answer) => void): void {
  const { request, chosen, instances, ask } = asking;
  const targets = [...asking.targets()];
  const cells = new Map<Where["link"], T[]>([[chosen.link, [chosen]]]);
  for (const target of targets) {
    if (target.held.incarnation === chosen.held.incarnation) continue;
    cells.set(target.link, [...(cells.get(target.link) ?? []), target]);
  }
  const { key, sinceMs } = request;
  const markFor = (targetsThere: readonly T[], begin: boolean): CallMark => ({
    key,
    again: { sinceMs, lives: targetsThere.map(({ held }) => held.incarnation), begin },
  });
  // A life that is not there any more, or not yet, may have been given it.
  let doubtful = targets.length !== instances;
  const finish = (): void => {
    // One that ended while the others were asked may have had it; one that came may have been given it.
    doubtful ||= !areTheSame(targets, asking.targets());
    ask(chosen, markFor(cells.get(chosen.link) ?? [], !doubtful), (answer) =>
      settle(doubtful && neverCame(answer) ? { failure: unknown } : answer),
    );
  };
  const others = [...cells].filter(([link]) => link !== chosen.link);
  let left = others.length;
  if (left === 0) return finish();
  let settled = false;
  for (const [link, [first = chosen, ...more]] of others) {
    // Of a link that is closed we hear that nothing was executed: true, and of no use.
    doubtful ||= link.isClosed;
    ask(first, markFor([first, ...more], false), (answer) => {
      left -= 1;
      if (settled) return;
      if (neverCame(answer) || isDoubt(answer)) {
        doubtful ||= isDoubt(answer);
        if (left === 0) finish();
        return;
      }
      settled = true;
      settle(answer);
    });
  }
}

const areTheSame = (before: readonly Where[], now: readonly Where[]): boolean =>
  before.length === now.length &&
  before.every(({ held }) => now.some((other) => other.held.incarnation === held.incarnation));

const neverCame = (answer: Answer): boolean => "failure" in answer && answer.failure.executed === "not_executed";

const isDoubt = (answer: Answer): boolean => "failure" in answer && answer.failure.executed === "unknown";

const unknown: CallFailure = {
  code: "CALL_LOST",
  executed: "unknown",
  message: "an instance that may have been given it has ended",
};

/** For a header that names its request only if it has one. */
export const marked = (request: CallMark | undefined): { readonly request?: CallMark } =>
  request === undefined ? {} : { request };

/** Of a call that comes again, "not executed" is true of this time; what became of it before may be unknown. */
export const cautious = (failure: CallFailure): CallFailure =>
  failure.executed === "not_executed" ? { ...failure, executed: "unknown" } : failure;
