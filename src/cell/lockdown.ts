/** Ties the cell's life to its parent's, and gives up every permission that starting needed. */
import { dlopen } from "node:ffi";

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
