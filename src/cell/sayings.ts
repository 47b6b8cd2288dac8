/** Small translations between what guests, kernels and people say. */
import { type Death, never, pidOf, type ResourceLimits } from "../base/index.ts";
import { type GuestConfiguration, guestLevels, toGuest } from "../wire/index.ts";
import type { Birth } from "./birth.ts";
import type { Message } from "./message.ts";
import { cleanError } from "./words.ts";

/** What a guest is told about itself. */
export const configurationOf = (birth: Birth): GuestConfiguration => ({
  service: birth.service,
  pid: pidOf(birth),
  release: birth.release,
  env: birth.environment,
  level: guestLevels.indexOf(birth.logLevel),
  processesMax: birth.limits.maxProcesses,
  mailboxLengthMax: birth.limits.messageQueueLimit,
});

/** The method that a message runs. */
function methodOf(message: Message | undefined): string | undefined {
  switch (message?.kind) {
    case toGuest.call:
    case toGuest.cast:
      return String(message.a);
    case toGuest.send:
    case toGuest.due:
      return "onMessage";
    default:
      return undefined;
  }
}

/** What `terminate` is told. */
export function reasonOf(death: Death): string {
  switch (death.type) {
    case "stopped":
      return death.why;
    case "killed":
      return `killed by ${death.by}`;
    case "crashed":
    case "out_of_memory":
    case "cpu_timeout":
    case "startup_timeout":
    case "mailbox_overflow":
    case "limit_exceeded":
    case "shed":
    case "shutdown_timeout":
    case "cell_lost":
      return death.type;
    default:
      return never(death);
  }
}

/** The death of one that spent its time: at its start, or on this mail, if it is known. */
export function timeoutOf(
  { startupTimeoutMs, cpuTimeMs }: ResourceLimits,
  starting: boolean,
  mail: Message | undefined,
): Death {
  if (starting) return { type: "startup_timeout", limitMs: startupTimeoutMs };
  const method = methodOf(mail);
  return { type: "cpu_timeout", limitMs: cpuTimeMs, ...(method === undefined ? {} : { method }) };
}

/** The death of a guest that says it crashed. */
export function crashOf(where: string, name: string, message: string, stack: string): Death {
  const error = cleanError(name, message, stack);
  switch (where) {
    case "load":
    case "init":
    case "timer":
    case "terminate":
      return { type: "crashed", where, error };
    default:
      return { type: "crashed", where: "message", error };
  }
}

/** Answers a call with what the guest said of its method. */
export function failCall(
  called: Message | undefined,
  code: string,
  name: string,
  message: string,
  stack: string,
): void {
  const call = called?.call;
  if (call === undefined) return;
  switch (code) {
    case "METHOD_NOT_FOUND":
      return call.fail(code, "not_executed", String(called?.a));
    case "NOT_SERIALIZABLE":
    case "TOO_LARGE":
      return call.fail(code, "executed", message);
    case "ARGUMENTS_UNREADABLE":
      return call.fail("NOT_SERIALIZABLE", "not_executed", message);
    default: {
      const error = cleanError(name, message, stack);
      return call.fail("CALL_FAILED", "executed", `${error.name}: ${error.message}`, error);
    }
  }
}
