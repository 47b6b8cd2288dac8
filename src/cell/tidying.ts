/**
 * Tidies guests that rest: what starting left in a heap, or the last hour's work, is given back to the machine, so that a
 * service which waits costs little. Done while the cell has nothing else to do, one guest at a time, in a pool thread.
 */
import type { Incarnation } from "./incarnation.ts";

interface Restless {
  /** Its turns when it was last looked at. */
  turns: number;
  /** Looks since its last turn. */
  looks: number;
}

const lookMs = 250;
/** Most of what starting leaves is there after the start; later there is less to gain, and compiled code to lose. */
const startRestLooks = 8;
const laterRestLooks = 120;
const tidiedPerLookMax = 10;

type Rester = Pick<Incarnation, "turnCount" | "tidy">;

export class Tidying {
  readonly #idle: () => boolean;
  readonly #restless = new Map<Rester, Restless>();
  readonly #tidied = new WeakSet<Rester>();
  #timer: NodeJS.Timeout | undefined;

  constructor(idle: () => boolean) {
    this.#idle = idle;
  }

  /** It had a turn. */
  stirred(guest: Rester): void {
    if (this.#restless.has(guest)) return;
    this.#restless.set(guest, { turns: guest.turnCount, looks: 0 });
    this.#lookSoon();
  }

  forget(guest: Rester): void {
    this.#restless.delete(guest);
  }

  #lookSoon(): void {
    if (this.#timer !== undefined || this.#restless.size === 0) return;
    this.#timer = setTimeout(() => void this.#look(), lookMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const rested: Rester[] = [];
    for (const [guest, seen] of this.#restless) {
      seen.looks = seen.turns === guest.turnCount ? seen.looks + 1 : 0;
      seen.turns = guest.turnCount;
      const wanted = this.#tidied.has(guest) ? laterRestLooks : startRestLooks;
      if (seen.looks >= wanted && rested.length < tidiedPerLookMax) rested.push(guest);
    }
    for (const guest of rested) {
      if (!this.#idle()) break;
      this.#restless.delete(guest);
      this.#tidied.add(guest);
      await guest.tidy();
    }
    this.#timer = undefined;
    this.#lookSoon();
  }
}
