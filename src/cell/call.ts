/** One call on its way: whoever answers first, settles it; what comes later is ignored. */
import type { CallFailure, Executed, Slots } from "../wire/index.ts";
import { cleanText } from "./words.ts";

/** `slots`: what the result's references mean. */
export type Settled = (result: string | undefined, failure: CallFailure | undefined, slots?: Slots) => void;

export class Call {
  readonly #settled: Settled;
  #timer: NodeJS.Timeout | undefined;
  #open = true;
  #given = false;

  /** `settled` is called exactly once, never from within the constructor. */
  constructor(settled: Settled) {
    this.#settled = settled;
  }

  get open(): boolean {
    return this.#open;
  }

  /** It left our hands: from now on it may have been executed. A call that was not given and is not open, must not be. */
  give(): void {
    this.#given = true;
  }

  /** Answers with CALL_TIMEOUT if nothing else does in time. */
  expire(timeoutMs: number): void {
    if (!this.#open) return;
    this.#timer = setTimeout(() => {
      const executed = this.#given ? "unknown" : "not_executed";
      this.fail("CALL_TIMEOUT", executed, `${timeoutMs}`);
    }, timeoutMs);
  }

  succeed(result: string | undefined, slots?: Slots): void {
    if (this.#close()) this.#settled(result, undefined, slots);
  }

  /** `message` is what the refusal of that code leaves open: a reason, a limit, a size. */
  fail(code: CallFailure["code"], executed: Executed, message: string, error?: CallFailure["error"]): void {
    if (!this.#close()) return;
    const text = cleanText(message, 2_000);
    this.#settled(
      undefined,
      error === undefined ? { code, executed, message: text } : { code, executed, message: text, error },
    );
  }

  #close(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    return true;
  }
}
