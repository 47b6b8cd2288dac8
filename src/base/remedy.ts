/** What to do about each kind of end: one or two sentences, beside the reason wherever a death is told. */
import type { CellLoss, Death } from "./death.ts";
import { never } from "./insist.ts";

export function remedyOfDeath(death: Death): string {
  switch (death.type) {
    case "crashed":
      return remedyOfCrash(death.where);
    case "out_of_memory":
      return "Keep less in memory at once, or raise max_memory_bytes.";
    case "cpu_timeout":
      return "Do less for one message (split the work, or go on in a message to itself), or raise cpu_time_ms.";
    case "startup_timeout":
      return "Do less in init() and at the top of the module, or raise startup_timeout_ms.";
    case "mailbox_overflow":
      return "Handle messages faster, run more instances, slow the senders down, or raise message_queue_limit.";
    case "limit_exceeded":
      return remedyOfExcess(death.what);
    case "shed":
      return "The node was short of room, which is no fault of the service. It starts again by itself; administrators find more with `solo events --type pressure_rose`.";
    case "killed":
      return "Deploy it again when it is wanted.";
    case "stopped":
      return remedyOfStop(death.why);
    case "shutdown_timeout":
      return "Finish what is under way and terminate() sooner, or raise shutdown_timeout_ms.";
    case "cell_lost":
      return remedyOfLoss(death);
    default:
      return never(death);
  }
}

function remedyOfCrash(where: Extract<Death, { type: "crashed" }>["where"]): string {
  switch (where) {
    case "load":
      return "Mend the module's top level at the line shown, and deploy again.";
    case "init":
      return "Mend init() at the line shown, and deploy again.";
    case "message":
      return "Mend the line shown; to refuse a request and live on, throw a Refusal.";
    case "timer":
      return "Mend the timer's function at the line shown, or catch what it may throw.";
    case "rejection":
      return "Await the promise that was rejected, or catch its error.";
    case "terminate":
      return "Mend terminate() at the line shown.";
    default:
      return never(where);
  }
}

function remedyOfExcess(what: Extract<Death, { type: "limit_exceeded" }>["what"]): string {
  switch (what) {
    case "memory":
      return "Keep less in memory, also in buffers and WebAssembly; or raise max_memory_bytes, or choose limit_exceeded_action THROTTLE or WARN.";
    case "processes":
      return "Run fewer instances or spawn fewer children, or raise max_processes.";
    case "tenant_memory":
      return "Let the tenant's services keep less in memory, or have its total raised (tenant_memory_max_mb in config.json).";
    case "tenant_processes":
      return "Run fewer instances and spawn fewer children in this tenant, or have its total raised (tenant_processes_max in config.json).";
    default:
      return never(what);
  }
}

function remedyOfStop(why: Extract<Death, { type: "stopped" }>["why"]): string {
  switch (why) {
    case "normal":
      return "Nothing: it ended by its own wish.";
    case "shutdown":
      return "Nothing: it starts again with the node.";
    case "sibling":
      return "Look at the other instances: its strategy restarts them together.";
    case "tenant_deleted":
    case "replaced":
      return "Nothing: it was wanted.";
    case "escalated":
      return "Look at the deaths before: it restarted too often.";
    default:
      return never(why);
  }
}

function remedyOfLoss({ loss, inFlight, culprit, suspect }: Extract<Death, { type: "cell_lost" }>): string {
  if (culprit !== undefined) {
    return `Nothing: it was another's fault, and it restarts at no cost. See \`solo why ${culprit}\`.`;
  }
  if (suspect === "first") {
    return `It may have been another's fault: the restart costs nothing, and on probation the culprit shows itself. ${remedyOfCell(loss)}`;
  }
  const whose = inFlight === "yes" || suspect !== undefined ? "" : "It was not at work itself. ";
  return `${whose}${remedyOfCell(loss)}`;
}

function remedyOfCell(loss: CellLoss): string {
  switch (loss.type) {
    case "signal":
      return "The engine gave up, as it does on huge strings and arrays: build them in smaller pieces.";
    case "seccomp":
      return "Look for code that tries to break out of its isolate: it asked the system for what the sandbox forbids.";
    case "memory":
      return "Use less memory where the engine does not count it: buffers, WebAssembly, very large strings.";
    case "hang":
      return "Avoid native functions on huge inputs (long arrays, strings, BigInts, regular expressions): they cannot be interrupted.";
    case "exit":
    case "protocol":
      return "Look for code that tries to break out of its isolate; if there is none, report it with the kernel's log.";
    case "spawn":
      return "See `solo doctor`: no cell could be started.";
    case "node":
    case "closed":
    case "unknown":
      return "Nothing: it starts again by itself.";
    default:
      return never(loss);
  }
}
