/** The runtime: Node, what Solo needs of it, and the package that carries V8's isolates. */
import { readFileSync } from "node:fs";
import { causeOf, fail, type Finding, ok, warn } from "./finding.ts";

const nodeMajorMin = 26;
/** Flags that init's children are started with. */
const flagsNeeded = ["--permission", "--import", "--disable-warning"] as const;

export async function examineRuntime(): Promise<readonly Finding[]> {
  return [examineVersion(), examineLibatomic(), examineFlags(), await examineFfi(), await examineIsolates()];
}

function examineVersion(): Finding {
  const says = `${process.version} on ${process.platform} ${process.arch}`;
  return Number(process.versions.node.split(".")[0]) >= nodeMajorMin
    ? ok("Node", says)
    : fail("Node", says, `Run solo through its launcher, which brings Node ${nodeMajorMin}: npm ci, then ./solo.`);
}

function examineLibatomic(): Finding {
  if (process.platform !== "linux") return ok("libatomic", "not needed on this platform");
  // That this runs at all says that nothing is missing; which library it was says whether it will be needed elsewhere.
  const maps = readFileSync("/proc/self/maps", "utf8");
  const path = /\S*libatomic\.so\S*/.exec(maps)?.[0];
  return ok("libatomic", path ?? "not needed by this Node");
}

function examineFlags(): Finding {
  const missing = flagsNeeded.filter((flag) => !process.allowedNodeEnvironmentFlags.has(flag));
  return missing.length === 0
    ? ok("Node flags", "the permission model is there")
    : fail("Node flags", `this Node does not know ${missing.join(", ")}`, "Use the Node that npm ci installs.");
}

async function examineFfi(): Promise<Finding> {
  try {
    await import("node:ffi");
    return ok("node:ffi", "native calls work");
  } catch (error) {
    return fail("node:ffi", `cannot be loaded: ${causeOf(error)}`, "Use the Node that npm ci installs.");
  }
}

async function examineIsolates(): Promise<Finding> {
  const check = "isolated-vm";
  try {
    const { default: ivm } = await import("isolated-vm");
    const isolate = new ivm.Isolate({ memoryLimit: 8 });
    try {
      const context = isolate.createContextSync();
      const answer: unknown = context.evalSync("6 * 7");
      return answer === 42
        ? ok(check, "an isolate was made and answered")
        : warn(check, "an isolate answered wrongly", "Install again: npm ci.");
    } finally {
      isolate.dispose();
    }
  } catch (error) {
    return fail(
      check,
      `cannot be used: ${causeOf(error)}`,
      "Install again on this machine and with this Node: npm ci.",
    );
  }
}
