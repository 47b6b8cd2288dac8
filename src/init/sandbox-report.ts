/** What is known of the sandbox, for whoever asks: the file of a running Solo, `solo doctor`, the log. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SandboxFound } from "../base/index.ts";
import {
  Cgroups,
  hasAttribute,
  layerMeanings,
  type Libc,
  openLibc,
  openSandbox,
  type SandboxReport,
} from "../sandbox/index.ts";
import { groundIn } from "./habitats.ts";
import type { Options } from "./options.ts";

const seenLengthMax = 2_000;

/** As others read it. */
export const tellSandbox = ({ tier, layers, passedOver }: SandboxReport): SandboxFound => ({
  tier,
  layers: layers.map(({ layer, active, why = "" }) =>
    active ? { layer, active } : { layer, active, why: why.slice(0, seenLengthMax), means: layerMeanings[layer] },
  ),
  passedOver: passedOver.map((tried) => ({ tier: tried.tier, why: tried.why.slice(0, seenLengthMax) })),
});

/** By which systemd says that a group is its service's to manage. */
const delegationMarks = ["trusted.delegate", "user.delegate"] as const;

export const openCgroups = (libc: Libc): Cgroups =>
  Cgroups.open((folder) => delegationMarks.some((name) => hasAttribute(libc, folder, name)));

/** `--probe-sandbox`: what cells would get here, found by trying, with nothing left behind. One line of JSON. */
export async function probeSandbox({ sandbox: wish }: Options): Promise<string> {
  const rooms = mkdtempSync(join(tmpdir(), "solo-probe-"));
  // The canary's user is not ours, where it can have its own.
  chmodSync(rooms, 0o755);
  const cgroups = openCgroups(openLibc());
  try {
    const found = await openSandbox(wish, groundIn(rooms), cgroups.layers);
    const told =
      typeof found === "string"
        ? { tier: "none", layers: [], passedOver: [{ tier: "", why: found.slice(0, seenLengthMax) }] }
        : tellSandbox(found.report);
    return `${JSON.stringify(told)}\n`;
  } finally {
    await cgroups.close();
    rmSync(rooms, { recursive: true, force: true });
  }
}
