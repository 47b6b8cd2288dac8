/** Chooses the strongest jail that holds on this machine, and says what each one tried lacks. */
import process from "node:process";
import { findBubblewrap, makeBubblewrapJail } from "./bubblewrap.ts";
import { direct, type Habitat, type Jail, type Program, type Tier } from "./jail.ts";
import { makeLauncherJail } from "./launcher.ts";
import { coreLayers, type Layer, type LayerName, resourceLayers } from "./layers.ts";
import { canaryFile, probe } from "./probe.ts";
import { readModule } from "./room.ts";
import { type Arch, makeLockFilter, thisArch } from "./seccomp/index.ts";

export interface SandboxWish {
  readonly tier: Tier | "auto";
  /** Layers without which nothing is to start, besides those that make a jail one. */
  readonly required: readonly LayerName[];
  /** Whoever starts Solo said that it may run without. */
  readonly noneAllowed: boolean;
}

/** Where rooms are kept, and how whoever lives in one locks itself. */
export interface SandboxGround {
  readonly rooms: string;
  /** Name, in the program's folder, of the filter with which it locks itself. */
  readonly lockFile: string;
  /** Number in that filter that stands for the program's own. */
  readonly pidPlaceholder: number;
}

export interface TriedTier {
  readonly tier: Tier;
  /** None: no program could be started in it. */
  readonly layers: readonly Layer[];
  readonly why: string;
}

export interface SandboxReport {
  readonly tier: Tier;
  readonly layers: readonly Layer[];
  readonly tookMs: number;
  /** What was passed over, and why. */
  readonly passedOver: readonly TriedTier[];
}

/** A program's folder and what else it sees; `locks` if it locks itself, as programs of ours do. */
export interface Inhabitant extends Omit<Habitat, "arch" | "rooms" | "texts" | "program"> {
  readonly locks: boolean;
  /** One of ours, unless it is named. */
  readonly program?: Program;
}

export interface Sandbox {
  readonly report: SandboxReport;
  /** A jail for a program; undefined without a sandbox. Throws if its room cannot be made. */
  readonly jailFor: (inhabitant: Inhabitant) => Jail | undefined;
}

type JailMaker = (habitat: Omit<Habitat, "arch">) => Jail;

/**
 * A sandbox, or why there is none that satisfies the wish, with its full stop. `resources`: what the groups of processes can
 * limit, found before.
 */
export async function openSandbox(
  wish: SandboxWish,
  ground: SandboxGround,
  resources: readonly Layer[],
): Promise<Sandbox | string> {
  const startedAt = performance.now();
  const unlimited = resources.find(({ layer, active }) => !active && wish.required.includes(layer));
  if (unlimited !== undefined) return `layer ${unlimited.layer} is missing: ${unlimited.why ?? "unknown"}.`;
  const passedOver: TriedTier[] = [];
  const wanted: readonly Tier[] = wish.tier === "auto" ? ["bubblewrap", "launcher"] : [wish.tier];
  for (const tier of wanted) {
    if (tier === "none") continue;
    const tried = await tryTier(tier, wish.required, ground);
    if ("make" in tried) {
      const { layers, make, arch } = tried;
      const tookMs = Math.round(performance.now() - startedAt);
      return {
        report: { tier, layers: [...layers, ...resources], tookMs, passedOver },
        jailFor: (inhabitant) => make(habitatOf(ground, arch, inhabitant, {})),
      };
    }
    passedOver.push(tried);
  }
  if (wish.noneAllowed && wish.tier !== "bubblewrap" && wish.tier !== "launcher") {
    const missing = wish.required.find((layer) => !resourceLayers.some((each) => each === layer));
    if (missing !== undefined) return `layer ${missing} is required, and there is no sandbox.`;
    return {
      report: { tier: "none", layers: resources, tookMs: 0, passedOver },
      jailFor: () => undefined,
    };
  }
  return wish.tier === "none"
    ? "--sandbox none was asked for without --unsafe-no-sandbox."
    : `none holds here. ${passedOver.map(({ tier, why }) => `${tier}: ${why}`).join("; ")}.`;
}

/** The program is started in its folder as it is. */
export const makeNoJail = (folder: string): Jail => ({
  tier: "none",
  prepare: (command) => ({ file: process.execPath, args: command(folder), env: {}, user: undefined, ...direct }),
});

type Tried = { readonly layers: readonly Layer[]; readonly make: JailMaker; readonly arch: Arch } | TriedTier;

async function tryTier(
  tier: Exclude<Tier, "none">,
  required: readonly LayerName[],
  ground: SandboxGround,
): Promise<Tried> {
  const refused = (why: string, layers: readonly Layer[] = []): TriedTier => ({ tier, layers, why });
  const arch = thisArch;
  if (arch === undefined) return refused(`not made for ${process.platform} on ${process.arch}`);
  const make = makerOf(tier, arch);
  if (make === undefined) return refused("bwrap is not installed (Debian: apt-get install bubblewrap)");
  let jail: Jail;
  try {
    jail = make(habitatOf(ground, arch, canary, canaryTexts()));
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
  const probed = await probe(jail, arch, ground);
  if (typeof probed === "string") return refused(probed);
  const lacking = probed.layers.filter(({ layer, active }) => !active && [...coreLayers, ...required].includes(layer));
  const [first] = lacking;
  if (first === undefined) return { layers: probed.layers, make, arch };
  return refused(`layer ${first.layer} is missing: ${first.why ?? "unknown"}`, probed.layers);
}

function makerOf(tier: Exclude<Tier, "none">, arch: Arch): JailMaker | undefined {
  if (tier === "launcher") return (habitat) => makeLauncherJail({ ...habitat, arch });
  const bwrap = findBubblewrap(process.env["PATH"]);
  return bwrap === undefined ? undefined : (habitat) => makeBubblewrapJail({ ...habitat, arch }, bwrap);
}

const suffix = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
const canary: Inhabitant = { folder: "canary", sources: [], locks: true };

const canaryTexts = (): Habitat["texts"] => ({
  [`root/${canary.folder}/${canaryFile}`]: readModule(new URL(`./canary${suffix}`, import.meta.url)),
});

const habitatOf = (
  { rooms, lockFile, pidPlaceholder }: SandboxGround,
  arch: Arch,
  { folder, sources, locks, program = { kind: "own" } }: Inhabitant,
  texts: Habitat["texts"],
): Omit<Habitat, "arch"> => ({
  rooms,
  folder,
  sources,
  program,
  texts: locks ? { ...texts, [`root/${folder}/${lockFile}`]: makeLockFilter(arch, pidPlaceholder) } : texts,
});

/** The names of what holds, the tier's first; empty without a jail, whatever limits there are. */
export const namesOf = ({ tier, layers }: SandboxReport): readonly string[] =>
  tier === "none" ? [] : [tier, ...layers.filter(({ active }) => active).map(({ layer }) => layer)];
