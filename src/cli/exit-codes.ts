/** The exit codes of every verb but `start` while it stays in the foreground, which ends as init ends. Part of the contract. */
import { type RefusalCode, refusals } from "../base/index.ts";

export const exitCodes = {
  ok: 0,
  refused: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  callFailed: 5,
  notAllowed: 6,
  tryLater: 7,
  bug: 70,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What each means, as `solo help exit-codes` prints it. */
export const exitCodeMeanings: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.ok, "done"],
  [exitCodes.refused, "Solo refused, or what was checked does not hold (validate, verify, audit, doctor)"],
  [exitCodes.usage, "the command line is wrong; nothing was sent"],
  [exitCodes.unreachable, "no Solo answers at that address"],
  [exitCodes.notFound, "there is no such service, tenant, method, event or file"],
  [exitCodes.callFailed, "the method was reached and failed: it threw, timed out, or its service ended"],
  [exitCodes.notAllowed, "the certificate does not allow it, or was not accepted"],
  [exitCodes.tryLater, "refused for now: full, starting, stopping or unavailable; the same may succeed later"],
  [exitCodes.bug, "a bug in Solo; please report it"],
  [exitCodes.interrupted, "interrupted by Ctrl-C"],
  [exitCodes.terminated, "ended by SIGTERM"],
];

/** The exit codes of `solo start` in the foreground, where they differ. */
export const startExitCodeMeanings: readonly (readonly [number, string])[] = [
  [0, "shut down as asked"],
  [2, "the command line is wrong"],
  [3, "the port is in use"],
  [4, "another Solo holds the data directory"],
  [5, "the data directory is of a newer version"],
  [6, "the data directory cannot be used"],
  [7, "the address cannot be used"],
  [8, "the start was refused: see the message"],
  [70, "a bug in Solo"],
];

const ofCalls: readonly string[] = ["CALL_FAILED", "CALL_TIMEOUT", "CALL_LOST", "CALL_CYCLE", "CALL_TOO_DEEP"];

/** The exit code of an error that a Solo answered with. `status` is the gRPC status name. */
export function exitCodeOf(code: string, status: string): ExitCode {
  if (ofCalls.includes(code)) return exitCodes.callFailed;
  switch (status) {
    case "NOT_FOUND":
      return exitCodes.notFound;
    case "PERMISSION_DENIED":
    case "UNAUTHENTICATED":
      return exitCodes.notAllowed;
    case "INTERNAL":
    case "DATA_LOSS":
      return code === "INTERNAL" ? exitCodes.bug : exitCodes.refused;
    case "CANCELLED":
      return exitCodes.interrupted;
    default:
      break;
  }
  if (isKnownCode(code)) return refusals[code].retry === "later" ? exitCodes.tryLater : exitCodes.refused;
  return status === "UNAVAILABLE" || status === "DEADLINE_EXCEEDED" ? exitCodes.unreachable : exitCodes.refused;
}

const isKnownCode = (code: string): code is RefusalCode => Object.hasOwn(refusals, code);
