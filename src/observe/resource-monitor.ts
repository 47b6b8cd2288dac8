/**
 * The resource monitor: looks at every service that runs, again and again, keeps what it saw for a while, and tells who is
 * over a limit. Looks do not overlap: one that takes long delays the next.
 */
import type { Excess, IncarnationNumber, ServiceId, TenantId } from "../base/index.ts";
import { Ring } from "./ring.ts";
import { keyOf, type Measured, type TenantLimits, type Violation, Violations } from "./violations.ts";

export interface Sample {
  readonly atMs: number;
  readonly memoryBytes: number;
  readonly mailboxLength: number;
  /** CPU time since the incarnation began, in microseconds. */
  readonly cpuMicros: number;
  readonly processes: number;
}

export interface MonitorPowers {
  /** What runs right now; of those that do not say in time what they use, only who they are. */
  readonly look: () => Promise<{
    readonly measured: readonly Measured[];
    readonly unheard: readonly Pick<Measured, "tenant" | "incarnation">[];
  }>;
  readonly violated: (violation: Violation) => void;
  /** Services that take no new work until the next look says otherwise. */
  readonly throttled: (services: readonly { readonly by: Measured; readonly excess: Excess }[]) => void;
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  readonly settings: {
    readonly everyMs: number;
    readonly tenantLimits: TenantLimits;
  };
}

/** Samples kept of each incarnation: ten minutes at the default interval. */
const samplesMax = 120;

interface Trend {
  readonly last: Measured;
  readonly samples: Ring<Sample>;
}

export class ResourceMonitor {
  readonly #powers: MonitorPowers;
  readonly #violations = new Violations();
  #trends = new Map<string, Trend>();
  /** Who ended since the last look began: what that look saw of them is of the past. */
  readonly #ended = new Set<string>();

  constructor(powers: MonitorPowers) {
    this.#powers = powers;
  }

  /** Looks until it is stopped or fails; may be started again. */
  start(failed: (why: string) => void): { readonly stop: () => void } {
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    const look = async (): Promise<void> => {
      try {
        await this.#look(() => stopped);
      } catch (error) {
        if (!stopped) failed(error instanceof Error ? error.message : String(error));
        return;
      }
      if (!stopped) timer = setTimeout(() => void look(), this.#powers.settings.everyMs);
    };
    void look();
    return {
      stop: () => {
        stopped = true;
        clearTimeout(timer);
      },
    };
  }

  /** What an incarnation used, oldest first. */
  history(tenant: TenantId, incarnation: IncarnationNumber): readonly Sample[] {
    return this.#trends.get(keyOf({ tenant, incarnation }))?.samples.newest(samplesMax) ?? [];
  }

  /** What a service is over right now. */
  excesses(tenant: TenantId, service: ServiceId): readonly Excess[] {
    const own: Excess[] = [];
    for (const { by, excess } of this.#violations.current()) {
      if (by.tenant === tenant && by.service === service) own.push(excess);
    }
    return own;
  }

  /** A life ended: its successor is not over what it was over. */
  ended(life: Pick<Measured, "tenant" | "incarnation">): void {
    this.#ended.add(keyOf(life));
    this.#trends.delete(keyOf(life));
    if (this.#violations.forget(life)) this.#tellThrottled();
  }

  #tellThrottled(): void {
    const over = [...this.#violations.current()];
    this.#powers.throttled(over.filter(({ by }) => by.limits.limitExceededAction === "throttle"));
  }

  async #look(stopped: () => boolean): Promise<void> {
    const { look, settings, violated } = this.#powers;
    this.#ended.clear();
    const { measured, unheard } = await look();
    if (stopped()) return;
    const living = measured.filter((one) => !this.#ended.has(keyOf(one)));
    this.#keep(living, unheard);
    const all = [...this.#trends.values()].map(({ last }) => last);
    for (const violation of this.#violations.judge(all, settings.tenantLimits)) violated(violation);
    this.#tellThrottled();
  }

  /** Who was not heard is believed to be as it was: being busy must not look like having ended. */
  #keep(measured: readonly Measured[], unheard: readonly Pick<Measured, "tenant" | "incarnation">[]): void {
    const atMs = this.#powers.now();
    const trends = new Map<string, Trend>();
    for (const one of unheard) {
      const trend = this.#trends.get(keyOf(one));
      if (trend !== undefined) trends.set(keyOf(one), trend);
    }
    for (const last of measured) {
      const { memoryBytes, mailboxLength, cpuMicros, processes } = last;
      const samples = this.#trends.get(keyOf(last))?.samples ?? new Ring<Sample>(samplesMax);
      samples.push({ atMs, memoryBytes, mailboxLength, cpuMicros, processes });
      trends.set(keyOf(last), { last, samples });
    }
    this.#trends = trends;
  }
}
