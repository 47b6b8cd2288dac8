/** AbortController and AbortSignal. */
import { Event, EventTarget } from "./events.ts";
import { platform } from "../platform.ts";
import { DOMException } from "./exception.ts";

type Handler = (event: Event) => unknown;

const permission = Symbol("only a controller makes a signal");
let abort: (signal: AbortSignal, reason: unknown) => void;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  #onabort: Handler | null = null;
  /** Called where the first handler was set, whichever it is by then. */
  readonly #handle: Handler = (event) => this.#onabort?.call(this, event);

  constructor(by: unknown) {
    super();
    if (by !== permission) throw new TypeError("an AbortSignal is made by an AbortController");
  }

  static {
    abort = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
      signal.dispatchEvent(new Event("abort"));
    };
  }

  get onabort(): Handler | null {
    return this.#onabort;
  }
  set onabort(handler: unknown) {
    this.#onabort = typeof handler === "function" ? (handler as Handler) : null;
    if (this.#onabort === null) this.removeEventListener("abort", this.#handle);
    else this.addEventListener("abort", this.#handle);
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
    const delay = Number(ms);
    if (!(delay >= 0 && delay <= Number.MAX_SAFE_INTEGER)) throw new TypeError("a timeout is a number of milliseconds");
    const signal = new AbortSignal(permission);
    platform.setTimeout(() => abort(signal, new DOMException("The operation timed out", "TimeoutError")), delay);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const made = new AbortSignal(permission);
    const list = [...signals];
    if (list.some((one) => !(one instanceof AbortSignal))) throw new TypeError("any takes signals");
    for (const signal of list) {
      if (signal.aborted) {
        abort(made, signal.reason);
        return made;
      }
    }
    for (const signal of list) signal.addEventListener("abort", () => abort(made, signal.reason), { once: true });
    return made;
  }
}

export class AbortController {
  readonly signal = new AbortSignal(permission);
  abort(reason?: unknown): void {
    abort(this.signal, reason);
  }
}
