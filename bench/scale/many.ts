/** One Solo with so many services. */
import { setTimeout as wait } from "node:timers/promises";
import type { SoloClient } from "../../src/client/index.ts";
import { call, example, roomy, Solo } from "../../test/e2e/solo.ts";
import { bareIsolate } from "../lib/bare-isolate.ts";
import { type Figures, figures, oneByOne, round } from "../lib/measure.ts";
import { mapsMax, mapsOf, processesOf, proportionalBytesOf, residentBytes } from "../lib/processes.ts";
import { nodeStart } from "../lib/node-start.ts";
import { asking, deal, deploysAtOnce, killKernels, placeOf, startCold, tenants } from "../lib/recovering.ts";
import type { Row } from "../lib/report.ts";
import { setting } from "../lib/settings.ts";

const probes = setting("SOLO_BENCH_PROBES", 300);
const restMs = setting("SOLO_BENCH_REST_MS", 10_000);
const kills = setting("SOLO_BENCH_KILLS", 3);
const mebibyte = 1024 * 1024;

export async function manyRows(count: number): Promise<readonly Row[]> {
  await using solo = await Solo.start({ config: roomy });
  const admin = await solo.client("admin");
  const code = await example("counter");
  for (const tenantId of [...tenants, "probe"]) await admin.createTenant({ tenantId });
  // One in each tenant, so that what a cell takes by itself is not counted as a service's.
  await deal(admin, code, { from: 0, to: tenants.length });
  const few = await probe(admin, "few", tenants.length);
  const rest = count - tenants.length;
  await wait(restMs);
  const before = proportionalBytesOf(solo);

  const deployed = await deal(admin, code, { from: tenants.length, to: count });
  const each = (): number => round((proportionalBytesOf(solo) - before) / rest / mebibyte);
  const atOnce = each();
  await wait(restMs);
  const rested = each();
  const cells = await cellsOf(admin);
  const many = await probe(admin, "many", count);
  const fullest = Math.max(...processesOf(solo).map(({ pid, role }) => (role === "cell" ? mapsOf(pid) : 0)));
  const kernelMb = residentBytes(solo.kernelPid()) / mebibyte;
  const killed = await killKernels(solo, kills, asking(admin, placeOf(0)));
  for (const serviceId of ["few", "many"]) await admin.kill({ tenantId: "probe", serviceId, force: true });
  const cold = await startCold(solo, count);

  const { isolateMb } = await bareIsolate("memory", Math.min(count, 500));
  const bare = { what: "node -e 0 to its end, p50", value: (await nodeStart()).p50 };
  const withFew = `with ${tenants.length}`;
  const value = (what: string, unit: Row["unit"], figure: number): Row => ({
    what: `${count} services: ${what}`,
    unit,
    figures: { value: round(figure) },
  });
  const beside = (what: string, own: Figures, peer: number, how: string): Row => ({
    what: `${count} services: ${what}`,
    unit: "ms",
    figures: own,
    peer: { what: how, value: peer },
  });
  return [
    value(`to deploy all, ${deploysAtOnce} at once`, "s", deployed.tookMs / 1_000),
    value("deploys per second", "per s", deployed.perSecond),
    { what: `${count} services: each of these deploys`, unit: "ms", figures: deployed.figures },
    value("memory of each, in all processes, just deployed", "MB", atOnce),
    {
      ...value(`… rested for ${restMs / 1_000} s`, "MB", rested),
      goal: "≤ 1.5",
      peer: { what: "an empty isolate with its context", value: round((isolateMb * 1e6) / mebibyte) },
    },
    value("the kernel's resident memory", "MB", kernelMb),
    { ...value("cells that hold them", "cells", cells), ...(count >= 5_000 ? { goal: "≥ 4" } : {}) },
    value("memory maps of the fullest cell", "maps", fullest),
    value("… of what Linux allows", "%", (fullest / (mapsMax() ?? Number.NaN)) * 100),
    beside("a deploy, one at a time", many.deploy, few.deploy.p50, withFew),
    beside("Call to one of them", many.same, few.same.p50, withFew),
    beside("Call to any of them in turn", many.any, many.same.p50, "to one of them"),
    { what: `${count} services: kernel kill -9 → first Call answered`, unit: "ms", figures: killed.called, peer: bare },
    {
      what: `${count} services: kernel kill -9 → control plane back`,
      unit: "ms",
      figures: killed.controlled,
      goal: "≤ 400",
      peer: bare,
    },
    { ...value("cold start → ready", "ms", cold.readyMs), goal: "≤ 1,500", peer: bare },
    value("cold start → all RUNNING", "s", cold.allRunningMs / 1_000),
  ];
}

interface Probed {
  readonly deploy: Figures;
  readonly same: Figures;
  readonly any: Figures;
}

/** What a deployment and a call cost while `live` services do. */
async function probe(admin: SoloClient, serviceId: string, live: number): Promise<Probed> {
  const source = (await example("counter")).toString("utf8");
  const at = { tenantId: "probe", serviceId };
  const deploys: number[] = [];
  for (let n = 0; n < probes; n++) {
    const began = performance.now();
    await admin.deploy({ ...at, code: Buffer.from(`${source}\n// ${serviceId} ${n}\n`) });
    deploys.push(performance.now() - began);
    await admin.kill({ ...at, force: true });
  }
  await admin.deploy({ ...at, code: Buffer.from(source) });
  const same = (): Promise<unknown> => call(admin, serviceId, "add", [1], { tenantId: "probe" });
  await oneByOne(100, same);
  return {
    deploy: figures(deploys),
    same: await oneByOne(probes * 3, same),
    any: await oneByOne(probes * 3, (n) => {
      const { serviceId, tenantId } = placeOf(n % live);
      return call(admin, serviceId, "add", [1], { tenantId });
    }),
  };
}

/** By the log: how many cells the services were started in. */
async function cellsOf(admin: SoloClient): Promise<number> {
  const cells = new Set<unknown>();
  for (const tenantId of tenants) {
    const filter = { tenantId, eventTypes: ["service_deployed"] };
    for (let cursor = 0n; ;) {
      const page = await admin.queryEvents({ filter, cursor, limit: 1_000 });
      for (const { payload } of page.events) cells.add(payload?.["cell"]);
      if (page.nextCursor === 0n) break;
      cursor = page.nextCursor;
    }
  }
  return cells.size;
}
