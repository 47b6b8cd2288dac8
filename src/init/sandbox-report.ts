/** What is known of the sandbox, for whoever asks: the file of a running Solo, `solo doctor`, the log. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** A layer as others read it. */
export interface TellLayer {
  readonly layer: string;
  readonly active: boolean;
  /** What was seen where it is missing, and what that means. */
  readonly why?: string;
  readonly means?: string;
}

export interface TellSandbox {
  readonly tier: string;
  readonly layers: readonly TellLayer[];
  readonly passedOver: readonly { readonly tier: string; readonly why: string }[];
}

export const tellSandbox = ({ tier, layers, passedOver }: SandboxReport): TellSandbox => ({
  tier,
  layers: layers.map(({ layer, active, why }) =>
    active ? { layer, active } : { layer, active, why: why ?? "", means: layerMeanings[layer] },
  ),
  passedOver: passedOver.map((tried) => ({ tier: tried.tier, why: tried.why })),
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
        ? { tier: "none", layers: [], passedOver: [{ tier: "", why: found }] }
        : tellSandbox(found.report);
    return `${JSON.stringify(told)}\n`;
  } finally {
    await cgroups.close();
    rmSync(rooms, { recursive: true, force: true });
  }
}
