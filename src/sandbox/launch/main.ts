/**
 * The launcher: puts itself in jail and becomes the program. For machines without bubblewrap. Every step that it is told to
 * take and cannot ends it (status 71), except for those that the machine's kernel may lack, whose absence the probe tells.
 *
 *   parent alive? → cgroups → namespaces → root → capabilities, user → limits → die with the parent → descriptors
 *   → no new privileges → Landlock → boot filter → execve
 *
 * Nothing may run between the filter and execve: Node's own event loop would ask for what the filter refuses.
 */
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import process from "node:process";
import { addressOf, describeFilter, openNativeCalls } from "../native.ts";
import { syscalls } from "../seccomp/syscalls.ts";
import { restrictPaths } from "./landlock.ts";
import type { LaunchOrder, LaunchStep } from "./order.ts";

const prctlOptions = { parentDeathSignal: 1, dropBounding: 24, noNewPrivileges: 38 } as const;
const limitNumbers = { core: 4, openFiles: 7 } as const;
/** UTS, IPC and network. Node has threads, and those of users, processes and mounts are not for such. */
const namespaces = 0x04000000 | 0x08000000 | 0x40000000;
const capabilitiesMax = 64;
const closeRangeOnExec = 4;
const descriptorMax = 0xffffffff;
const filterMode = 1;
const sigkill = 9;

function fail(step: string): never {
  process.stderr.write(`launcher: ${step} failed\n`);
  process.exit(71);
}

function launch(order: LaunchOrder): never {
  const numbers = syscalls[process.arch === "arm64" ? "arm64" : "x64"];
  const calls = openNativeCalls();
  const steps: LaunchStep[] = [];
  const note = (step: LaunchStep["step"], done: boolean): void => void steps.push({ step, done });
  const numberOf = (name: string): number => numbers.get(name) ?? fail(name);

  if (process.ppid !== order.parent) fail("finding the parent alive");
  const filter = patchPid(readFileSync(order.filter), order.pidPlaceholder);
  for (const cgroup of order.cgroups) writeFileSync(cgroup, "0");

  const isRoot = process.getuid?.() === 0;
  note("namespaces", isRoot && calls.syscall(numberOf("unshare"), namespaces) === 0);
  if (order.root !== undefined) {
    const changed = calls.chroot(order.root) === 0;
    note("root", changed);
    if (!changed) fail("changing the root");
  }
  process.chdir(order.folder);
  if (isRoot) {
    for (let n = 0; n < capabilitiesMax; n++) calls.prctl(prctlOptions.dropBounding, n);
    note("capabilities", true);
  }
  if (order.user !== undefined) {
    becomeUser(order.user);
    note("user", true);
  }
  note(
    "limits",
    calls.setLimit(limitNumbers.core, 0) === 0 && calls.setLimit(limitNumbers.openFiles, order.openFilesMax) === 0,
  );
  // After the change of user, which would undo it.
  calls.prctl(prctlOptions.parentDeathSignal, sigkill);
  if (process.ppid !== order.parent) fail("finding the parent alive");
  for (let fd = 3; fd <= order.lastDescriptor; fd++) calls.keepOpenOverExec(fd);
  calls.syscall(numberOf("close_range"), order.lastDescriptor + 1, descriptorMax, closeRangeOnExec);
  if (calls.prctl(prctlOptions.noNewPrivileges, 1) !== 0) fail("forgoing new privileges");

  note("landlock", restrictPaths(calls, order.readable));
  note("filter", true);
  if (order.report) writeSync(1, `${JSON.stringify({ launched: steps })}\n`);
  const described = describeFilter(filter);
  if (calls.syscall(numberOf("seccomp"), filterMode, 0, addressOf(described)) !== 0) fail("installing the filter");
  process.execve?.(order.program, [order.program, ...order.args], { ...order.env });
  return fail("executing");
}

function becomeUser(user: number): void {
  process.setgroups?.([]);
  process.setgid?.(user);
  process.setuid?.(user);
  if (process.getuid?.() !== user || process.getgid?.() !== user) fail("changing the user");
}

function patchPid(program: Buffer, placeholder: number): Buffer {
  for (let at = 4; at < program.length; at += 8) {
    if (program.readUInt32LE(at) === placeholder) program.writeUInt32LE(process.pid, at);
  }
  return program;
}

launch(JSON.parse(process.argv[2] ?? "") as LaunchOrder);
