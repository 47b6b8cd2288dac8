/** `this.log` and `console`: lines go to the cell, which limits their rate. */
import { limits } from "../base/index.ts";
import { fromGuest } from "../wire/index.ts";
import { formatLine } from "./inspect.ts";
import type { Outbox } from "./outbox.ts";

export interface Log {
  readonly error: (...values: readonly unknown[]) => void;
  readonly warn: (...values: readonly unknown[]) => void;
  readonly info: (...values: readonly unknown[]) => void;
  readonly debug: (...values: readonly unknown[]) => void;
}

const error = 0;
const warn = 1;
const info = 2;
const debug = 3;

/** A log that keeps lines of a level up to `least()`, a number of `guestLevels`. */
export function makeLog(outbox: Outbox, least: () => number): Log {
  const write = (level: number, values: readonly unknown[]): void => {
    if (level > least()) return;
    outbox.add2(fromGuest.log, level, formatLine(values, limits.logLineBytesMax));
  };
  return {
    error: (...values) => write(error, values),
    warn: (...values) => write(warn, values),
    info: (...values) => write(info, values),
    debug: (...values) => write(debug, values),
  };
}

/** The console that every JavaScript author expects, over the same lines. */
export function makeConsole(log: Log): Readonly<Record<string, (...values: readonly unknown[]) => void>> {
  return {
    log: log.info,
    info: log.info,
    warn: log.warn,
    error: log.error,
    debug: log.debug,
    trace: log.debug,
    assert: (holds, ...values) => {
      if (!holds) log.error("Assertion failed:", ...values);
    },
  };
}
