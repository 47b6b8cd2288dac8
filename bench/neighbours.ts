/**
 * The noisy neighbour: how long calls take, of another tenant and of the attacker's own, quiet and under each class of attack. Each
 * class is measured in a tenant of its own, and beside the quiet seconds just before it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { SoloClient } from "../src/client/index.ts";
import { call, example, Solo } from "../test/e2e/solo.ts";
import { round } from "./lib/measure.ts";
import type { Benchmark, Row } from "./lib/report.ts";
import { setting } from "./lib/settings.ts";
import { type Disturbance, disturbances } from "./neighbours/disturbances.ts";
import { type Seen, witness } from "./neighbours/witness.ts";

const seconds = setting("SOLO_BENCH_SECONDS", 10);
const warmUpMsPerSecond = 300;
/** Of all, or the first so many; fewer to see that it works. */
const classes = setting("SOLO_BENCH_CLASSES", disturbances.length);
/** From its first deed until an attack is what it will be. */
const settleMs = 1_000;
const attackerEntry = fileURLToPath(new URL("neighbours/attacker.ts", import.meta.url));

interface Peace {
  readonly other: Seen;
  readonly own: Seen;
}

export const neighbours: Benchmark = {
  name: "neighbours",
  measures: `a Call every 10 ms to a service of another tenant, and of the attacker's own, for ${seconds} s quiet and ${seconds} s under attack`,
  run: async () => {
    // With the limits that everybody has: they are what is tried here.
    await using solo = await Solo.start();
    const other = await solo.tenant("calm");
    await settleIn(other);
    const rows: Row[] = [];
    for (const [n, disturbance] of disturbances.slice(0, classes).entries()) {
      rows.push(...(await under(solo, disturbance, other, `wild-${n}`)));
    }
    return rows;
  },
};

/** Deployed, and called until it is as quick as it gets. */
async function settleIn(client: SoloClient): Promise<void> {
  await client.deploy({ serviceId: "neighbour", code: await example("counter") });
  for (let n = 0; n < 200; n++) await call(client, "neighbour", "add", [1]);
}

async function under(solo: Solo, attack: Disturbance, other: SoloClient, tenantId: string): Promise<readonly Row[]> {
  const own = await solo.tenant(tenantId);
  await settleIn(own);
  const look = async (forMs = seconds * 1_000): Promise<Peace> => {
    const [seenByOther, seenByOwn] = await Promise.all(
      [other, own].map((client) => witness(client, "neighbour", forMs)),
    );
    if (seenByOther === undefined || seenByOwn === undefined) throw new Error("both were looked at");
    return { other: seenByOther, own: seenByOwn };
  };
  // Of code that was compiled a moment ago the first seconds would be told as the quiet ones.
  await look(seconds * warmUpMsPerSecond);
  const quiet = await look();
  const attacker = spawn(process.execPath, [attackerEntry, attack.name], { stdio: ["pipe", "pipe", "inherit"] });
  const said = createInterface(attacker.stdout)[Symbol.asyncIterator]();
  try {
    attacker.stdin.write(`${JSON.stringify(await solo.certificate(tenantId))}\n`);
    await Promise.race([said.next(), endOf(attacker)]);
    const began = performance.now();
    await wait(settleMs);
    const noisy = await look();
    attacker.stdin.end();
    const deeds = Number((await said.next()).value) / ((performance.now() - began) / 1_000);
    return [
      ...rowsOf(`${attack.name}: another tenant's calls`, quiet.other, noisy.other, "p99 ≤ 3× quiet"),
      ...rowsOf(`${attack.name}: its own tenant's calls`, quiet.own, noisy.own),
      // An attack that does nothing would be withstood by anybody.
      { what: "… deeds of the attackers", unit: "per s", figures: { value: round(deeds) } },
    ];
  } finally {
    attacker.stdin.end();
    if (attacker.exitCode === null) await once(attacker, "close");
    const admin = await solo.client("admin");
    await admin.deleteTenant({ tenantId });
  }
}

const endOf = async (attacker: ChildProcess): Promise<never> => {
  const [code] = (await once(attacker, "exit")) as [number | null];
  throw new Error(`the attacker ended with ${String(code)}`);
};

function rowsOf(what: string, quiet: Seen, noisy: Seen, goal?: string): readonly Row[] {
  const answered = round(((noisy.calls - noisy.failed) / noisy.calls) * 100);
  const p99: Row = {
    what: "… their p99",
    unit: "ms",
    figures: { value: noisy.figures.p99 },
    peer: { what: "quiet", value: quiet.figures.p99 },
  };
  return [
    { what, unit: "ms", figures: noisy.figures, peer: { what: "quiet p50", value: quiet.figures.p50 } },
    goal === undefined ? p99 : { ...p99, goal },
    // What was not answered is in the figures above as ten seconds.
    { what: "… answered", unit: "%", figures: { value: answered } },
  ];
}
