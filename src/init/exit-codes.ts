/** The exit codes of `solo start`, documented for scripts. 0 is a shutdown that was asked for. */
import type { RefusalCode } from "../base/index.ts";

export const exitCodes = {
  INVALID_ARGUMENT: 2,
  PORT_IN_USE: 3,
  DATA_DIR_LOCKED: 4,
  DATA_DIR_NEWER: 5,
  DATA_DIR_UNUSABLE: 6,
  ADDRESS_UNUSABLE: 7,
  START_REFUSED: 8,
  SANDBOX_UNAVAILABLE: 8,
  INTERNAL: 70,
} as const satisfies Partial<Record<RefusalCode, number>>;

export const exitCodeOf = (code: RefusalCode): number =>
  Object.hasOwn(exitCodes, code) ? exitCodes[code as keyof typeof exitCodes] : exitCodes.INTERNAL;
