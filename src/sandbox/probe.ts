/**
 * Finds out what a jail holds by trying: a canary starts in it as a cell does and attempts what a cell must not be able to
 * do. What it could do is a missing layer, whatever the versions of things promise.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import process from "node:process";
import type { Duplex, Readable } from "node:stream";
import { amount, flag, isMisfit, listOf, type Of, optional, record, text, whole } from "../base/index.ts";
import type { Jail, Prepared } from "./jail.ts";
import { type JailLayer, jailLayers, type Layer } from "./layers.ts";
import { type Arch, syscalls } from "./seccomp/index.ts";
import { hasOwnUsers, userOf } from "./users.ts";

/** Its name in the folder of a jailed program. */
export const canaryFile = "canary.mjs";

const findingShape = record({
  stage: optional(text(10)),
  what: optional(text(100)),
  result: optional(amount),
  errno: optional(amount),
  user: optional(whole(0)),
  capabilities: optional(text(10)),
  locked: optional(flag),
  done: optional(flag),
  launched: optional(listOf(record({ step: text(40), done: flag }), 20)),
});
type Finding = Of<typeof findingShape>;

const EPERM = 1;
const ENOSYS = 38;
const readOnly = 0;
const readWrite = 2;
const atWorkingDirectory = -100;
const number = 0xffff;
const probeMsMax = 10_000;
const saidLengthMax = 100_000;

type Attempt = {
  readonly what: string;
  readonly layer: JailLayer;
  readonly number: number;
  readonly args: readonly (number | string)[];
};

/** Each must fail. Those of layer `system-calls` must fail because they are refused, not because of their arguments. */
function attemptsOn(arch: Arch): {
  readonly before: readonly Attempt[];
  readonly after: readonly Attempt[];
  readonly last: Attempt;
} {
  const attempt = (
    layer: JailLayer,
    what: string,
    name: string,
    ...args: readonly (number | string)[]
  ): readonly Attempt[] => {
    const found = syscalls[arch].get(name);
    return found === undefined ? [] : [{ layer, what, number: found, args }];
  };
  const open = (layer: JailLayer, path: string, mode: number): readonly Attempt[] =>
    attempt(layer, `open ${path}`, "openat", atWorkingDirectory, path, mode);
  const refused = (name: string, ...args: readonly number[]): readonly Attempt[] =>
    attempt("system-calls", name, name, ...args);
  const sockets = (layer: JailLayer): readonly Attempt[] =>
    [1, 2, 10, 16].flatMap((family) => attempt(layer, `socket of family ${family}`, "socket", family, 1, 0));
  return {
    before: [
      ...["/etc/passwd", "/proc/self/environ", "/proc/1/status", "/dev/sda", "/usr/bin", "/tmp"].flatMap((path) =>
        open("files", path, readOnly),
      ),
      ...open("files", canaryFile, readWrite),
      ...attempt("files", "make a folder", "mkdirat", atWorkingDirectory, "made", 0o700),
      ...sockets("network"),
      // SIGHAND without VM: no kernel makes such a process, but only a filter says EPERM.
      ...attempt("processes", "clone", "clone", 0x800, 0, 0, 0, 0),
      ...attempt("processes", "signal the first process", "kill", 1, 0),
      ...attempt("processes", "signal the parent", "kill", process.pid, 0),
      ...refused("ptrace", 0x4200, process.pid, 0, 0),
      ...[
        "mount",
        "umount2",
        "unshare",
        "setns",
        "bpf",
        "perf_event_open",
        "keyctl",
        "userfaultfd",
        "process_vm_readv",
      ].flatMap((name) => refused(name)),
      ...["io_uring_setup", "memfd_create", "pidfd_open", "init_module", "reboot", "setuid"].flatMap((name) =>
        refused(name),
      ),
    ],
    after: [
      ...open("lock", ".", readOnly),
      ...open("lock", canaryFile, readOnly),
      ...attempt("lock", "execute", "execve", "/bin/node", 0, 0),
      ...sockets("lock"),
      ...attempt("lock", "a further filter", "seccomp", 1, 0, 0),
    ],
    last: { layer: "lock", what: "ptrace", number: syscalls[arch].get("ptrace") ?? 0, args: [0x4200, 0, 0, 0] },
  };
}

export interface Probed {
  readonly layers: readonly Layer[];
  readonly tookMs: number;
}

