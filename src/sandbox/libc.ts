/**
 * The calls of libc that Node does not offer, found in the process itself (Node links libc dynamically on every system
 * that Solo runs on). errno is not available after a call: other calls of libc have run by then.
 */
import { dlopen, getRawPointer } from "node:ffi";

export interface Libc {
  readonly flock: (fd: number, operation: number) => number;
  readonly listen: (fd: number, backlog: number) => number;
  readonly sysconf: (name: number) => bigint;
  readonly getxattr: (path: bigint, name: bigint, value: bigint, size: bigint) => bigint;
}

/** Throws where node:ffi is denied or a symbol is missing. */
export function openLibc(): Libc {
  const { functions } = dlopen(null, {
    flock: { arguments: ["int32", "int32"], return: "int32" },
    listen: { arguments: ["int32", "int32"], return: "int32" },
    sysconf: { arguments: ["int32"], return: "int64" },
    getxattr: { arguments: ["uint64", "uint64", "uint64", "uint64"], return: "int64" },
  });
  return functions;
}

/** Exclusive, without waiting. */
const lockExclusiveNow = 2 | 4;

/** Takes the lock on an open file, held until the last copy of the descriptor is closed. False: another holds it. */
export const tryLock = (libc: Libc, fd: number): boolean => libc.flock(fd, lockExclusiveNow) === 0;

/** Lets connections queue on a bound socket, though nobody accepts them yet. */
export const listen = (libc: Libc, fd: number, backlogMax: number): boolean => libc.listen(fd, backlogMax) === 0;

/** The units in which Linux's /proc counts. The numbers are Linux's names of the settings. */
export const readProcUnits = (libc: Libc): { readonly pageBytes: number; readonly ticksPerSecond: number } => ({
  pageBytes: Number(libc.sysconf(30)),
  ticksPerSecond: Number(libc.sysconf(2)),
});

/** Whether a file has an attribute of this name, whatever its value. */
export function hasAttribute(libc: Libc, path: string, name: string): boolean {
  const [at, called] = [Buffer.from(`${path}\0`), Buffer.from(`${name}\0`)];
  return libc.getxattr(getRawPointer(at), getRawPointer(called), 0n, 0n) >= 0n;
}
