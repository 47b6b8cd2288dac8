/** What a guest's heap holds. Whoever asks does not wait long for one that is at work. */
import { setTimeout as delay } from "node:timers/promises";
import type { Guest } from "./engine.ts";

const waitMsMax = 50;

export class MemoryMeter {
  readonly #guest: Pick<Guest, "memory">;
  readonly #now: () => number;
  #seen = 0;

  /** `now`: of a guest that rests. */
  constructor(guest: Pick<Guest, "memory">, now: () => number) {
    this.#guest = guest;
    this.#now = now;
  }

  /** As of now; if it is at work for long, of an earlier look. */
  async memoryBytes(atWork: boolean): Promise<number> {
    if (atWork) await Promise.race([this.#look(), delay(waitMsMax, undefined, { ref: false })]);
    else this.#seen = this.#now();
    return this.#seen;
  }

  async #look(): Promise<void> {
    this.#seen = (await this.#guest.memory()) ?? this.#seen;
  }
}
