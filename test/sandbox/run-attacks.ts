/**
 * node test/sandbox/run-attacks.ts TIER ROOMS IMAGE: tries every attack in a jail of this tier, dressed and bare, as the
 * user that it runs as. Prints one line of JSON.
 */
import process from "node:process";
import type { Tier } from "../../src/sandbox/index.ts";
import { attacks, harmless, own } from "./fixtures/attacks.ts";
import { type Dress, openTier, startBroken } from "./jailed.ts";
import { openTargets } from "./targets.ts";

export type Came = Readonly<Record<string, { readonly done: boolean; readonly said: unknown } | undefined>>;

export interface Attacked {
  readonly layers: readonly string[];
  readonly came: Readonly<Record<Dress, Came>>;
}

const [tier, rooms = "", image = ""] = process.argv.slice(2);

await using opened = await openTargets();
const sandbox = await openTier(tier as Tier, { rooms, image });
if (typeof sandbox === "string") {
  process.stdout.write(`${JSON.stringify({ problem: sandbox })}\n`);
} else {
  const came: Record<string, Came> = {};
  for (const dress of ["dressed", "bare"] as const) {
    await using cell = startBroken(sandbox, dress, opened.targets);
    const found: Record<string, Awaited<ReturnType<typeof cell.say>>> = {};
    const names = [...Object.keys(attacks), ...Object.keys(harmless), ...(dress === "dressed" ? Object.keys(own) : [])];
    for (const name of names) found[name] = await cell.say(name);
    came[dress] = found;
  }
  const layers = sandbox.report.layers.filter(({ active }) => active).map(({ layer }) => layer);
  process.stdout.write(`${JSON.stringify({ layers, came })}\n`);
}
