/**
 * init: PARENTS the processes. A program of its own (`node src/init/main.ts`); this door tells others how to start it and
 * what its exit codes mean. Keeps P5 (the kernel may die), the outer limits of P1 and P6, and the accounts of P4.
 */
import { fileURLToPath } from "node:url";

export { exitCodes } from "./exit-codes.ts";
export { type ListenAddress, parseAddress } from "./options.ts";
export type { Readiness } from "./announce.ts";

/** The program to start; see its `usage`. */
export const initEntry: string = fileURLToPath(
  new URL(`./main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);
