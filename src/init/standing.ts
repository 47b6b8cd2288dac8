/**
 * Where a process stands among the others when the machine has too little for all of them, as far as the process table knows
 * it: who is served first (nice levels, where no control group weighs), and who is ended first when memory runs out
 * (`oom_score_adj`: cells of tenants first, then the builder, and all of them before init and the kernel).
 *
 * An ordinary user may push a process of its own back, and not pull it forward again. So cells begin where those of system
 * services stay, and are pushed back when they become those of a tenant's own services.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

export interface Standing {
  /** Nice levels behind init and the kernel; 0: groups say who is served. */
  readonly niceness: number;
  /** More than theirs. */
  readonly oomScore: number;
}

export type StandingName = "system" | "builder" | "user";

/** Six levels are a factor of four in processor time: what cells of system services weigh beside others in groups. */
const levels: Readonly<Record<StandingName, Standing>> = {
  system: { niceness: 1, oomScore: 300 },
  builder: { niceness: 7, oomScore: 400 },
  user: { niceness: 7, oomScore: 500 },
};

export const standingOf = (name: StandingName, { weighed }: { readonly weighed: boolean }): Standing =>
  weighed ? { ...levels[name], niceness: 0 } : levels[name];

const nicenessMax = 19;
const oomScoreMax = 1_000;
/** A thread has the level of the one that began it: after so many looks none is left that began meanwhile. */
const looksMax = 3;

/**
 * Puts one process, with all its threads, where it belongs. `again`: the system wants to be asked once more, later. What it
 * refuses altogether is left as it is: `note` is told, and the process stands where init does.
 */
export function stand(pid: number, { niceness, oomScore }: Standing, note: (text: string) => void): "done" | "again" {
  attempt("is not ended before others when memory runs out", note, () => raiseOomScore(pid, oomScore));
  if (niceness === 0) return "done";
  attempt("is served as soon as the kernel is", note, () => renice(pid, niceness));
  return reniceSession(pid, niceness);
}

function raiseOomScore(pid: number, by: number): void {
  const file = `/proc/${pid}/oom_score_adj`;
  const wanted = Math.min(oomScoreMax, Number(readFileSync("/proc/self/oom_score_adj", "latin1")) + by);
  if (Number(readFileSync(file, "latin1")) < wanted) writeFileSync(file, String(wanted));
}

function renice(pid: number, by: number): void {
  const wanted = Math.min(nicenessMax, getPriority() + by);
  for (let looks = 0; looks < looksMax; looks++) {
    const early = threadsOf(pid).filter((thread) => levelOf(thread) < wanted);
    if (early.length === 0) return;
    for (const thread of early) setPriority(thread, wanted);
  }
}

/**
 * Where Linux shares the processor out by sessions first (`sched_autogroup_enabled`), a level counts only inside of its
 * session, and the session has one of its own. It may be set ten times a second, by all of the machine's users together.
 */
function reniceSession(pid: number, by: number): "done" | "again" {
  const file = `/proc/${pid}/autogroup`;
  try {
    const now = Number(/nice (-?\d+)/.exec(readFileSync(file, "latin1"))?.[1] ?? by);
    if (now < by) writeFileSync(file, String(by));
    return "done";
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EAGAIN" ? "again" : "done";
  }
}

/** Where the system does not tell of threads, the process stands for them. */
function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [pid];
  }
}

/** One that has ended meanwhile is where it belongs. */
function levelOf(thread: number): number {
  try {
    return getPriority(thread);
  } catch {
    return nicenessMax;
  }
}

/** A process that has ended needs no standing, and a system without /proc gives it none. */
function attempt(without: string, note: (text: string) => void, act: () => void): void {
  try {
    act();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (code !== "ENOENT" && code !== "ESRCH") note(`it ${without}: the system refuses that (${code})\n`);
  }
}
