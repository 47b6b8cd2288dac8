/**
 * The canary: starts in a jail as a cell does, tries what a cell must not be able to do, says what happened, locks itself
 * as a cell does, tries again, and ends with a call that must end it. One line of JSON per finding, on stdout.
 *
 * Copied into the jail's room by itself: it imports nothing of ours. Its one argument says what to try.
 */
import { dlopen, getInt32, getRawPointer } from "node:ffi";
import { readFileSync, writeSync } from "node:fs";
import process from "node:process";

/** A call, by its number. A text is passed as the address of its bytes. */
interface Attempt {
  readonly what: string;
  readonly number: number;
  readonly args: readonly (number | string)[];
}

interface CanaryOrder {
  readonly lock: string;
  readonly pidPlaceholder: number;
  /** The numbers of the calls that it needs itself. */
  readonly seccomp: number;
  readonly capget: number;
  readonly before: readonly Attempt[];
  readonly after: readonly Attempt[];
  readonly last: Attempt;
}

const order = JSON.parse(process.argv[2] ?? "") as CanaryOrder;
const { functions } = dlopen(null, {
  syscall: { arguments: ["int64", "int64", "int64", "int64", "int64", "int64", "int64"], return: "int64" },
  __errno_location: { arguments: [], return: "pointer" },
});
const errnoAt = functions.__errno_location();

const say = (finding: object): void => void writeSync(1, `${JSON.stringify(finding)}\n`);

function call(
  number: number,
  ...args: readonly (number | bigint)[]
): { readonly result: number; readonly errno: number } {
  const at = (i: number): bigint => BigInt(args[i] ?? 0);
  const result = Number(functions.syscall(BigInt(number), at(0), at(1), at(2), at(3), at(4), at(5)));
  return { result, errno: result < 0 ? getInt32(errnoAt) : 0 };
}

function attempt(stage: "boot" | "lock", { what, number, args }: Attempt): void {
  const held = args.map((arg) => (typeof arg === "string" ? Buffer.from(`${arg}\0`) : arg));
  const { result, errno } = call(number, ...held.map((arg) => (typeof arg === "number" ? arg : getRawPointer(arg))));
  say({ stage, what, result, errno, held: held.length });
}

function sayCapabilities(): void {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x20080522, 0);
  const data = Buffer.alloc(24);
  const { result } = call(order.capget, getRawPointer(header), getRawPointer(data));
  const sets = [0, 4, 12, 16].map((at) => data.readUInt32LE(at));
  say({ capabilities: result === 0 && sets.every((set) => set === 0) ? "none" : "some" });
}

function lock(): number {
  const program = readFileSync(new URL(order.lock, import.meta.url));
  for (let at = 4; at < program.length; at += 8) {
    if (program.readUInt32LE(at) === order.pidPlaceholder) program.writeUInt32LE(process.pid, at);
  }
  const described = Buffer.alloc(16);
  described.writeUInt16LE(program.length / 8, 0);
  described.writeBigUInt64LE(getRawPointer(program), 8);
  // SECCOMP_SET_MODE_FILTER, for all threads.
  return call(order.seccomp, 1, 1, getRawPointer(described)).result;
}

say({ user: process.getuid?.(), pid: process.pid });
sayCapabilities();
for (const each of order.before) attempt("boot", each);
say({ locked: lock() === 0 });
for (const each of order.after) attempt("lock", each);
say({ done: true });
attempt("lock", order.last);
