/** What services use and the node has left: who watches it, and what is done about it. */
import { type IncarnationNumber, refuse, sayDeath, sayExcess, type ServiceId, type TenantId } from "../base/index.ts";
import type { Conditions } from "../gateways/index.ts";
import { Breakers, type Cells, type Router } from "../host/index.ts";
import { type Clock, type Event, type Input, isBlameless, type Quota, type Turns } from "../kernel/index.ts";
import {
  Gauges,
  percentOf,
  PressureMonitor,
  ResourceMonitor,
  type ServiceLogs,
  type Violation,
} from "../observe/index.ts";
import type { Census } from "./census.ts";
import type { Config } from "./config.ts";
import { measure } from "./measure.ts";
import type { Part } from "./system.ts";

export interface ResourcesParts {
  readonly config: Config;
  readonly dataDir: string;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly cells: Cells;
  readonly router: Router;
  readonly breakers: Breakers;
  readonly census: Census;
  readonly logs: Pick<ServiceLogs, "record">;
}

/** Circuit breakers whose changes stand in the log. */
export const makeBreakers = ({ breaker }: Config, turns: Turns): Breakers =>
  new Breakers({
    policy: breaker,
    nowMs: () => performance.now(),
    opened: (at, how) => later(turns, { type: "circuit_opened", ...at, ...how }),
    closed: (at, how) => later(turns, { type: "circuit_closed", ...at, ...how }),
  });

/** Not in the turn that may have led to it. A failed submit is a failed log, which ends the kernel by itself. */
function later(turns: Turns, input: Input): void {
  queueMicrotask(() => void turns.submit(input).catch(() => undefined));
}

export class Resources {
  readonly #parts: ResourcesParts;
  readonly #monitor: ResourceMonitor;
  readonly #pressure: PressureMonitor;

  constructor(parts: ResourcesParts) {
    this.#parts = parts;
    const { config, turns, clock, cells, router } = parts;
    this.#monitor = new ResourceMonitor({
      look: () => measure(turns.state, cells),
      violated: (violation) => this.#violated(violation),
      throttled: (services) => {
        const found = services.map(({ by, excess }) => ({
          tenant: by.tenant,
          service: by.service,
          why: sayExcess(excess),
        }));
        router.throttle(found);
        cells.throttle(found);
      },
      now: () => clock.wallMs(),
      settings: {
        everyMs: config.monitorIntervalMs,
        tenantLimits: { memoryBytesMax: config.tenantMemoryBytesMax, processesMax: config.tenantProcessesMax },
      },
    });
    this.#pressure = new PressureMonitor({
      everyMs: config.monitorIntervalMs,
      gauges: () => new Gauges(parts.dataDir, config.gauges),
      census: () => ({
        cells: cells.census(),
        cellsRssBytes: parts.census.cellsRssBytes,
        init: parts.census.init,
      }),
      looked: (pressing) => {
        cells.seal(new Set(pressing.flatMap(({ cell }) => (cell === undefined ? [] : [cell]))));
        // What services had that were shed is given back with the last of their cell's.
        if (pressing.some(({ cell }) => cell === undefined)) cells.closeEmpty();
      },
      changed: ({ direction, ...change }) => later(turns, { type: "pressure", direction, ...change }),
      relieve: ({ what, cell }, percent, count) =>
        later(turns, { type: "relieve", what, percent, count, ...(cell === undefined ? {} : { cell }) }),
    });
  }

  /** The monitors, under the System's supervision. */
  get parts(): readonly Part[] {
    return [
      partOf("resource monitor", (failed) => this.#monitor.start(failed)),
      partOf("pressure monitor", (failed) => this.#pressure.start(failed)),
    ];
  }

  /** What the node runs short of. */
  get pressing(): PressureMonitor["pressing"] {
    return this.#pressure.pressing;
  }

  /** What may be taken in right now. A cell that is full is no reason to refuse anything: the next service gets another. */
  quota(): Quota {
    const { tenantProcessesMax: processesMax, monitorIntervalMs } = this.#parts.config;
    const [worst] = this.#pressure.pressing
      .filter(({ cell }) => cell === undefined)
      .toSorted((a, b) => percentOf(b) - percentOf(a));
    if (worst === undefined) return { processesMax };
    const noRoom = refuse("UNDER_PRESSURE", {
      what: worst.what.replaceAll("_", " "),
      percent: Math.round(percentOf(worst)),
      retryAfterMs: monitorIntervalMs,
    });
    return { processesMax, noRoom };
  }

  /** What is known of a service beside its state. */
  conditions({ tenant, service }: { readonly tenant: TenantId; readonly service: ServiceId }): Conditions {
    const found = this.#parts.breakers.look({ tenant, service });
    const excesses = this.#monitor.excesses(tenant, service);
    return found === undefined ? { excesses } : { excesses, circuit: found };
  }

  history(tenant: TenantId, incarnation: IncarnationNumber): ReturnType<ResourceMonitor["history"]> {
    return this.#monitor.history(tenant, incarnation);
  }

  /** Called in each turn with its events. */
  evolved(events: readonly Event[]): void {
    const { breakers } = this.#parts;
    for (const event of events) {
      if (event.type === "resource_violation") this.#logged(event);
      const { tenant, type, payload } = event;
      if (tenant === undefined || payload === undefined) continue;
      if (type === "service_crashed" || type === "instance_stopped") {
        this.#monitor.ended({ tenant, incarnation: payload.incarnation });
      }
      if (type === "service_crashed") {
        if (!isBlameless(payload.death)) breakers.died({ tenant, service: payload.service }, sayDeath(payload.death));
      } else if (type === "deployment_requested" || type === "service_kill_requested") {
        breakers.forget({ tenant, service: payload.service });
      }
    }
  }

  /** A violation stands in the service's own log, too, where its owner looks first. */
  #logged({ tenant, payload }: Extract<Event, { readonly type: "resource_violation" }>): void {
    if (tenant === undefined || payload === undefined) return;
    const { service, instance, incarnation, phase } = payload;
    const { logs, clock } = this.#parts;
    const line = { atMs: clock.wallMs(), text: sayViolation(payload), instance, incarnation, dropped: 0 };
    logs.record({ tenant, service }, { ...line, level: phase === "entered" ? "WARN" : "INFO" });
  }

  #violated({ by, phase, what, used, limit, peak, looks }: Violation): void {
    const { tenant, service, instance, incarnation } = by;
    const seen = { tenant, service, instance, incarnation, phase, what, used, limit, peak, looks };
    later(this.#parts.turns, { type: "violation", ...seen });
  }
}

type Violated = NonNullable<Extract<Event, { readonly type: "resource_violation" }>["payload"]>;

const sayViolation = (seen: Violated): string =>
  seen.phase === "left"
    ? `back under its limit: ${sayExcess(seen)}`
    : `over its limit: ${sayExcess(seen)} (limit_exceeded_action: ${seen.action})`;

const partOf = (name: string, start: (failed: (why: string) => void) => { readonly stop: () => void }): Part => ({
  name,
  start: (failed) => {
    const { stop } = start(failed);
    return Promise.resolve({ stop: () => Promise.resolve(stop()) });
  },
});
