/** Events without a tree: a target calls its own listeners, in order. */
import { platform } from "../platform.ts";
import { DOMException } from "./exception.ts";

let dispatch: (event: Event, target: EventTarget, listeners: readonly Listener[]) => boolean;

interface EventOptions {
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
  readonly composed?: boolean;
}

export class Event {
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly timeStamp = Date.now();
  readonly isTrusted = false;
  target: EventTarget | null = null;
  currentTarget: EventTarget | null = null;
  eventPhase = 0;
  #prevented = false;
  #passive = false;
  #stopped: "no" | "after" | "now" = "no";

  constructor(type: string, options?: EventOptions | null) {
    if (arguments.length === 0) throw new TypeError("an Event needs a type");
    this.type = String(type);
    this.bubbles = Boolean(options?.bubbles);
    this.cancelable = Boolean(options?.cancelable);
    this.composed = Boolean(options?.composed);
  }

  get defaultPrevented(): boolean {
    return this.#prevented;
  }
  preventDefault(): void {
    if (this.cancelable && !this.#passive) this.#prevented = true;
  }
  get returnValue(): boolean {
    return !this.#prevented;
  }
  get cancelBubble(): boolean {
    return this.#stopped !== "no";
  }
  stopPropagation(): void {
    if (this.#stopped === "no") this.#stopped = "after";
  }
  stopImmediatePropagation(): void {
    this.#stopped = "now";
  }
  composedPath(): EventTarget[] {
    return this.currentTarget === null ? [] : [this.currentTarget];
  }

  /** Calls the listeners; what one of them throws reaches nobody but the log. */
  static {
    dispatch = (event, target, listeners) => {
      if (event.eventPhase !== 0) throw new DOMException("the event is on its way already", "InvalidStateError");
      event.target = target;
      event.currentTarget = target;
      event.eventPhase = 2;
      for (const listener of listeners) {
        if (event.#stopped === "now") break;
        if (listener.removed) continue;
        if (listener.once) listener.remove();
        event.#passive = listener.passive;
        try {
          if (typeof listener.work === "function") listener.work.call(target, event);
          else listener.work.handleEvent(event);
        } catch (error) {
          platform.console.error("an event's listener threw:", error);
        }
      }
      event.#passive = false;
      event.#stopped = "no";
      event.currentTarget = null;
      event.eventPhase = 0;
      return !event.#prevented;
    };
  }
}

const phases = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 };
for (const [name, value] of Object.entries(phases)) {
  Object.defineProperty(Event, name, { value, enumerable: true });
  Object.defineProperty(Event.prototype, name, { value, enumerable: true });
}

export class CustomEvent extends Event {
  readonly detail: unknown;
  constructor(type: string, options?: (EventOptions & { readonly detail?: unknown }) | null) {
    super(type, options);
    this.detail = options?.detail ?? null;
  }
}

type Work = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

interface Listener {
  readonly type: string;
  readonly work: Work;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  removed: boolean;
  readonly remove: () => void;
}

type Options =
  | boolean
  | { capture?: boolean; once?: boolean; passive?: boolean; signal?: EventTarget & { aborted: boolean } };

const captures = (options: Options | undefined): boolean =>
  typeof options === "object" ? Boolean(options?.capture) : Boolean(options);

export class EventTarget {
  #listeners: Listener[] = [];

  addEventListener(type: string, work: Work | null | undefined, options?: Options): void {
    if (work === null || work === undefined) return;
    if (typeof work !== "function" && typeof work !== "object")
      throw new TypeError("a listener is a function or an object");
    const capture = captures(options);
    const { once = false, passive = false, signal } = typeof options === "object" ? options : {};
    if (signal?.aborted === true || this.#find(String(type), work, capture) !== undefined) return;
    const listener: Listener = {
      type: String(type),
      work,
      capture,
      once,
      passive,
      removed: false,
      remove: () => {
        listener.removed = true;
        this.#listeners = this.#listeners.filter((one) => one !== listener);
      },
    };
    this.#listeners.push(listener);
    signal?.addEventListener("abort", listener.remove, { once: true });
  }

  removeEventListener(type: string, work: Work | null | undefined, options?: Options): void {
    if (work === null || work === undefined) return;
    this.#find(String(type), work, captures(options))?.remove();
  }

  #find(type: string, work: Work, capture: boolean): Listener | undefined {
    return this.#listeners.find((one) => one.type === type && one.work === work && one.capture === capture);
  }

  dispatchEvent(event: Event): boolean {
    if (!(event instanceof Event)) throw new TypeError("dispatchEvent takes an Event");
    return dispatch(
      event,
      this,
      this.#listeners.filter(({ type }) => type === event.type),
    );
  }
}
