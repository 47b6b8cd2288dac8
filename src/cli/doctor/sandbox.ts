/** The sandbox: what the running Solo found, or, without one, what a start would find here now. */
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { isMisfit, type SandboxFound, sandboxFoundShape, saySandboxFound } from "../../base/index.ts";
import { initEntry } from "../../init/index.ts";
import type { InitFile } from "../node-files.ts";
import { causeOf, type Finding, ok, warn } from "./finding.ts";

const run = promisify(execFile);
const check = "sandbox";

export async function examineSandbox(init: InitFile | undefined): Promise<readonly Finding[]> {
  const found = init === undefined ? await probe() : init.sandboxFound;
  if (found === undefined) return [warn(check, "not known", "Restart Solo, which tells what it found.")];
  return "problem" in found
    ? [warn(check, found.problem, "Use the Node that npm ci installs.")]
    : tell(found, init !== undefined);
}

async function probe(): Promise<SandboxFound | { readonly problem: string }> {
  try {
    const args = ["--disable-warning=ExperimentalWarning", initEntry, "--probe-sandbox"];
    const { stdout } = await run(process.execPath, args, { timeout: 30_000 });
    const parsed = sandboxFoundShape(JSON.parse(stdout));
    return isMisfit(parsed) ? { problem: `the probe answered ${stdout.slice(0, 200)}` } : parsed;
  } catch (error) {
    return { problem: `could not be probed: ${causeOf(error)}` };
  }
}

const tell = (found: SandboxFound, runs: boolean): readonly Finding[] =>
  saySandboxFound(found, runs).map(({ about, says, remedy }) =>
    remedy === undefined ? ok(about, says) : warn(about, says, remedy),
  );
