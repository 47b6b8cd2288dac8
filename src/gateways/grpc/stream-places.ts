/** How many of something each principal has open at once: what one holds, no other lacks. */
import type { EventEmitter } from "node:events";
import { limits, refuse, type Refusal } from "../../base/index.ts";
import { principalName, type Principal } from "../../kernel/index.ts";

export class StreamPlaces {
  readonly #what: string;
  readonly #open = new Map<string, number>();

  /** `what`: as a refusal names them. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Taken until the call is over. */
  take(principal: Principal, call: EventEmitter): Refusal | undefined {
    const key = principalName(principal);
    const wanted = (this.#open.get(key) ?? 0) + 1;
    const limit = limits.sideStreamsMax;
    if (wanted > limit) return refuse("QUOTA_EXCEEDED", { what: this.#what, limit, wanted });
    this.#open.set(key, wanted);
    call.once("cancelled", () => {
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left === 0) this.#open.delete(key);
      else this.#open.set(key, left);
    });
    return undefined;
  }
}
