/** The sandbox: what the running Solo found, or, without one, what a start would find here now. */
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { isMisfit } from "../../base/index.ts";
import { initEntry } from "../../init/index.ts";
import { type InitFile, type SandboxFile, sandboxShape } from "../node-files.ts";
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

async function probe(): Promise<SandboxFile | { readonly problem: string }> {
  try {
    const args = ["--disable-warning=ExperimentalWarning", initEntry, "--probe-sandbox"];
    const { stdout } = await run(process.execPath, args, { timeout: 30_000 });
    const parsed = sandboxShape(JSON.parse(stdout));
    return isMisfit(parsed) ? { problem: `the probe answered ${stdout.slice(0, 200)}` } : parsed;
  } catch (error) {
    return { problem: `could not be probed: ${causeOf(error)}` };
  }
}

function tell({ tier, layers, passedOver }: SandboxFile, runs: boolean): readonly Finding[] {
  const active = layers.filter((each) => each.active).map(({ layer }) => layer);
  const why = passedOver.map((tried) => (tried.tier === "" ? tried.why : `${tried.tier}: ${tried.why}`)).join("; ");
  const held = tier !== "none";
  const first = held
    ? ok(check, `${tier}: ${active.join(", ")}`)
    : warn(
        check,
        `NONE. ${runs ? "Cells run WITHOUT an operating system sandbox: the V8 isolate is the only wall" : "Nothing holds here, and solo start would refuse"}${why === "" ? "" : ` (${why})`}`,
        runs
          ? "Deploy only code that you trust as you trust this user."
          : "Install bubblewrap, or ask for what is named here.",
      );
  const better = held && why !== "" ? [warn("stronger sandbox", why, "Solo takes the strongest that holds.")] : [];
  const missing = layers
    .filter((each) => !each.active)
    .map((each) => warn(`layer ${each.layer}`, `missing: ${each.why ?? ""}`, `It means: ${each.means ?? ""}.`));
  return [first, ...better, ...missing];
}
