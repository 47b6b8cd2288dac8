/** Asks bench/peers/isolate.ts: the engine by itself, and a worker thread, in a process of their own. */
import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const entry = fileURLToPath(new URL("../peers/isolate.ts", import.meta.url));

export interface BareFigures {
  /** One isolate asks another, through the process, in microseconds. */
  readonly crossing: { readonly crossingUs: number };
  /** From a script to its first answer, in an isolate that waits and in one that is made for it, in milliseconds. */
  readonly start: { readonly waitingMs: number; readonly madeMs: number };
  /** What each idle one has, in megabytes. */
  readonly memory: { readonly isolateMb: number; readonly workerMb: number };
}

export async function bareIsolate<Mode extends keyof BareFigures>(
  mode: Mode,
  ...more: readonly number[]
): Promise<BareFigures[Mode]> {
  // As cells are started.
  const flags = ["--no-turboshaft-loop-unrolling", "--disable-warning=ExperimentalWarning"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, entry, mode, ...more.map(String)]);
  return JSON.parse(stdout) as BareFigures[Mode];
}
