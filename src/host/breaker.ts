/**
 * A circuit breaker: a service that keeps failing is left alone for a while, so that its callers learn it at once and it is
 * not kept down by what waits for it. Pure: time is an argument.
 *
 *            failuresMax in a row             resetMs later
 *   closed ───────────────────────▶ open ───────────────────▶ half open: one call is let through to try it
 *      ▲                             ▲                           │ it fails      │ it is answered
 *      │                             └───────────────────────────┘               │
 *      └─────────────────────────────────────────────────────────────────────────┘
 */
import { never } from "../base/index.ts";

export interface BreakerPolicy {
  readonly failuresMax: number;
  readonly resetMs: number;
}

export type Breaker =
  | { readonly name: "closed"; readonly failures: number }
  | {
      readonly name: "open";
      readonly failures: number;
      readonly since: number;
      readonly until: number;
      readonly refused: number;
    }
  | {
      readonly name: "half_open";
      readonly failures: number;
      readonly since: number;
      readonly trying: boolean;
      readonly refused: number;
    };

/** What a call that was let through says of its service. */
export type Verdict =
  /** It gave a result. */
  | "answered"
  /** It kept its caller waiting for too long. */
  | "failed"
  /** It ended in another way: the service's own error, or its death, which is told apart. */
  | "neither"
  /** It never reached the service. */
  | "unused";

export const closed: Breaker = { name: "closed", failures: 0 };

/** Whether a call is let through; `trial`: as the one that tries the service. */
export function admit(
  breaker: Breaker,
  now: number,
): { readonly breaker: Breaker; readonly how: "pass" | "trial" | "refuse" } {
  switch (breaker.name) {
    case "closed":
      return { breaker, how: "pass" };
    case "open": {
      const { failures, since, until, refused } = breaker;
      if (now < until) return { breaker: { ...breaker, refused: refused + 1 }, how: "refuse" };
      return { breaker: { name: "half_open", failures, since, trying: true, refused }, how: "trial" };
    }
    case "half_open":
      if (breaker.trying) return { breaker: { ...breaker, refused: breaker.refused + 1 }, how: "refuse" };
      return { breaker: { ...breaker, trying: true }, how: "trial" };
    default:
      return never(breaker);
  }
}

/** What the end of a call that was let through makes of it. Of calls that began before it opened, nothing. */
export function judge(
  breaker: Breaker,
  verdict: Verdict,
  was: "pass" | "trial",
  policy: BreakerPolicy,
  now: number,
): Breaker {
  if (breaker.name === "open") return breaker;
  if (breaker.name === "half_open") {
    if (was === "pass") return breaker;
    if (verdict === "unused") return { ...breaker, trying: false };
    // It was heard, but not with a result: it is let back on trust, and the next failure is one too many.
    if (verdict === "neither") return { name: "closed", failures: policy.failuresMax - 1 };
  }
  if (verdict === "answered") return closed;
  return verdict === "failed" ? fail(breaker, policy, now) : breaker;
}

/** One failure more: a call that timed out, or the service's death by its own fault. */
export function fail(breaker: Breaker, policy: BreakerPolicy, now: number): Breaker {
  switch (breaker.name) {
    case "closed": {
      const failures = breaker.failures + 1;
      if (failures < policy.failuresMax) return { name: "closed", failures };
      return { name: "open", failures, since: now, until: now + policy.resetMs, refused: 0 };
    }
    case "open":
      return breaker;
    case "half_open": {
      const { failures, since, refused } = breaker;
      return { name: "open", failures: failures + 1, since, until: now + policy.resetMs, refused };
    }
    default:
      return never(breaker);
  }
}
