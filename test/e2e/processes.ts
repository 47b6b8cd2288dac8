/** Processes, as the system knows them: who descends from whom, what they run, what they hold. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";

/** Whoever descends from a process and is no zombie. */
export function descendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields[0] !== "Z") parents.set(pid, Number(fields[1]));
    } catch {
      // It ended while the list was read.
    }
  }
  const found: number[] = [];
  for (const pid of parents.keys()) {
    for (let at = parents.get(pid); at !== undefined && at > 1; at = parents.get(at)) {
      if (at !== root) continue;
      found.push(pid);
      break;
    }
  }
  return found;
}

/** By its program. A jail around a builder or a cell is a process too, which ends with it; and so is the shell that becomes one. */
export function roleOf(pid: number): Role {
  let command = "";
  try {
    command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "other";
  }
  if (/^[^\0]*(bwrap|\/sh)\0/.test(command)) return "jail";
  if (command.includes("cell.cjs")) return "cell";
  if (command.startsWith("solo: kernel")) return "kernel";
  if (command.includes("\0--heir")) return "heir";
  const program = /\/(daemon|builder)\/main\.[cm]?[jt]s/.exec(command)?.[1];
  return program === "daemon" ? "kernel" : program === "builder" ? "builder" : "other";
}

export type Role = "kernel" | "heir" | "builder" | "cell" | "jail" | "other";

/** Processes that work in a data directory, whoever their parent is by now. Jailed ones work elsewhere. */
export function processesIn(dataDir: string): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        return Number.isInteger(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(dataDir);
      } catch {
        // It ended, or is another user's.
        return false;
      }
    });
}

/** What a process has open. */
export function filesOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

/** Kills with -9 whatever of these is still alive. */
export function kill9(...pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
}

/** Is there a process of this id that is not a zombie? */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}
