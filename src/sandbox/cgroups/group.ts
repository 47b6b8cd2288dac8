/** One group of processes: a folder in each hierarchy, made with its limits, gone with its last process. */
import { readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourceLayer } from "../layers.ts";

export interface GroupPart {
  readonly version: 1 | 2;
  readonly folder: string;
  readonly controllers: readonly ResourceLayer[];
}

export interface GroupLimits {
  readonly memoryBytesMax: number;
  /** Processes and threads, together. */
  readonly tasksMax: number;
  /** 100 is one ordinary share. */
  readonly cpuWeight: number;
}

const removeEveryMs = 20;
const removeTriesMax = 100;

export class Group {
  readonly #parts: readonly GroupPart[];
  #memoryBytesMax = 0;

  constructor(parts: readonly GroupPart[], limits: GroupLimits) {
    this.#parts = parts;
    this.#each("pids", (part) => put(part, "pids.max", limits.tasksMax));
    this.#each("cpu", (part) => setWeight(part, limits.cpuWeight));
    this.limitMemory(limits.memoryBytesMax);
  }

  weigh(cpuWeight: number): void {
    this.#each("cpu", (part) => setWeight(part, cpuWeight));
  }

  /** Throws if the kernel refuses it: version 1 takes no limit below what is used and cannot be reclaimed. */
  limitMemory(bytesMax: number): void {
    this.#each("memory", (part) => {
      if (part.version === 2) {
        put(part, "memory.max", bytesMax);
        tryPut(part, "memory.swap.max", 0);
        // A jail's own processes are of no use without the program.
        tryPut(part, "memory.oom.group", 1);
        return;
      }
      // Memory and swap together may never be below memory alone, whichever way they move.
      tryPut(part, "memory.memsw.limit_in_bytes", bytesMax);
      put(part, "memory.limit_in_bytes", bytesMax);
      tryPut(part, "memory.memsw.limit_in_bytes", bytesMax);
    });
    this.#memoryBytesMax = bytesMax;
  }

  /** The kernel ends what takes more than its limit, the moment it does. */
  get limitsMemory(): boolean {
    return this.#parts.some(({ controllers }) => controllers.includes("memory"));
  }

  /** Writing "0" to each of them moves the writer into the group. */
  get doors(): readonly string[] {
    return this.#parts.map(({ folder }) => join(folder, "cgroup.procs"));
  }

  /** What it starts from now on is in the group as well. */
  admit(pid: number): void {
    for (const door of this.doors) writeFileSync(door, String(pid));
  }

  /** How many of its processes the kernel ended because the group had no memory left. */
  countMemoryKills(): number {
    let count = 0;
    this.#each("memory", (part) => {
      const text = read(part, part.version === 2 ? "memory.events" : "memory.oom_control");
      count += Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
    });
    return count;
  }

  /** The most memory that it ever had; a kernel that ended it and does not say (before 5.19) did so at the limit. */
  peakMemory(): number {
    let bytes = 0;
    this.#each("memory", (part) => {
      bytes = Number(read(part, part.version === 2 ? "memory.peak" : "memory.max_usage_in_bytes")) || 0;
    });
    return bytes || this.#memoryBytesMax;
  }

  /** Once its processes have ended; the kernel needs a moment to let go of them. */
  async remove(): Promise<void> {
    for (let tries = 0; tries < removeTriesMax && !this.#tryRemove(); tries++) {
      await new Promise((resolve) => setTimeout(resolve, removeEveryMs));
    }
  }

  #tryRemove(): boolean {
    return this.#parts.every(({ folder }) => tryRemoveFolder(folder));
  }

  #each(controller: ResourceLayer, act: (part: GroupPart) => void): void {
    for (const part of this.#parts) if (part.controllers.includes(controller)) act(part);
  }
}

/** Version 1 counts shares, 1024 to an ordinary one. */
export function setWeight(part: GroupPart, weight: number): void {
  if (part.version === 2) put(part, "cpu.weight", Math.min(10_000, Math.max(1, Math.round(weight))));
  else put(part, "cpu.shares", Math.max(2, Math.round((weight * 1_024) / 100)));
}

export function put({ folder }: GroupPart, file: string, value: number | string): void {
  writeFileSync(join(folder, file), String(value));
}

function tryPut(part: GroupPart, file: string, value: number): void {
  try {
    put(part, file, value);
  } catch {
    // A kernel that does not account for swap.
  }
}

function read({ folder }: GroupPart, file: string): string {
  try {
    return readFileSync(join(folder, file), "utf8");
  } catch {
    return "";
  }
}

/** True once it is not there. */
export function tryRemoveFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}
