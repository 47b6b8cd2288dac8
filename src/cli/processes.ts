/** The processes that init parents, as the operating system knows them (Linux; elsewhere none are listed). */
import { readdirSync, readFileSync } from "node:fs";

export interface SoloProcess {
  readonly role: "kernel" | "builder" | "cell" | "other";
  readonly pid: number;
  readonly rssBytes: number;
}

export function listProcesses(init: number): readonly SoloProcess[] {
  const pids = readNames("/proc").filter((name) => /^[0-9]+$/.test(name));
  return pids.flatMap((pid) => {
    const status = read(`/proc/${pid}/status`);
    if (/^PPid:\t([0-9]+)$/m.exec(status)?.[1] !== String(init)) return [];
    const rssKb = Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(status)?.[1] ?? 0);
    return [{ role: roleOf(read(`/proc/${pid}/cmdline`)), pid: Number(pid), rssBytes: rssKb * 1024 }];
  });
}

const roles = { daemon: "kernel", builder: "builder", cell: "cell" } as const;

/** By the program that it runs: `…/daemon/main.ts`, `…/cell.js`, … */
function roleOf(commandLine: string): SoloProcess["role"] {
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
