/**
 * Deaths: why a service's incarnation or a cell ended, as structured data (promise P4). Everything that tells a user why
 * something ended renders one of these; nothing guesses.
 */

import { amount, type Of, oneOf, optional, record, text, union, whole } from "./shape.ts";
import { never } from "./insist.ts";

/** An error a guest threw. `stack` has the agent's own source lines once it was mapped; bounded, and possibly hostile text. */
export const guestErrorShape = record({ name: text(128), message: text(2_000), stack: text(8_000) });
export type GuestError = Of<typeof guestErrorShape>;

/** How a cell's process ended. */
export const cellLossShape = union({
  /** Ended by a signal, e.g. SIGTRAP when V8 aborted. */
  signal: record({ signal: text(16), lastWords: optional(text(2_000)) }),
  exit: record({ code: whole(0, 255), lastWords: optional(text(2_000)) }),
  /** The kernel ended it: it made a system call that no correct cell makes. Something in it broke out of V8. */
  seccomp: record({ lastWords: optional(text(2_000)) }),
  /**
   * Its process took more memory than it may have: the system ended it, where a control group has the limit, else init.
   * `rssBytes`: the most that its group had, or what was resident when init looked.
   */
  memory: record({ rssBytes: whole(0), limitBytes: whole(0) }),
  /** init killed it: no heartbeat for this long while it burned CPU. */
  hang: record({ silentMs: whole(0) }),
  /** It spoke the wire protocol wrongly. */
  protocol: record({ problem: text(500) }),
  /** It could not be started. */
  spawn: record({ problem: text(500) }),
  /** The whole node (or this cell's init) ended. */
  node: record({}),
  /** Solo closed it on purpose: its tenant is gone, or it was recycled. */
  closed: record({}),
  /** No cell holds it any more, and no report says why. */
  unknown: record({}),
});
export type CellLoss = Of<typeof cellLossShape>;

const deathVariants = {
  /** Guest code threw. */
  crashed: record({
    where: oneOf("load", "init", "message", "timer", "rejection", "terminate"),
    error: guestErrorShape,
  }),
  out_of_memory: record({ limitBytes: whole(0) }),
  cpu_timeout: record({ limitMs: amount, method: optional(text(128)) }),
  startup_timeout: record({ limitMs: amount }),
  /** Its mailbox stayed full. */
  mailbox_overflow: record({ limit: whole(0) }),
  /** It used more than it may, or was the largest user in a tenant that did. Bytes, or a number of processes. */
  limit_exceeded: record({
    what: oneOf("memory", "processes", "tenant_memory", "tenant_processes"),
    used: whole(0),
    limit: whole(0),
  }),
  /** Ended to relieve the node, since it was the newest; not its fault. `what` was this full. */
  shed: record({ what: text(64), percent: whole(0) }),
  /** Someone asked for it. `by` is a principal's name, e.g. `admin` or `tenant agent_1`. */
  killed: record({ by: text(128), forced: oneOf("yes", "no") }),
  /** It ended on purpose, or Solo ended it for a reason that is not its fault. */
  stopped: record({ why: oneOf("normal", "shutdown", "sibling", "tenant_deleted", "replaced", "escalated") }),
  /** It did not end within its shutdown timeout and was cut off. */
  shutdown_timeout: record({ limitMs: amount }),
  /**
   * `culprit`: of a victim, the service that is known to have brought the cell down. `suspect`: it may have, and so may others:
   * for the first time, which costs nothing, or again while on probation for that. With neither, who was at work did it.
   */
  cell_lost: record({
    loss: cellLossShape,
    inFlight: oneOf("yes", "no"),
    culprit: optional(text(128)),
    suspect: optional(oneOf("first", "again")),
  }),
} as const;
export const deathShape = union(deathVariants);
export type Death = Of<typeof deathShape>;

