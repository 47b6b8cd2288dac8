/**
 * Landlock: from now on this thread, and what it executes, may read and execute the named files and folders, and touch
 * nothing else by path; it connects and binds no TCP port, and signals nobody outside. What is open already stays open.
 */
import { closeSync, openSync, statSync } from "node:fs";
import { addressOf, type NativeCalls } from "../native.ts";

const createRuleset = 444;
const addRule = 445;
const restrictSelf = 446;
const versionFlag = 1;
const pathBeneath = 1;

const execute = 1;
const readFile = 4;
const readDirectory = 8;
const openForRuleOnly = 0o10000000 | 0o2000000;

/** Rights over files that each version of the interface knows: one more bit now and then. */
const fileRights = [0, 13, 14, 15, 15, 16] as const;
const portRights = 0b11;
const scopes = 0b11;

/** False: this kernel has no Landlock. */
export function restrictPaths(calls: NativeCalls, readable: readonly string[]): boolean {
  const version = calls.syscall(createRuleset, 0, 0, versionFlag);
  if (version < 1) return false;
  const rights = (1n << BigInt(fileRights[Math.min(version, fileRights.length - 1)] ?? 13)) - 1n;
  const attributes = new BigUint64Array([
    rights,
    version >= 4 ? BigInt(portRights) : 0n,
    version >= 6 ? BigInt(scopes) : 0n,
  ]);
  const size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const ruleset = calls.syscall(createRuleset, addressOf(attributes), size, 0);
  if (ruleset < 0) return false;
  for (const path of readable) allow(calls, ruleset, path);
  const restricted = calls.syscall(restrictSelf, ruleset, 0) === 0;
  closeSync(ruleset);
  return restricted;
}

/** What cannot be opened needs no permission. */
function allow(calls: NativeCalls, ruleset: number, path: string): void {
  let fd: number;
  try {
    fd = openSync(path, openForRuleOnly);
  } catch {
    return;
  }
  const rights = execute | readFile | (statSync(path).isDirectory() ? readDirectory : 0);
  // `struct landlock_path_beneath_attr` is packed.
  const rule = Buffer.alloc(12);
  rule.writeBigUInt64LE(BigInt(rights), 0);
  rule.writeInt32LE(fd, 8);
  calls.syscall(addRule, ruleset, pathBeneath, addressOf(rule), 0);
  closeSync(fd);
}
