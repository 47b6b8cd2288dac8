/**
 * A cell near the memory maps that Linux allows a process. An idle service takes 8 of them, and a full cell is far from the limit
 * of most systems; so the operator's own limit (`memory_maps_max`) is set where a tenant reaches it, and the monitor looks often.
 */
import { SoloError } from "../../src/client/index.ts";
import { eventsOf } from "../../test/e2e/asking.ts";
import { call, example, roomy, Solo } from "../../test/e2e/solo.ts";
import { figures, round } from "../lib/measure.ts";
import { mapsOf, processesOf } from "../lib/processes.ts";
import type { Row } from "../lib/report.ts";

const mapsLimit = 2_000;
const monitorMs = 100;
/** Of one cell. */
const deploysMax = 490;

export async function mapsRows(): Promise<readonly Row[]> {
  await using solo = await Solo.start({
    config: { ...roomy, memory_maps_max: mapsLimit, monitor_interval_ms: monitorMs, event_loop_delay_ms_max: 60_000 },
  });
  const admin = await solo.client("admin");
  const code = await example("counter");
  const most = (): number => Math.max(...processesOf(solo).map(({ pid, role }) => (role === "cell" ? mapsOf(pid) : 0)));
  let admitted = 0;
  let refusal: SoloError | undefined;
  while (refusal === undefined && admitted < deploysMax) {
    try {
      await admin.deploy({ serviceId: `s-${admitted}`, code });
      admitted++;
    } catch (error) {
      if (!(error instanceof SoloError)) throw error;
      refusal = error;
    }
  }
  const maps = most();
  const refused: number[] = [];
  for (let n = 0; n < 20; n++) {
    const began = performance.now();
    await admin.deploy({ serviceId: "late", code }).catch(() => undefined);
    refused.push(performance.now() - began);
  }
  const lost = await eventsOf(admin, ["cell_lost"]);
  const called: number[] = [];
  for (let n = 0; n < 20; n++) {
    const began = performance.now();
    await call(admin, `s-${n}`, "add", [1]);
    called.push(performance.now() - began);
  }
  const { services } = await admin.list({});
  const shed = services.filter(({ status, serviceId }) => status !== 1 && serviceId !== "late").length;
  const limited = `cell limited to ${mapsLimit} memory maps`;
  return [
    {
      what: `${limited}: services until ${refusal?.code ?? "none was refused"}`,
      unit: "services",
      figures: { value: admitted },
    },
    { what: "… its memory maps then, of the limit", unit: "%", figures: { value: round((maps / mapsLimit) * 100) } },
    { what: "… a refused deploy", unit: "ms", figures: figures(refused) },
    { what: "… a Call to the services that were there first", unit: "ms", figures: figures(called) },
    { what: "… newest services that were shed", unit: "services", figures: { value: shed } },
    { what: "… cells lost", unit: "cells", figures: { value: lost.length } },
  ];
}
