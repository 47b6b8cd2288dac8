/**
 * Memory and CPU time of a process, through descriptors of /proc that are kept open: 2 µs for memory, 7 for CPU, and they
 * never come to speak of another process that got the same number.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";

export interface Usage {
  readonly rssBytes: number;
  /** User and system time of all threads since the process began. */
  readonly cpuMs: number;
}

export interface Machine {
  readonly pageBytes: number;
  readonly ticksPerSecond: number;
}

const buffer = Buffer.alloc(1_024);

export class ProcessMeter implements Disposable {
  readonly #machine: Machine;
  readonly #statm: number;
  readonly #stat: number;

  private constructor(machine: Machine, statm: number, stat: number) {
    this.#machine = machine;
    this.#statm = statm;
    this.#stat = stat;
  }

  /** Undefined: the process is gone, or this system has no /proc. */
  static open(machine: Machine, pid: number): ProcessMeter | undefined {
    const statm = tryOpen(`/proc/${pid}/statm`);
    if (statm === undefined) return undefined;
    const stat = tryOpen(`/proc/${pid}/stat`);
    if (stat === undefined) {
      closeSync(statm);
      return undefined;
    }
    return new ProcessMeter(machine, statm, stat);
  }

  /** 0 once the process has ended. */
  readRss(): number {
    const pages = Number(readText(this.#statm).split(" ")[1]);
    return Number.isSafeInteger(pages) ? pages * this.#machine.pageBytes : 0;
  }

  /** The name, in parentheses, may hold anything: fields are counted from the last closing one. */
  readCpuMs(): number {
    const text = readText(this.#stat);
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isSafeInteger(ticks) ? Math.round((ticks * 1_000) / this.#machine.ticksPerSecond) : 0;
  }

  read(): Usage {
    return { rssBytes: this.readRss(), cpuMs: this.readCpuMs() };
  }

  [Symbol.dispose](): void {
    closeSync(this.#statm);
    closeSync(this.#stat);
  }
}

/** Resident memory of a process that is looked at only now and then; 0 if it is gone. */
export function readRssOf({ pageBytes }: Machine, pid: number | undefined): number {
  if (pid === undefined) return 0;
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) || 0) * pageBytes;
  } catch {
    return 0;
  }
}

/** The descriptors that this process has open, and how many it may have; undefined where the system does not tell. */
export function readDescriptors(): { readonly open: number; readonly max: number } | undefined {
  try {
    const max = Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1]);
    return max > 0 ? { open: readdirSync("/proc/self/fd").length, max } : undefined;
  } catch {
    return undefined;
  }
}

/** The first child of a process, if it has one. */
export function findChild(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const [first = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ");
    return first === "" ? undefined : Number(first);
  } catch {
    // It has ended, or this kernel does not tell.
    return undefined;
  }
}

function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}

function readText(fd: number): string {
  try {
    return buffer.toString("latin1", 0, readSync(fd, buffer, 0, buffer.length, 0));
  } catch {
    // ESRCH: the process has ended and was not yet collected.
    return "";
  }
}
