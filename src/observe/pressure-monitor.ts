/**
 * The pressure monitor: looks at what the node shares, tells when it runs short and when it does no longer, and, as long as
 * that lasts, asks for relief where the end of some services gives it.
 */
import type { SharedResource } from "../kernel/index.ts";
import type { NodeCensus } from "./gauges.ts";
import { type Gauge, Pressure, type PressureChange, percentOf } from "./pressure.ts";

export interface GaugeReader extends Disposable {
  readonly read: (census: NodeCensus) => Promise<readonly Gauge[]>;
}

export interface PressurePowers {
  readonly everyMs: number;
  readonly gauges: () => GaugeReader;
  readonly census: () => NodeCensus;
  /** Told at each look: all that is at 90 %. */
  readonly looked: (pressing: readonly Gauge[]) => void;
  readonly changed: (change: PressureChange) => void;
  /** Some of the newest services should end; more will be asked for, if it is not enough. */
  readonly relieve: (pressed: Gauge, percent: number, count: number) => void;
}

/** Whether there is more of it when services end. What fills the disk is the log, which forgets nothing when they do. */
const relievable: Readonly<Record<SharedResource, boolean>> = {
  descriptors: true,
  memory: true,
  memory_maps: true,
  processes: true,
  event_loop: true,
  kernel_heap: true,
  disk: false,
};
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
        const read = await gauges.read(this.#powers.census());
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
    const { pressing } = this;
    this.#powers.looked(pressing);
    const worst = pressing
      .filter(({ what }) => relievable[what])
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
