/** The machine: its clock and what the operating system allows a process. */
import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { plural, sayBytes } from "../output/say.ts";
import { type Finding, ok, warn } from "./finding.ts";

/** No clock that is right is behind this. */
const notBefore = Date.UTC(2026, 0, 1);
/** Connections, cells and files of a busy node. */
const openFilesMin = 4_096;
const memoryBytesMin = 1024 ** 3;

export function examineMachine(nowMs: number): readonly Finding[] {
  return [examineClock(nowMs), examineCapacity(), ...examineOpenFiles()];
}

function examineClock(nowMs: number): Finding {
  const says = new Date(nowMs).toISOString();
  return nowMs >= notBefore
    ? ok("clock", says)
    : warn("clock", `${says} is in the past`, "Set the clock: certificates are refused before their time.");
}

function examineCapacity(): Finding {
  const says = `${plural(availableParallelism(), "core")}, ${sayBytes(totalmem())} of memory`;
  return totalmem() >= memoryBytesMin
    ? ok("capacity", says)
    : warn("capacity", says, "Give the machine a gigabyte: one tenant alone may use half of it.");
}

function examineOpenFiles(): readonly Finding[] {
  if (process.platform !== "linux") return [];
  const soft = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  if (soft === undefined) return [];
  return soft === "unlimited" || Number(soft) >= openFilesMin
    ? [ok("open files", `up to ${soft}`)]
    : [warn("open files", `only up to ${soft}`, `Raise the limit before starting Solo: ulimit -n ${openFilesMin}.`)];
}
