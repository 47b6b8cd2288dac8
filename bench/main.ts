/**
 * npm run bench [-- NAME …]: runs the benchmarks, prints the machine and a table, keeps JSON under bench/results. Figures are
 * ratios to a peer measured in the same run wherever there is one; nothing here passes or fails.
 * With --json it prints what each found as a line, for programs, and keeps nothing.
 */
import process from "node:process";
import { call } from "./call.ts";
import { cell } from "./cell.ts";
import { deploy } from "./deploy.ts";
import { log } from "./log.ts";
import { machine } from "./lib/measure.ts";
import { type Benchmark, keep, print } from "./lib/report.ts";
import { memory } from "./memory.ts";
import { neighbours } from "./neighbours.ts";
import { recovery } from "./recovery.ts";
import { sandbox } from "./sandbox.ts";
import { scale } from "./scale.ts";
import { slope } from "./slope.ts";

const benchmarks: readonly Benchmark[] = [deploy, call, cell, log, memory, recovery, scale, slope, neighbours, sandbox];

const names = process.argv.slice(2).filter((argument) => argument !== "--json");
const forPrograms = process.argv.includes("--json");
const unknown = names.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no benchmark ${unknown.join(", ")}; there are ${benchmarks.map(({ name }) => name).join(", ")}\n`,
  );
  process.exit(2);
}
if (!forPrograms) process.stdout.write(`${JSON.stringify(machine())}\n`);
for (const benchmark of benchmarks) {
  if (names.length > 0 && !names.includes(benchmark.name)) continue;
  const rows = await benchmark.run();
  if (forPrograms) process.stdout.write(`${JSON.stringify({ benchmark: benchmark.name, rows })}\n`);
  else {
    print(benchmark, rows);
    keep(benchmark, rows);
  }
}