/** Whether the end counts as abnormal for a `transient` child (OTP: anything but normal, shutdown). */
export const isAbnormal = (death: Death): boolean => death.type !== "stopped" && death.type !== "killed";

/** What of a service can be over its limit, or of its tenant, in whose total it has the largest part. */
export type ExceededLimit = "memory" | "mailbox" | "processes" | "tenant_memory" | "tenant_processes";

export interface Excess {
  readonly what: ExceededLimit;
  readonly used: number;
  readonly limit: number;
}

/** `210 of at most 128 bytes of memory`. */
export function sayExcess({ what, used, limit }: Excess): string {
  switch (what) {
    case "memory":
      return `${used} of at most ${limit} bytes of memory`;
    case "mailbox":
      return `${used} of at most ${limit} messages in its mailbox`;
    case "processes":
      return `${used} of at most ${limit} processes`;
    case "tenant_memory":
      return `its tenant has ${used} of at most ${limit} bytes of memory, most of it here`;
    case "tenant_processes":
      return `its tenant has ${used} of at most ${limit} processes, most of them here`;
    default:
      return never(what);
  }
}

export const sayLoss = (loss: CellLoss): string => {
  switch (loss.type) {
    case "signal":
      return `ended by ${loss.signal}${loss.lastWords === undefined ? "" : `: ${loss.lastWords}`}`;
    case "exit":
      return `exited with ${loss.code}${loss.lastWords === undefined ? "" : `: ${loss.lastWords}`}`;
    case "seccomp":
      return `sandbox violation: ended at a forbidden system call (SIGSYS), as something in it broke out of its engine${loss.lastWords === undefined ? "" : `: ${loss.lastWords}`}`;
    case "memory":
      return `out of memory: its process had ${loss.rssBytes} bytes (limit ${loss.limitBytes})`;
    case "hang":
      return `killed after ${loss.silentMs} ms without a heartbeat while it burned CPU`;
    case "protocol":
      return `killed because it broke the protocol: ${loss.problem}`;
    case "spawn":
      return `could not be started: ${loss.problem}`;
    case "node":
      return "ended with the node";
    case "closed":
      return "closed by Solo";
    case "unknown":
      return "gone, for a reason that nobody reported";
    default:
      return never(loss);
  }
};

function sayPart({ inFlight, culprit, suspect }: Extract<Death, { type: "cell_lost" }>): string {
  const again = suspect === "again" ? ", once more" : "";
  if (inFlight === "yes") return ` while it was at work${again}${suspect === undefined ? "" : ", perhaps through it"}`;
  return culprit === undefined ? again : `, brought down by ${culprit}`;
}

/** One line for people; the structured death stands beside it wherever machines read. */
export function sayDeath(death: Death): string {
  switch (death.type) {
    case "crashed":
      return `crashed in ${death.where}: ${death.error.name}: ${death.error.message}`;
    case "out_of_memory":
      return `out of memory (limit ${death.limitBytes} bytes)`;
    case "cpu_timeout":
      return `CPU timeout: one message ran longer than ${death.limitMs} ms${death.method === undefined ? "" : ` in ${death.method}`}`;
    case "startup_timeout":
      return `startup timeout: init did not finish within ${death.limitMs} ms`;
    case "mailbox_overflow":
      return `mailbox overflow (limit ${death.limit} messages)`;
    case "limit_exceeded":
      return `limit exceeded: ${sayExcess(death)}`;
    case "shed":
      return `ended to relieve the node: ${death.what} at ${death.percent} %`;
    case "killed":
      return `killed by ${death.by}${death.forced === "yes" ? " (forced)" : ""}`;
    case "stopped":
      return `stopped: ${death.why}`;
    case "shutdown_timeout":
      return `shutdown timeout: did not end within ${death.limitMs} ms and was cut off`;
    case "cell_lost":
      return `cell lost${sayPart(death)}: ${sayLoss(death.loss)}`;
    default:
      return never(death);
  }
}
