/** The processes that init parents, as the operating system knows them (Linux; elsewhere none are listed). */
import { readdirSync, readFileSync } from "node:fs";

export interface SoloProcess {
  readonly role: "kernel" | "heir" | "builder" | "cell" | "other";
  readonly pid: number;
  readonly rssBytes: number;
}

export function listProcesses(init: number): readonly SoloProcess[] {
  const pids = readNames("/proc").filter((name) => /^[0-9]+$/.test(name));
  const all = pids.flatMap((name): readonly Known[] => {
    const status = read(`/proc/${name}/status`);
    const parent = Number(/^PPid:\t([0-9]+)$/m.exec(status)?.[1] ?? 0);
    const rssKb = Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(status)?.[1] ?? 0);
    return parent === 0 ? [] : [{ pid: Number(name), parent, rssBytes: rssKb * 1024 }];
  });
  // A jail has processes of its own around the program: together they are one of init's.
  const total = ({ pid, rssBytes }: Known): number =>
    all.reduce((sum, other) => (other.parent === pid ? sum + total(other) : sum), rssBytes);
  return all
    .filter(({ parent }) => parent === init)
    .map((one) => ({ role: roleOf(read(`/proc/${one.pid}/cmdline`)), pid: one.pid, rssBytes: total(one) }));
}

interface Known {
  readonly pid: number;
  readonly parent: number;
  readonly rssBytes: number;
}

const roles = { daemon: "kernel", builder: "builder", cell: "cell" } as const;

/** By its title, or the program that it runs: `…/daemon/main.ts`, `…/cell.js`, … */
function roleOf(commandLine: string): SoloProcess["role"] {
  if (commandLine.startsWith("solo: kernel")) return "kernel";
  if (commandLine.includes("\0--heir")) return "heir";
  const program = /\/(daemon|builder|cell)(?:\/main)?\.[cm]?[jt]s\b/.exec(commandLine)?.[1];
  return program === undefined ? "other" : roles[program as keyof typeof roles];
}

function readNames(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

/** Empty if the process has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
