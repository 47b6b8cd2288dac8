/**
 * The prelude: the script that each isolate evaluates before its tenant's code. It hardens the isolate, and leaves one
 * global for the cell, which takes it away again; the cell's powers are closed over and reachable by nothing else.
 */
import { CallError, SoloError } from "./errors.ts";
import { harden, takeCollector } from "./harden.ts";
import { makeConsole } from "./log.ts";
import type { Cell } from "./outbox.ts";
import { definePlatform } from "./platform.ts";
import { soon } from "./primordials.ts";
import { Process } from "./process.ts";
import { Refusal, Service } from "./service.ts";

/** What the cell holds on to. */
export interface Booted {
  readonly turn: (...given: readonly unknown[]) => number | string | null;
  /** Number of the mail being handled, asked after a turn was cut off. */
  readonly current: () => number;
  /** Makes the heap as small as it can be. */
  readonly tidy: () => void;
  /** Exports of the module `solo:service`. */
  readonly module: object;
  /** Told the exports of the tenant's module once its code ran. */
  readonly loaded: (exports: object) => void;
}

function boot(
  pushNow: Cell["pushNow"],
  pushLater: Cell["pushLater"],
  callNow: Cell["callNow"],
  ask: Cell["ask"],
): Booted {
  const process = new Process({ pushNow, pushLater, callNow, ask });
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  };
  define("console", makeConsole(process.log));
  define("setTimeout", (work: unknown, ms: unknown, ...args: readonly unknown[]) =>
    process.timers.set(false, work, ms, args),
  );
  define("setInterval", (work: unknown, ms: unknown, ...args: readonly unknown[]) =>
    process.timers.set(true, work, ms, args),
  );
  define("queueMicrotask", (work: unknown) => {
    if (typeof work !== "function") throw new TypeError("queueMicrotask needs a function");
    void soon(work as () => void);
  });
  define("clearTimeout", (id: unknown) => process.timers.clear(id));
  define("clearInterval", (id: unknown) => process.timers.clear(id));
  definePlatform(process.parts);
  return {
    turn: (...given) => process.mailbox.turn(given),
    current: () => process.mailbox.current,
    tidy,
    module: { Service, Refusal, SoloError, CallError },
    loaded: (exports) => process.loaded(exports),
  };
}

const tidy = takeCollector();
harden();
Object.defineProperty(globalThis, "solo", { value: boot, configurable: true });
