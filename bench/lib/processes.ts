/** Memory, memory maps and processor time of a Solo's processes, as Linux tells them. A process that has ended has none. */
import { readFileSync } from "node:fs";
import type { Solo } from "../../test/e2e/solo.ts";

const pageBytes = 4_096;

export type Process = { readonly pid: number; readonly role: ReturnType<Solo["processes"]>[number]["role"] | "init" };

export const processesOf = (solo: Solo): readonly Process[] => [
  { pid: solo.initPid, role: "init" },
  ...solo.processes(),
];

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** What it has in memory, shared or not. Cheap. */
export const residentBytes = (pid: number): number => Number(read(`/proc/${pid}/statm`).split(" ")[1] ?? 0) * pageBytes;

/** Its own memory, and its share of each page that others have too: of all processes, these can be added up. */
export const proportionalBytes = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1_024;

export const proportionalBytesOf = (solo: Solo): number =>
  processesOf(solo).reduce((sum, { pid }) => sum + proportionalBytes(pid), 0);

export const mapsOf = (pid: number): number => read(`/proc/${pid}/maps`).split("\n").length - 1;

/** What Linux allows a process; undefined where it does not say. */
export const mapsMax = (): number | undefined => {
  const most = Number(read("/proc/sys/vm/max_map_count"));
  return most > 0 ? most : undefined;
};

const millisecondsPerTick = 10;

/** Processor time that it has used, in steps of ten milliseconds. */
export function cpuMs(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return (user + system) * millisecondsPerTick;
}
