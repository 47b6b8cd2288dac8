/** Chooses the strongest jail that holds on this machine, and says what each tried one lacks. */
import process from "node:process";
import { type Jail, type JailPlan, makeBubblewrapJail, makeLauncherJail, makeNoJail, type Tier } from "./jail.ts";
import { coreLayers, findBubblewrap, type Layer, type LayerName, probe } from "./probe.ts";
import { thisArch } from "./seccomp/index.ts";

export interface SandboxWish {
  readonly tier: Tier | "auto";
  /** Layers without which nothing is to start, besides those that make a jail one. */
  readonly required: readonly LayerName[];
  /** Whoever starts Solo said that it may run without. */
  readonly noneAllowed: boolean;
}

export interface TriedTier {
  readonly tier: Tier;
  /** None: no program could be started in it. */
  readonly layers: readonly Layer[];
  readonly why?: string;
}

export interface SandboxReport {
  readonly tier: Tier;
  readonly layers: readonly Layer[];
  readonly tookMs: number;
  /** What was passed over, and why. */
  readonly passedOver: readonly TriedTier[];
}

export interface Sandbox {
  readonly jail: Jail;
  readonly report: SandboxReport;
}

/** A sandbox, or why there is none that satisfies the wish. */
export async function openSandbox(wish: SandboxWish, plan: Omit<JailPlan, "arch">): Promise<Sandbox | string> {
  const startedAt = performance.now();
  const passedOver: TriedTier[] = [];
  const wanted: readonly Tier[] = wish.tier === "auto" ? ["bubblewrap", "launcher"] : [wish.tier];
  for (const tier of wanted) {
    if (tier === "none") continue;
    const tried = await tryTier(tier, wish.required, plan);
    if ("jail" in tried) {
      const { jail, layers } = tried;
      return { jail, report: { tier, layers, tookMs: Math.round(performance.now() - startedAt), passedOver } };
    }
    passedOver.push(tried);
  }
  if (wish.noneAllowed && (wish.tier === "auto" || wish.tier === "none") && wish.required.length === 0) {
    return { jail: makeNoJail(plan.image), report: { tier: "none", layers: [], tookMs: 0, passedOver } };
  }
  return wish.tier === "none"
    ? "cells would run without a sandbox; --unsafe-no-sandbox allows that"
    : `no sandbox holds here: ${passedOver.map(sayTried).join("; ")}`;
}

const sayTried = ({ tier, why }: TriedTier): string => `${tier}: ${why ?? "unknown"}`;

async function tryTier(
  tier: Exclude<Tier, "none">,
  required: readonly LayerName[],
  plan: Omit<JailPlan, "arch">,
): Promise<{ readonly jail: Jail; readonly layers: readonly Layer[] } | TriedTier> {
  const refused = (why: string, layers: readonly Layer[] = []): TriedTier => ({ tier, layers, why });
  if (thisArch === undefined) return refused(`not made for ${process.platform} on ${process.arch}`);
  const bwrap = tier === "bubblewrap" ? findBubblewrap(process.env["PATH"]) : undefined;
  if (tier === "bubblewrap" && bwrap === undefined) return refused("bwrap is not installed");
  let jail: Jail;
  try {
    const full = { ...plan, arch: thisArch };
    jail = bwrap === undefined ? makeLauncherJail(full) : makeBubblewrapJail(full, bwrap);
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
  const probed = await probe(jail, thisArch, plan);
  if (typeof probed === "string") return refused(probed);
  const lacking = probed.layers.filter(({ layer, active }) => !active && [...coreLayers, ...required].includes(layer));
  const [first] = lacking;
  if (first === undefined) return { jail, layers: probed.layers };
  return refused(`layer ${first.layer} is missing: ${first.why ?? "unknown"}`, probed.layers);
}

/** The names of what holds, the tier's first; empty for none. */
export const namesOf = ({ tier, layers }: SandboxReport): readonly string[] =>
  tier === "none" ? [] : [tier, ...layers.filter(({ active }) => active).map(({ layer }) => layer)];
