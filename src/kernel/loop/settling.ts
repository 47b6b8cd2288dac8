/**
 * Waiting for what a deployment or a kill comes to. Waiters are woken by turns that touch their service, look at the
 * state, and are answered when what they saw is durable.
 */
import {
  type EventId,
  type IncarnationNumber,
  type Refusal,
  refuse,
  type ServiceId,
  type TenantId,
} from "../../base/index.ts";
import type { Event } from "../event.ts";
import { outcomeOf } from "../read.ts";
import type { Outcome, State } from "../state.ts";

interface Awaited {
  readonly tenant: TenantId;
  readonly service: ServiceId;
  readonly incarnation: IncarnationNumber;
}

interface Waiter {
  readonly at: Awaited;
  readonly settle: (outcome: Outcome | undefined) => void;
}

/** How long a waiter waits: the part of an AbortSignal that is needed. */
export interface Patience {
  readonly aborted: boolean;
  readonly addEventListener: (type: "abort", ended: () => void, options: { readonly once: true }) => void;
  readonly removeEventListener: (type: "abort", ended: () => void) => void;
}

export interface SettlingPowers {
  readonly state: State;
  readonly newest: () => EventId;
  readonly whenDurable: (id: EventId) => Promise<void>;
}

export class Settling {
  readonly #powers: SettlingPowers;
  readonly #waiters = new Map<string, Set<Waiter>>();
  #ended: Refusal | undefined;

  constructor(powers: SettlingPowers) {
    this.#powers = powers;
  }

  async settled(at: Awaited, signal: Patience): Promise<Outcome | Refusal> {
    const outcome = this.#look(at) ?? this.#ended ?? (await this.#wait(at, signal));
    await this.#powers.whenDurable(this.#powers.newest());
    return (
      outcome ??
      this.#ended ??
      refuse("SERVICE_NOT_RUNNING", { service: at.service, why: "nobody waits for it any more" })
    );
  }

  /** Nothing settles any more: whoever waits, or comes to, is refused like this. */
  end(refusal: Refusal): void {
    this.#ended = refusal;
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.settle(undefined);
  }

  /** Called in each turn with its events. */
  evolved(events: readonly Event[]): void {
    for (const key of new Set(events.map(({ tenant, subject }) => `${tenant ?? ""}/${subject}`))) {
      for (const waiter of this.#waiters.get(key) ?? []) {
        const outcome = this.#look(waiter.at);
        if (outcome !== undefined) waiter.settle(outcome);
      }
    }
    // A tenant that is gone takes its services' waiters along.
    for (const event of events) {
      if (event.type !== "tenant_deleted" || event.tenant === undefined) continue;
      for (const [key, waiters] of this.#waiters) {
        if (!key.startsWith(`${event.tenant}/`)) continue;
        for (const waiter of waiters)
          waiter.settle({ name: "stopped", death: { type: "stopped", why: "tenant_deleted" } });
      }
    }
  }

  #look(at: Awaited): Outcome | undefined {
    const outcome = outcomeOf(this.#powers.state, at);
    return outcome.name === "pending" ? undefined : outcome;
  }

  #wait(at: Awaited, signal: Patience): Promise<Outcome | undefined> {
    const key = `${at.tenant}/${at.service}`;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(undefined);
      const waiters = this.#waiters.get(key) ?? new Set();
      this.#waiters.set(key, waiters);
      const end = (outcome: Outcome | undefined): void => {
        signal.removeEventListener("abort", abandon);
        waiters.delete(waiter);
        if (waiters.size === 0 && this.#waiters.get(key) === waiters) this.#waiters.delete(key);
        resolve(outcome);
      };
      const abandon = (): void => end(undefined);
      const waiter: Waiter = { at, settle: end };
      waiters.add(waiter);
      signal.addEventListener("abort", abandon, { once: true });
    });
  }
}
