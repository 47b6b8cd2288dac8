/**
 * The pressure monitor: looks at what the node shares, tells when it runs short and when it does no longer, and, as long as
 * that lasts, asks for relief where the end of some services gives it.
 */
import type { SharedResource } from "../kernel/index.ts";
import type { CellCensus, Gauges } from "./gauges.ts";
import { type Gauge, Pressure, type PressureChange, percentOf } from "./pressure.ts";

export interface PressurePowers {
  readonly everyMs: number;
  readonly gauges: () => Gauges;
  readonly cells: () => readonly CellCensus[];
  readonly changed: (change: PressureChange) => void;
  /** Some of the newest services should end; more will be asked for, if it is not enough. */
  readonly relieve: (pressed: Gauge, percent: number, count: number) => void;
}

/** What services have, and give back when they end. */
const relievable: ReadonlySet<SharedResource> = new Set(["descriptors", "memory_maps", "processes", "kernel_heap"]);
/** What was asked to end needs time for it. */
const looksBetweenRelief = 3;
/** Services that end in one relief: enough to get anywhere, few enough to stop in time. */
const reliefCount = 8;

export class PressureMonitor {
  readonly #powers: PressurePowers;
  readonly #pressure = new Pressure();
  #looksSinceRelief = looksBetweenRelief;

  constructor(powers: PressurePowers) {
    this.#powers = powers;
  }

  get pressing(): readonly Gauge[] {
    return this.#pressure.pressing;
  }

  start(failed: (why: string) => void): { readonly stop: () => void } {
    const gauges = this.#powers.gauges();
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    const look = async (): Promise<void> => {
      try {
        const read = await gauges.read(this.#powers.cells());
        if (stopped) return;
        this.#take(read);
        timer = setTimeout(() => void look(), this.#powers.everyMs);
      } catch (error) {
        if (!stopped) failed(error instanceof Error ? error.message : String(error));
      }
    };
    void look();
    return {
      stop: () => {
        stopped = true;
        clearTimeout(timer);
        gauges[Symbol.dispose]();
      },
    };
  }

  #take(read: readonly Gauge[]): void {
    for (const change of this.#pressure.judge(read)) this.#powers.changed(change);
    const worst = this.pressing
      .filter(({ what }) => relievable.has(what))
      .reduce<Gauge | undefined>(
        (most, one) => (most === undefined || percentOf(one) > percentOf(most) ? one : most),
        undefined,
      );
    this.#looksSinceRelief++;
    if (worst === undefined || percentOf(worst) < 90 || this.#looksSinceRelief <= looksBetweenRelief) return;
    this.#looksSinceRelief = 0;
    this.#powers.relieve(worst, percentOf(worst), reliefCount);
  }
}
