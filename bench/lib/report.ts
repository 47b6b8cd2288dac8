/** What a benchmark found: rows of figures, each beside its peer of the same run and its goal, if it has one. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Figures, machine } from "./measure.ts";
import { changedSettings } from "./settings.ts";

export interface Row {
  readonly what: string;
  readonly unit: "ms" | "µs" | "s" | "MB" | "KB" | "per s" | "ratio" | "%" | "services" | "cells" | "maps";
  readonly figures: Figures | { readonly value: number };
  /** The figure that a goal speaks of, e.g. `p50 ≤ 5`. */
  readonly goal?: string;
  /** Beside what it was measured, in the same run. */
  readonly peer?: { readonly what: string; readonly value: number };
}

export interface Benchmark {
  readonly name: string;
  /** One line: what is measured, and over which path. */
  readonly measures: string;
  readonly run: () => Promise<readonly Row[]>;
}

const results = fileURLToPath(new URL("../results/", import.meta.url));

const main = (row: Row): number => ("value" in row.figures ? row.figures.value : row.figures.p50);

export function print(benchmark: Benchmark, rows: readonly Row[]): void {
  const lines = rows.map((row) => {
    const told =
      "value" in row.figures
        ? `${row.figures.value} ${row.unit}`
        : `p50 ${row.figures.p50}  p90 ${row.figures.p90}  p99 ${row.figures.p99}  max ${row.figures.max} ${row.unit}`;
    const peer =
      row.peer === undefined
        ? ""
        : `   ${(main(row) / row.peer.value).toPrecision(2)}× ${row.peer.what} (${Number(row.peer.value.toPrecision(3))})`;
    const goal = row.goal === undefined ? "" : `   goal ${row.goal}`;
    return `  ${row.what.padEnd(56)} ${told}${peer}${goal}`;
  });
  process.stdout.write(`\n${benchmark.name}: ${benchmark.measures}\n${lines.join("\n")}\n`);
}

/** Kept beside the code, with the machine, for docs/performance.md; unless the run was smaller or larger than it is meant to be. */
export function keep(benchmark: Benchmark, rows: readonly Row[]): void {
  const changed = [...changedSettings()].map(([name, value]) => `${name}=${value}`);
  if (changed.length > 0) {
    process.stdout.write(`  not kept, because of ${changed.join(", ")}\n`);
    return;
  }
  mkdirSync(results, { recursive: true });
  const found = { benchmark: benchmark.name, measures: benchmark.measures, machine: machine(), rows };
  writeFileSync(`${results}${benchmark.name}.json`, `${JSON.stringify(found, null, 2)}\n`);
}
