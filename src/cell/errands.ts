/** The calls that an incarnation made and waits for. It ends: nobody waits for them any more. */
import { limits } from "../base/index.ts";
import type { CallFailure } from "../wire/index.ts";
import { Call } from "./call.ts";
import type { Designated } from "./slots.ts";

const openMax = limits.callsInFlightMax;

/** Brings an answer to the guest in its next turn. */
export type Bring = (
  call: number,
  result: string | undefined,
  failure: CallFailure | undefined,
  slots: readonly Designated[] | undefined,
) => void;

export class Errands {
  readonly #bring: Bring;
  readonly #open = new Set<Call>();

  constructor(bring: Bring) {
    this.#bring = bring;
  }

  /** A call whose answer is brought. */
  make(number: number): Call {
    const call: Call = new Call((result, failure, slots) => {
      this.#open.delete(call);
      this.#bring(number, result, failure, slots);
    });
    this.#add(call);
    return call;
  }

  /** Runs `ask` on a call: its result if it came at once (null for undefined); false if its answer will be brought. */
  makeNow(number: number, ask: (call: Call) => void): string | null | false {
    let result: string | null | false = false;
    let asking = true;
    const call: Call = new Call((text, failure, slots) => {
      this.#open.delete(call);
      if (asking && failure === undefined && slots === undefined) result = text ?? null;
      else this.#bring(number, text, failure, slots);
    });
    this.#add(call);
    if (call.open) ask(call);
    asking = false;
    return result;
  }

  /** The prelude keeps the same limit; it shares its isolate with a tenant. */
  #add(call: Call): void {
    this.#open.add(call);
    if (this.#open.size > openMax) call.fail("OVERLOADED", "not_executed", `${openMax}`);
  }

  /** Whoever still works on one of them, answers nobody. */
  abandon(): void {
    for (const call of this.#open) call.fail("CALL_LOST", "unknown", "the caller ended");
    this.#open.clear();
  }
}
