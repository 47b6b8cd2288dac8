/** The event log beside raw node:sqlite, fresh and grown large: each in a process of its own, since they fill caches. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Benchmark, Row } from "./lib/report.ts";
import { setting } from "./lib/settings.ts";

const full = 1_000_000;
const events = setting("SOLO_BENCH_EVENTS", full);

async function rowsOf(program: string, ...args: readonly string[]): Promise<readonly Row[]> {
  const path = fileURLToPath(new URL(`log/${program}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path, ...args], { maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as readonly Row[];
}

export const log: Benchmark = {
  name: "log",
  measures:
    "the log (WAL, synchronous=FULL, hash chain, indexes) beside raw node:sqlite on the same disk; and a Solo over it",
  run: async () => [
    ...(await rowsOf("small.ts", `${Math.min(1, events / full)}`)),
    ...(await rowsOf("large.ts", `${events}`)),
  ],
};
