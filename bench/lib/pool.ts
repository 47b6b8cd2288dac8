/** The cells that wait for new tenants: when they are there, and have done what a cell does before somebody needs it. */
import { setTimeout as wait } from "node:timers/promises";
import type { SoloClient } from "../../src/client/index.ts";
import { type Solo, until } from "../../test/e2e/solo.ts";
import { cpuMs, processesOf } from "./processes.ts";

/** As many as a Solo keeps. */
const warmCells = 2;
const lookMs = 100;
/** What timers and heartbeats take meanwhile. */
const idleCpuMsMax = 20;
const withinMs = 60_000;
const looksMax = 100;

/** Resolves with the numbers of the warm cells, once none of the Solo's processes is at work. */
export async function untilWarm(solo: Solo, admin: SoloClient): Promise<ReadonlySet<number>> {
  let warm: ReadonlySet<number> = new Set();
  const there = async (): Promise<boolean> => {
    warm = await warmNow(admin);
    if (warm.size >= warmCells) return true;
    await wait(lookMs);
    return false;
  };
  await until(`${warmCells} warm cells`, there, withinMs);
  await untilQuiet(solo);
  return warm;
}

/** What is done when nobody waits has been done: guests made ahead, rehearsals, the tidying of what ended. Or it takes too long. */
export async function untilQuiet(solo: Solo): Promise<void> {
  const used = (): number => processesOf(solo).reduce((sum, { pid }) => sum + cpuMs(pid), 0);
  for (let look = 0, before = used(); look < looksMax; look++) {
    await wait(lookMs);
    const now = used();
    if (now - before <= idleCpuMsMax) return;
    before = now;
  }
}

async function warmNow(admin: SoloClient): Promise<ReadonlySet<number>> {
  const { components } = await admin.audit({});
  const cells = components?.["cells"];
  const listed = typeof cells === "object" && cells !== null && "listed" in cells ? cells["listed"] : [];
  const warm = new Set<number>();
  for (const one of Array.isArray(listed) ? listed : []) {
    if (typeof one !== "object" || one === null || Array.isArray(one)) continue;
    if (one["tenant"] === undefined && one["phase"] === "open") warm.add(Number(one["cell"]));
  }
  return warm;
}
