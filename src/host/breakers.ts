/** The circuit breakers of all services. Only those that failed lately have one; the rest cost nothing. */
import type { ServiceId, TenantId } from "../base/index.ts";
import { admit, type Breaker, type BreakerPolicy, closed, fail, judge, type Verdict } from "./breaker.ts";

export interface BreakersPowers {
  readonly policy: BreakerPolicy;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly opened: (at: At, how: { readonly failures: number; readonly retryMs: number; readonly why: string }) => void;
  readonly closed: (at: At, how: { readonly openMs: number; readonly refused: number }) => void;
}

interface At {
  readonly tenant: TenantId;
  readonly service: ServiceId;
}

export interface Refused {
  readonly failures: number;
  readonly retryAfterMs: number;
}

export class Breakers {
  readonly #powers: BreakersPowers;
  readonly #breakers = new Map<string, Breaker>();

  constructor(powers: BreakersPowers) {
    this.#powers = powers;
  }

  /** Lets a call through, which must `leave` later; or refuses it. */
  enter(at: At): "pass" | "trial" | Refused {
    const breaker = this.#breakers.get(keyOf(at));
    if (breaker === undefined) return "pass";
    const { breaker: next, how } = admit(breaker, this.#powers.nowMs());
    this.#breakers.set(keyOf(at), next);
    return how === "refuse" ? this.#refusal(next) : how;
  }

  leave(at: At, was: "pass" | "trial", verdict: Verdict): void {
    const breaker = this.#breakers.get(keyOf(at)) ?? closed;
    if (breaker === closed && verdict !== "failed") return;
    this.#become(
      at,
      breaker,
      judge(breaker, verdict, was, this.#powers.policy, this.#powers.nowMs()),
      "calls timed out",
    );
  }

  /** It died by its own fault. */
  died(at: At, why: string): void {
    const breaker = this.#breakers.get(keyOf(at)) ?? closed;
    this.#become(at, breaker, fail(breaker, this.#powers.policy, this.#powers.nowMs()), why);
  }

  /** While it is open; what has no answer does not try it. */
  find(at: At): Refused | undefined {
    const breaker = this.#breakers.get(keyOf(at));
    return breaker?.name === "open" && this.#powers.nowMs() < breaker.until ? this.#refusal(breaker) : undefined;
  }

  /** How it stands; undefined if it did not fail lately. */
  look(at: At): (Refused & { readonly state: Breaker["name"] }) | undefined {
    const breaker = this.#breakers.get(keyOf(at));
    return breaker === undefined ? undefined : { state: breaker.name, ...this.#refusal(breaker) };
  }

  /** It was deployed anew, or will not run any more: nothing of before counts. */
  forget(at: At): void {
    const breaker = this.#breakers.get(keyOf(at));
    if (breaker !== undefined) this.#become(at, breaker, closed, "");
  }

  #become({ tenant, service }: At, before: Breaker, after: Breaker, why: string): void {
    const at = { tenant, service };
    if (after.name === "closed" && after.failures === 0) this.#breakers.delete(keyOf(at));
    else this.#breakers.set(keyOf(at), after);
    if (before.name === "closed" && after.name === "open") {
      this.#powers.opened(at, { failures: after.failures, retryMs: this.#powers.policy.resetMs, why });
    } else if (before.name !== "closed" && after.name === "closed") {
      this.#powers.closed(at, { openMs: Math.round(this.#powers.nowMs() - before.since), refused: before.refused });
    }
  }

  #refusal(breaker: Breaker): Refused {
    const left = breaker.name === "open" ? breaker.until - this.#powers.nowMs() : 0;
    return { failures: breaker.failures, retryAfterMs: Math.max(0, Math.ceil(left)) };
  }
}

const keyOf = ({ tenant, service }: At): string => `${tenant}/${service}`;
