/** What a jail costs: where a cell is started, and where a tenant deploys into one that is started already. */
import type { Benchmark } from "./lib/report.ts";
import { deployRows } from "./sandbox/deploys.ts";
import { startRows } from "./sandbox/starts.ts";

export const sandbox: Benchmark = {
  name: "sandbox",
  measures: "one cell process, started as init starts it, and a Solo's deployments, in each kind of jail, in turns",
  run: async () => [...(await startRows()), ...(await deployRows())],
};
