/**
 * Gives up what only the start of a jailed builder needed. All that it works with is loaded by then: a source, whatever is in
 * it, can make it open no file, run no program and connect to nobody.
 */
import { dlopen, getRawPointer } from "node:ffi";
import { readFileSync } from "node:fs";
import process from "node:process";
import { pidPlaceholder } from "../wire/index.ts";

/** The number of `seccomp`, by architecture. */
const seccompNumbers: Readonly<Record<string, bigint>> = { x64: 317n, arm64: 277n };
const setFilter = 1n;
const allThreads = 1n;

/**
 * Installs the filter for all threads, those of the parser's included. False if the kernel refused it. The jail's own filter is in force
 * already, and has set what this needs.
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
