/** The small things of the web platform: text and base64, events and abortion, cloning, a clock. */
import { TextEncoder } from "@exodus/bytes/encoding-lite.js";
import type { Kit } from "../parts.ts";
import { withNames } from "./platform.ts";
import { AbortController, AbortSignal } from "./web/abort.ts";
import { atob, btoa } from "./web/base64.ts";
import { makeStructuredClone } from "./web/clone.ts";
import { TextDecoder } from "./web/decoder.ts";
import { CustomEvent, Event, EventTarget } from "./web/events.ts";
import { DOMException } from "./web/exception.ts";

/** Milliseconds that only grow; no finer than the language's own clock. */
class Performance {
  readonly timeOrigin = Date.now();
  #last = 0;
  get [Symbol.toStringTag](): string {
    return "Performance";
  }
  now(): number {
    this.#last = Math.max(this.#last, Date.now() - this.timeOrigin);
    return this.#last;
  }
}

export const make = (kit: Kit): object =>
  withNames({
    TextEncoder,
    TextDecoder,
    Event,
    CustomEvent,
    EventTarget,
    AbortController,
    AbortSignal,
    DOMException,
    atob,
    btoa,
    structuredClone: makeStructuredClone(kit.isHandle),
    performance: new Performance(),
  });
