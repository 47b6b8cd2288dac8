/** `this.log` and `console`: lines go to the cell, which limits their rate. */
import { limits } from "../base/index.ts";
import { fromGuest } from "../wire/index.ts";
import { boundedText } from "./errors.ts";
import { formatLine } from "./inspect.ts";
import type { Outbox } from "./outbox.ts";
import { makeTable, now } from "./primordials.ts";

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

type Say = (...values: readonly unknown[]) => void;

/** Labels that `count` and `time` remember. */
const labelsMax = 1_000;

/** The console that every JavaScript author expects, over the same lines. */
export function makeConsole(log: Log): Readonly<Record<string, Say>> {
  const counts = makeTable<number>();
  const times = makeTable<number>();
  let labels = 0;
  const labelOf = (value: unknown): string => boundedText(value ?? "default", 128, "default");
  const keep = (table: Record<string, number>, label: string, value: number): void => {
    if (table[label] === undefined) {
      if (labels >= labelsMax) return;
      labels++;
    }
    table[label] = value;
  };
  const sayTime = (label: string, values: readonly unknown[]): void => {
    const from = times[label];
    if (from === undefined) log.warn(`there is no timer ${label}`);
    else log.info(`${label}: ${now() - from} ms`, ...values);
  };
  return {
    log: log.info,
    info: log.info,
    warn: log.warn,
    error: log.error,
    debug: log.debug,
    trace: log.debug,
    dir: (value) => log.info(value),
    table: (rows) => log.info(rows),
    group: log.info,
    groupCollapsed: log.info,
    groupEnd: () => undefined,
    assert: (holds, ...values) => {
      if (!holds) log.error("Assertion failed:", ...values);
    },
    count: (given) => {
      const label = labelOf(given);
      keep(counts, label, (counts[label] ?? 0) + 1);
      log.info(`${label}: ${counts[label] ?? "?"}`);
    },
    countReset: (given) => {
      counts[labelOf(given)] = 0;
    },
    time: (given) => keep(times, labelOf(given), now()),
    timeLog: (given, ...values) => sayTime(labelOf(given), values),
    timeEnd: (given) => {
      const label = labelOf(given);
      sayTime(label, []);
      if (times[label] === undefined) return;
      delete times[label];
      labels--;
    },
  };
}
