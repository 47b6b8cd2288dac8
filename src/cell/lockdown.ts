/** Ties the cell's life to its parent's, and gives up every permission and system call that starting needed. */
import { dlopen, getRawPointer } from "node:ffi";
import { readFileSync } from "node:fs";
import { pidPlaceholder } from "../wire/index.ts";

const parentDeathSignal = 1;
const sigkill = 9n;

/**
 * Has Linux kill this process when its parent ends. If the parent ended before this, the process has another parent by
 * now, and says so by returning false.
 */
export function dieWithParent(): boolean {
  if (process.platform !== "linux") return true;
  const parent = process.ppid;
  const { lib, functions } = dlopen(null, {
    prctl: { arguments: ["int32", "uint64", "uint64", "uint64", "uint64"], return: "int32" },
  });
  functions.prctl(parentDeathSignal, sigkill, 0n, 0n, 0n);
  // Wrappers of a closed library throw: what is left of it in memory calls nothing.
  lib.close();
  return process.ppid === parent && parent !== 1;
}

/** The number of `seccomp`, by architecture. */
const seccompNumbers: Readonly<Record<string, bigint>> = { x64: 317n, arm64: 277n };
const setFilter = 1n;
const allThreads = 1n;

/**
 * Installs the lock's filter for all threads: from here on nothing is opened, executed or connected. False if the kernel
 * refused it. The jail's own filter is in force already, and has set what this needs.
 */
export function lock(file: string): boolean {
  const number = seccompNumbers[process.arch];
  if (number === undefined) return false;
  const filter = readFileSync(file);
  for (let at = 4; at < filter.length; at += 8) {
    if (filter.readUInt32LE(at) === pidPlaceholder) filter.writeUInt32LE(process.pid, at);
  }
  // `struct sock_fprog`: how many instructions, and where.
  const described = Buffer.alloc(16);
  described.writeUInt16LE(filter.length / 8, 0);
  described.writeBigUInt64LE(getRawPointer(filter), 8);
  const { lib, functions } = dlopen(null, {
    syscall: { arguments: ["int64", "int64", "int64", "uint64"], return: "int64" },
  });
  const result = functions.syscall(number, setFilter, allThreads, getRawPointer(described));
  lib.close();
  return result === 0n;
}

const scopes = ["ffi", "addon", "fs.read", "fs.write", "net", "child", "worker", "wasi", "inspector"] as const;

interface Droppable {
  readonly drop?: (scope: string) => void;
}

/** Drops every permission of Node's permission model. Returns what is still permitted: nothing, unless there is no model. */
export function dropPermissions(): readonly string[] {
  const permission = process.permission as (typeof process.permission & Droppable) | undefined;
  if (permission === undefined) return ["everything: the permission model is off"];
  for (const scope of scopes) permission.drop?.(scope);
  return scopes.filter((scope) => permission.has(scope));
}
