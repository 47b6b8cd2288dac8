/** The kernel's filter of system calls: policies, and the programs made of them. */
import process from "node:process";
import { bootPolicy, externalPolicy, lockPolicy } from "./policy.ts";
import { makeProgram } from "./program.ts";
import { type Arch, archs } from "./syscalls.ts";

/** The architecture that this runs on, if there are programs for it. */
export const thisArch: Arch | undefined = archs.find((arch) => arch === process.arch && process.platform === "linux");

/** In force before a program is executed; it may signal only `ownPid`, the number it will have. */
export const makeBootFilter = (arch: Arch, ownPid: number): Uint8Array => makeProgram(bootPolicy(ownPid), arch);

/** Installed by the program itself before it takes what may be hostile. */
export const makeLockFilter = (arch: Arch, ownPid: number): Uint8Array => makeProgram(lockPolicy(ownPid), arch);

/** In force before a program is executed that is not ours. `ownPid`: where it has no namespace of processes. */
export const makeExternalFilter = (arch: Arch, ownPid: number | undefined): Uint8Array =>
  makeProgram(externalPolicy(ownPid), arch);

export { type Arch, syscalls } from "./syscalls.ts";
