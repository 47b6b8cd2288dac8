/** Calls that only a process that jails itself makes. Numbers and layouts are Linux's, the same on every architecture. */
import { dlopen, getRawPointer } from "node:ffi";

export interface NativeCalls {
  readonly syscall: (number: number, ...args: readonly (number | bigint)[]) => number;
  readonly prctl: (option: number, value: number | bigint) => number;
  readonly setLimit: (resource: number, max: number) => number;
  readonly chroot: (path: string) => number;
  readonly keepOpenOverExec: (fd: number) => number;
}

export function openNativeCalls(): NativeCalls {
  const { functions } = dlopen(null, {
    syscall: { arguments: ["int64", "int64", "int64", "int64", "int64", "int64", "int64"], return: "int64" },
    prctl: { arguments: ["int32", "uint64", "uint64", "uint64", "uint64"], return: "int32" },
    setrlimit: { arguments: ["int32", "uint64"], return: "int32" },
    chroot: { arguments: ["uint64"], return: "int32" },
    fcntl: { arguments: ["int32", "int32", "int64"], return: "int32" },
  });
  return {
    syscall(number, ...args) {
      const at = (i: number): bigint => BigInt(args[i] ?? 0);
      return Number(functions.syscall(BigInt(number), at(0), at(1), at(2), at(3), at(4), at(5)));
    },
    prctl: (option, value) => functions.prctl(option, BigInt(value), 0n, 0n, 0n),
    setLimit(resource, max) {
      const pair = new BigUint64Array([BigInt(max), BigInt(max)]);
      return functions.setrlimit(resource, addressOf(pair));
    },
    chroot: (path) => functions.chroot(addressOf(Buffer.from(`${path}\0`))),
    keepOpenOverExec: (fd) => functions.fcntl(fd, 2, 0n),
  };
}

/** Valid while the caller holds the bytes. */
export const addressOf = (bytes: NodeJS.ArrayBufferView): bigint => getRawPointer(bytes);

/** `struct sock_fprog` over a filter's bytes. */
export function describeFilter(program: Uint8Array): Buffer {
  const described = Buffer.alloc(16);
  described.writeUInt16LE(program.length / 8, 0);
  described.writeBigUInt64LE(addressOf(program), 8);
  return described;
}
