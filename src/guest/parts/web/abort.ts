/** AbortController and AbortSignal. */
import { Event, EventTarget } from "./events.ts";
import { platform } from "../platform.ts";
import { DOMException } from "./exception.ts";

const permission = Symbol("only a controller makes a signal");
let abort: (signal: AbortSignal, reason: unknown) => void;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  onabort: ((event: Event) => unknown) | null = null;

  constructor(by: unknown) {
    super();
    if (by !== permission) throw new TypeError("an AbortSignal is made by an AbortController");
  }

  static {
    abort = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
      const event = new Event("abort");
      if (typeof signal.onabort === "function") signal.addEventListener("abort", signal.onabort, { once: true });
      signal.dispatchEvent(event);
    };
  }

  get aborted(): boolean {
    return this.#aborted;
  }
  get reason(): unknown {
    return this.#reason;
  }
  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(permission);
    abort(signal, reason);
    return signal;
  }

  static timeout(ms: number): AbortSignal {
    const signal = new AbortSignal(permission);
    platform.setTimeout(() => abort(signal, new DOMException("The operation timed out", "TimeoutError")), ms);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const made = new AbortSignal(permission);
    for (const signal of signals) {
      if (signal.aborted) {
        abort(made, signal.reason);
        return made;
      }
    }
    for (const signal of signals) signal.addEventListener("abort", () => abort(made, signal.reason), { once: true });
    return made;
  }
}

export class AbortController {
  readonly signal = new AbortSignal(permission);
  abort(reason?: unknown): void {
    abort(this.signal, reason);
  }
}
