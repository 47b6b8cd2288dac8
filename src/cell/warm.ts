/**
 * Warm guests: a few isolates with their prelude evaluated, for services with the default memory limit. Refilled only
 * when there is nothing else to do, one at a time: making one takes 2 ms of the cell's thread, which the first call of a
 * new service should not meet. When few are left, deployments come one after the other: then it is done in the moments
 * that they spend elsewhere, with the log and the builder.
 */
import { resourceLimitsDefault } from "../base/index.ts";
import type { Engine, Guest } from "./engine.ts";

const kept = 4;
const refillMs = 20;
const fewLeft = 2;
const refillSoonMs = 1;

export class WarmGuests {
  readonly #engine: Engine;
  readonly #idle: () => boolean;
  readonly #guests: Guest[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(engine: Engine, idle: () => boolean) {
    this.#engine = engine;
    this.#idle = idle;
  }

  /** Refill once the guest that was taken has started, or ended: until then the cell has better to do. */
  take(memoryBytesMax: number): Guest {
    const warm = memoryBytesMax === resourceLimitsDefault.maxMemoryBytes ? this.#guests.pop() : undefined;
    return warm ?? this.#engine.makeGuest(memoryBytesMax);
  }

  /** Sees to it that there will be some. */
  refill(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#idle()) this.#guests.push(this.#engine.makeGuest(resourceLimitsDefault.maxMemoryBytes));
        if (this.#guests.length < kept) this.refill();
      },
      this.#guests.length < fewLeft ? refillSoonMs : refillMs,
    );
  }

  /** Makes them at once: at the start of a cell. */
  fill(): void {
    while (this.#guests.length < kept) {
      this.#guests.push(this.#engine.makeGuest(resourceLimitsDefault.maxMemoryBytes));
    }
  }
}
