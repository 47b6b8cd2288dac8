/** The cell alone, over its socket: the engine without gRPC, kernel and log. */
import { benchCell } from "./cell.ts";
import type { Benchmark, Row } from "./lib/report.ts";

const units: Readonly<Record<string, Row["unit"]>> = { us: "µs", ms: "ms", MB: "MB" };

export const cell: Benchmark = {
  name: "cell",
  measures: "one cell process over its socket: no gRPC, no kernel, no log",
  run: async () =>
    (await benchCell()).map(({ what, value, unit, goal }): Row => ({
      what,
      unit: units[unit] ?? "ratio",
      figures: { value: Number(value.toPrecision(3)) },
      ...(goal === undefined ? {} : { goal: `≤ ${goal}` }),
    })),
};
