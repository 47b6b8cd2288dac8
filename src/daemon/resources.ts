/** What services use and the node has left: who watches it, and what is done about it. */
import { sayExcess } from "../base/index.ts";
import type { Cells, Router } from "../host/index.ts";
import type { Clock, Turns } from "../kernel/index.ts";
import { ResourceMonitor, type Violation } from "../observe/index.ts";
import type { Config } from "./config.ts";
import { measure } from "./measure.ts";
import type { Part } from "./system.ts";

export interface ResourcesParts {
  readonly config: Config;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly cells: Cells;
  readonly router: Router;
}

export class Resources {
  readonly #parts: ResourcesParts;
  readonly #monitor: ResourceMonitor;

  constructor(parts: ResourcesParts) {
    this.#parts = parts;
    const { config, turns, clock, cells, router } = parts;
    this.#monitor = new ResourceMonitor({
      look: () => measure(turns.state, cells),
      violated: (violation) => this.#violated(violation),
      throttled: (services) =>
        router.throttle(
          services.map(({ by, excess }) => ({ tenant: by.tenant, service: by.service, why: sayExcess(excess) })),
        ),
      now: () => clock.wallMs(),
      settings: {
        everyMs: config.monitorIntervalMs,
        tenantLimits: { memoryBytesMax: config.tenantMemoryBytesMax, processesMax: config.tenantProcessesMax },
      },
    });
  }

  /** The monitors, under the System's supervision. */
  get parts(): readonly Part[] {
    return [partOf("resource monitor", (failed) => this.#monitor.start(failed))];
  }

  #violated({ by, phase, what, used, limit, peak, looks }: Violation): void {
    const { tenant, service, instance, incarnation } = by;
    const seen = { tenant, service, instance, incarnation, phase, what, used, limit, peak, looks };
    // A failed submit is a failed log, which ends the kernel by itself.
    this.#parts.turns.submit({ type: "violation", ...seen }).catch(() => undefined);
  }
}

const partOf = (name: string, start: (failed: (why: string) => void) => { readonly stop: () => void }): Part => ({
  name,
  start: (failed) => {
    const { stop } = start(failed);
    return Promise.resolve({ stop: () => Promise.resolve(stop()) });
  },
});
