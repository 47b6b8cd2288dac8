/**
 * Turns a policy into a program for the kernel's filter machine (classic BPF over `struct seccomp_data`).
 *
 *   architecture is ours?  no → kill
 *   x86_64: a number of the x32 kind?  → kill
 *   binary search over the numbers, cut into stretches that are judged alike → the verdict, or a check of one argument
 *
 * Every piece of code here only jumps forward and within itself, so pieces can be joined in any order.
 */
import { insist } from "../../base/index.ts";
import type { Condition, Policy, Rule, Verdict } from "./policy.ts";
import { type Arch, auditArchs, syscalls } from "./syscalls.ts";

/** One instruction of classic BPF: `struct sock_filter`. */
export interface Instruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly k: number;
}

type Code = readonly Instruction[];

export const opcodes = {
  loadWord: 0x20,
  jump: 0x05,
  jumpEqual: 0x15,
  jumpGreaterOrEqual: 0x35,
  and: 0x54,
  return: 0x06,
} as const;

/** Where `struct seccomp_data` keeps things. Both architectures are little-endian. */
export const dataOffsets = { number: 0, arch: 4, argument: (n: number): number => 16 + 8 * n } as const;

export const actions = { kill: 0x80000000, refuse: 0x00050000, allow: 0x7fff0000 } as const;

/** The most that the kernel takes. */
const instructionsMax = 4_096;
const x32Bit = 0x40000000;

const plain = (code: number, k: number): Instruction => ({ code, jumpTrue: 0, jumpFalse: 0, k });
const give = (verdict: Verdict): Code => [plain(opcodes.return, valueOf(verdict))];

function valueOf(verdict: Verdict): number {
  switch (verdict.do) {
    case "allow":
      return actions.allow;
    case "refuse":
      return actions.refuse | verdict.errno;
    case "kill":
      return actions.kill;
  }
}

/** `yes` if the accumulator passes the test, else `no`. Long ways are taken by the jump that has room for them. */
function branch(code: number, k: number, yes: Code, no: Code): Code {
  if (no.length <= 255) return [{ code, k, jumpTrue: no.length, jumpFalse: 0 }, ...no, ...yes];
  return [{ code, k, jumpTrue: 0, jumpFalse: 1 }, plain(opcodes.jump, no.length), ...no, ...yes];
}

/** `yes` if the accumulator is one of these values, else `no`. */
function whenOneOf(values: readonly number[], yes: Code, no: Code): Code {
  // All tests lie before both ends; each that fits jumps over the rest.
  const rest = (after: number): number => values.length - 1 - after;
  const tests = values.map((k, i) => ({
    code: opcodes.jumpEqual,
    k: k >>> 0,
    jumpTrue: rest(i) + no.length,
    jumpFalse: 0,
  }));
  insist(
    tests.every(({ jumpTrue }) => jumpTrue <= 255),
    "a list of values is short",
  );
  return [...tests, ...no, ...yes];
}

function judgeArgument(when: Condition, yes: Code, no: Code): Code {
  const low = dataOffsets.argument(when.argument);
  if (!when.half) {
    // A pointer is nothing only if both of its halves are.
    const highToo = [plain(opcodes.loadWord, low + 4), ...whenOneOf(when.isOneOf, yes, no)];
    return [plain(opcodes.loadWord, low), ...whenOneOf(when.isOneOf, highToo, no)];
  }
  const masked = "mask" in when ? [plain(opcodes.and, when.mask)] : [];
  return [plain(opcodes.loadWord, low), ...masked, ...whenOneOf(when.isOneOf, yes, no)];
}

const judge = (rule: Rule, fallback: Verdict): Code =>
  rule.when === undefined
    ? give(rule.then)
    : judgeArgument(rule.when, give(rule.then), give(rule.otherwise ?? fallback));

interface Stretch {
  readonly from: number;
  readonly code: Code;
}

/** The line of numbers from 0 on, cut where the judgement changes. */
function stretchesOf(policy: Policy, arch: Arch): readonly Stretch[] {
  const rules = new Map<number, Rule>();
  for (const rule of policy.rules) {
    for (const name of rule.syscalls) {
      const number = syscalls[arch].get(name);
      insist(number !== undefined || syscalls.x64.has(name), `the system call ${name} is in the table`);
      if (number === undefined) continue;
      insist(!rules.has(number), `the system call ${name} has one rule`);
      rules.set(number, rule);
    }
  }
  const stretches: (Stretch & { readonly mark: unknown })[] = [];
  const add = (from: number, mark: unknown, code: Code): void => {
    if (stretches.at(-1)?.mark !== mark) stretches.push({ from, mark, code });
  };
  const fallback = give(policy.default);
  const numbers = [...rules.keys()].toSorted((a, b) => a - b);
  let next = 0;
  for (const number of numbers) {
    const rule = rules.get(number);
    insist(rule !== undefined, "a number that has a rule");
    if (number > next) add(next, "default", fallback);
    // Neighbours that are judged by their number alone, and alike, are one stretch.
    add(number, rule.when === undefined ? valueOf(rule.then) : rule, judge(rule, policy.default));
    next = number + 1;
  }
  add(next, "default", fallback);
  return stretches;
}

function search(stretches: readonly Stretch[]): Code {
  const [only] = stretches;
  if (stretches.length === 1 && only !== undefined) return only.code;
  const half = stretches.length >> 1;
  const middle = stretches[half];
  insist(middle !== undefined, "there is a middle");
  return branch(
    opcodes.jumpGreaterOrEqual,
    middle.from,
    search(stretches.slice(half)),
    search(stretches.slice(0, half)),
  );
}

export function makeInstructions(policy: Policy, arch: Arch): readonly Instruction[] {
  const kill = give({ do: "kill" });
  const judged = search(stretchesOf(policy, arch));
  const numbered = arch === "x64" ? branch(opcodes.jumpGreaterOrEqual, x32Bit, kill, judged) : judged;
  const program = [
    plain(opcodes.loadWord, dataOffsets.arch),
    ...branch(opcodes.jumpEqual, auditArchs[arch], [plain(opcodes.loadWord, dataOffsets.number), ...numbered], kill),
  ];
  insist(program.length <= instructionsMax, "the program is one that the kernel takes");
  return program;
}

/** As the kernel reads it: eight bytes for each instruction. */
export function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [i, { code, jumpTrue, jumpFalse, k }] of program.entries()) {
    view.setUint16(i * 8, code, true);
    view.setUint8(i * 8 + 2, jumpTrue);
    view.setUint8(i * 8 + 3, jumpFalse);
    view.setUint32(i * 8 + 4, k >>> 0, true);
  }
  return bytes;
}

export const makeProgram = (policy: Policy, arch: Arch): Uint8Array => encode(makeInstructions(policy, arch));
