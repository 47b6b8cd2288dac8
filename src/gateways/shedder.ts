/**
 * The load shedder: so many requests are under way at once, of each tenant and in all. Whoever finds no place waits in a
 * short line for a short time, and is refused then: late answers help nobody.
 *
 *   enter ──▶ a place is free for this tenant ──▶ under way ──leave──▶ the next in line, of the tenant with the fewest
 *         └─▶ waits ── too long, or the line is full ──▶ OVERLOADED, when to try again
 *
 * Fair shares: while many places are free, a tenant may have more than its part of them; the last of them are for tenants
 * that have less than theirs. Places are leased: each is given back exactly once.
 */
import { refuse, type Refusal, type TenantId } from "../base/index.ts";

export interface ShedderLimits {
  readonly totalMax: number;
  readonly perTenantMax: number;
  readonly waitingPerTenantMax: number;
  readonly waitMsMax: number;
}

/** Gives the place back. */
export type Lease = () => void;

interface Waiter {
  readonly settle: (lease: Lease | Refusal) => void;
}

interface Tenant {
  underWay: number;
  readonly waiting: Waiter[];
}

/** Of all places, those that only tenants with less than their fair share may take. */
const reserved = 0.2;

export class Shedder {
  readonly #limits: ShedderLimits;
  readonly #tenants = new Map<TenantId, Tenant>();
  #underWay = 0;
  #waiting = 0;

  constructor(limits: ShedderLimits) {
    this.#limits = limits;
  }

  /** At once, if there is a place. `signal`: who asks does not want it any more. */
  enter(id: TenantId, signal: AbortSignal): Lease | Promise<Lease | Refusal> {
    const tenant = this.#tenants.get(id) ?? { underWay: 0, waiting: [] };
    this.#tenants.set(id, tenant);
    if (tenant.waiting.length === 0 && this.#mayEnter(tenant)) return this.#lease(id, tenant);
    return this.#wait(id, tenant, signal);
  }

  get underWay(): number {
    return this.#underWay;
  }

  #mayEnter({ underWay }: Tenant): boolean {
    const { totalMax, perTenantMax } = this.#limits;
    const free = totalMax - this.#underWay;
    if (underWay >= perTenantMax || free <= 0) return false;
    return free > totalMax * reserved || underWay < totalMax / this.#tenants.size;
  }

  #lease(id: TenantId, tenant: Tenant): Lease {
    tenant.underWay++;
    this.#underWay++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      tenant.underWay--;
      this.#underWay--;
      this.#tidy(id, tenant);
      this.#admit();
    };
  }

  #wait(id: TenantId, tenant: Tenant, signal: AbortSignal): Promise<Lease | Refusal> {
    const { waitingPerTenantMax, waitMsMax } = this.#limits;
    if (tenant.waiting.length >= waitingPerTenantMax || signal.aborted) return Promise.resolve(this.#refusal(tenant));
    return new Promise((resolve) => {
      const settle = (lease: Lease | Refusal): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", leave);
        resolve(lease);
      };
      const leave = (): void => {
        tenant.waiting.splice(tenant.waiting.indexOf(waiter), 1);
        this.#waiting--;
        settle(this.#refusal(tenant));
        this.#tidy(id, tenant);
        // Shares are larger without who has left.
        this.#admit();
      };
      const waiter: Waiter = { settle };
      const timer = setTimeout(leave, waitMsMax);
      signal.addEventListener("abort", leave, { once: true });
      tenant.waiting.push(waiter);
      this.#waiting++;
    });
  }

  /** Lets in who waits, as long as there is a place: first of the tenant that has the fewest. */
  #admit(): void {
    while (this.#waiting > 0) {
      let next: [TenantId, Tenant] | undefined;
      for (const [id, tenant] of this.#tenants) {
        if (tenant.waiting.length === 0 || !this.#mayEnter(tenant)) continue;
        if (next === undefined || tenant.underWay < next[1].underWay) next = [id, tenant];
      }
      const waiter = next?.[1].waiting.shift();
      if (next === undefined || waiter === undefined) return;
      this.#waiting--;
      waiter.settle(this.#lease(...next));
    }
  }

  #refusal({ underWay }: Tenant): Refusal {
    const { perTenantMax, totalMax, waitMsMax } = this.#limits;
    const own = underWay >= perTenantMax;
    return refuse("OVERLOADED", {
      what: own ? "What a tenant may ask for at once" : "What the node answers at once",
      limit: own ? perTenantMax : totalMax,
      retryAfterMs: waitMsMax,
    });
  }

  #tidy(id: TenantId, tenant: Tenant): void {
    if (tenant.underWay === 0 && tenant.waiting.length === 0 && this.#tenants.get(id) === tenant) {
      this.#tenants.delete(id);
    }
  }
}