/** What the jail holds, or why no program can be started in it. */
export async function probe(
  jail: Jail,
  arch: Arch,
  at: { readonly lockFile: string; readonly pidPlaceholder: number },
): Promise<Probed | string> {
  const startedAt = performance.now();
  const attempts = attemptsOn(arch);
  const order = {
    lock: `./${at.lockFile}`,
    pidPlaceholder: at.pidPlaceholder,
    seccomp: syscalls[arch].get("seccomp"),
    capget: syscalls[arch].get("capget"),
    ...attempts,
  };
  const command = (folder: string): readonly string[] => [
    "--no-warnings",
    `${folder}/${canaryFile}`,
    JSON.stringify(order),
  ];
  let run: Run;
  try {
    using start = jail.prepare(command, { number, cgroups: [], report: true });
    run = await runCanary(start);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const findings = parse(run.stdout);
  if (!findings.some(({ done }) => done === true)) {
    const lastLine = run.stderr.trim().split("\n").at(-1) ?? "";
    return `a program did not get through it (${run.end})${lastLine === "" ? "" : `: ${lastLine.slice(0, 300)}`}`;
  }
  return { layers: judge(attempts, findings, run.end), tookMs: performance.now() - startedAt };
}

interface Run {
  readonly stdout: string;
  readonly stderr: string;
  /** Name of the signal, or the exit code in words. */
  readonly end: string;
}

async function runCanary(start: Prepared): Promise<Run> {
  const { file, args, env, user, descriptors } = start;
  const child = spawn(file, args, {
    env,
    ...(user === undefined ? {} : { uid: user, gid: user }),
    // The places of a cell's socket, heartbeat and shared memory.
    stdio: ["ignore", "pipe", "pipe", "ignore", "pipe", "ignore", ...descriptors],
    detached: true,
    timeout: probeMsMax,
    killSignal: "SIGKILL",
  });
  const said = { stdout: "", stderr: "" };
  const hear = (which: keyof typeof said, stream: Readable | null): void => {
    stream
      ?.setEncoding("utf8")
      .on("data", (chunk: string) => (said[which] = (said[which] + chunk).slice(0, saidLengthMax)));
  };
  hear("stdout", child.stdout);
  hear("stderr", child.stderr);
  const gate = child.stdio[4] as Duplex | null;
  gate?.on("error", () => undefined).resume();
  if (start.gated) gate?.write("\n");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ ...said, end: sayEnd(code, signal) }));
  });
}

/** A shell's or bubblewrap's way to say that what it started was ended by a signal. */
const signalBase = 128;
const sayEnd = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal ?? (code === signalBase + constants.signals.SIGSYS ? "SIGSYS" : `status ${code ?? 255}`);

function parse(stdout: string): readonly Finding[] {
  return stdout.split("\n").flatMap((line) => {
    try {
      const finding = findingShape(JSON.parse(line));
      return isMisfit(finding) ? [] : [finding];
    } catch {
      return [];
    }
  });
}

function judge(attempts: ReturnType<typeof attemptsOn>, findings: readonly Finding[], end: string): readonly Layer[] {
  const broken = new Map<JailLayer, string>();
  const miss = (layer: JailLayer, why: string): void => void (broken.has(layer) || broken.set(layer, why));
  const check = (stage: "boot" | "lock", { layer, what }: Attempt): void => {
    const found = findings.find((finding) => finding.stage === stage && finding.what === what);
    if (found?.result === undefined) return miss(layer, `${what} was not tried`);
    if (found.result >= 0) return miss(layer, `${what} succeeded`);
    const byFilter = found.errno === EPERM || found.errno === ENOSYS;
    if ((layer === "system-calls" || layer === "processes" || layer === "lock") && !byFilter) {
      miss(layer, `${what} was refused for its arguments only (errno ${found.errno ?? 0})`);
    }
  };
  for (const each of attempts.before) check("boot", each);
  for (const each of attempts.after) check("lock", each);
  if (!findings.some(({ locked }) => locked === true)) miss("lock", "its filter was not installed");
  if (end !== "SIGSYS") miss("lock", `ptrace did not end it, but ${end}`);
  if (!findings.some(({ capabilities }) => capabilities === "none")) miss("privileges", "it has capabilities");
  const inside = findings.find(({ user }) => user !== undefined)?.user;
  if (inside === 0) miss("privileges", "it is root");
  if (!hasOwnUsers()) {
    miss(
      "user",
      process.getuid?.() === 0 ? "this container has too few users" : "only root can give cells users of their own",
    );
  } else if (inside !== userOf(number)) miss("user", `it is user ${inside ?? "unknown"}`);
  return jailLayers.map((layer) => {
    const why = broken.get(layer);
    return why === undefined ? { layer, active: true } : { layer, active: false, why };
  });
}
