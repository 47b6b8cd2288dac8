/** The calls that an incarnation made and waits for. It ends: nobody waits for them any more. */
import { limits } from "../base/index.ts";
import type { CallFailure, Slots } from "../wire/index.ts";
import { Call } from "./call.ts";
import type { SlotTable } from "./slots.ts";

const openMax = limits.callsInFlightMax;

const tooManyReferences: CallFailure = {
  code: "OVERLOADED",
  executed: "executed",
  message: "the result brings references, and the caller holds too many",
};

/** An answer for the guest's next turn, in the guest's own terms. */
export interface Brought {
  readonly call: number;
  readonly result: string | undefined;
  readonly failure: CallFailure | undefined;
  readonly slots: string | undefined;
}

export class Errands {
  readonly #slots: SlotTable;
  readonly #brought: (answer: Brought) => void;
  readonly #open = new Set<Call>();

  constructor(slots: SlotTable, brought: (answer: Brought) => void) {
    this.#slots = slots;
    this.#brought = brought;
  }

  #bring(call: number, result: string | undefined, failure: CallFailure | undefined, meant: Slots | undefined): void {
    if (meant === undefined) return this.#brought({ call, result, failure, slots: undefined });
    const slots = this.#slots.present(meant);
    this.#brought({ call, result, failure: slots === undefined ? tooManyReferences : failure, slots });
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
