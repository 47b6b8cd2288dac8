/** kill -9 of the kernel to the first answers of the next one, and a cold start of the whole node, with many services. */
import { example, roomy, Solo } from "../test/e2e/solo.ts";
import { nodeStart } from "./lib/node-start.ts";
import { asking, deal, killKernels, placeOf, startCold, tenants } from "./lib/recovering.ts";
import type { Benchmark } from "./lib/report.ts";
import { setting } from "./lib/settings.ts";

const services = setting("SOLO_BENCH_SERVICES", 1_000);
const kills = setting("SOLO_BENCH_KILLS", 5);

export const recovery: Benchmark = {
  name: "recovery",
  measures: `kernel killed with -9, and a cold start, with ${services} services of ten tenants`,
  run: async () => {
    await using solo = await Solo.start({ config: roomy });
    const admin = await solo.client("admin");
    for (const tenantId of tenants) await admin.createTenant({ tenantId });
    await deal(admin, await example("counter"), { from: 0, to: services });
    const found = await killKernels(solo, kills, asking(admin, placeOf(0)));
    // What init counts as a crash loop is within half a minute; a new start begins to count anew.
    const { readyMs, allRunningMs } = await startCold(solo, services);
    const heirless = await killKernels(solo, kills, asking(await solo.client("admin"), placeOf(0)), true);
    const bare = { what: "node -e 0 to its end, p50", value: (await nodeStart()).p50 };
    const many = `${services} services: `;
    return [
      { what: `${many}kernel kill -9 → first Call answered`, unit: "ms", figures: found.called, peer: bare },
      {
        what: `${many}kernel kill -9 → control plane back (Status)`,
        unit: "ms",
        figures: found.controlled,
        goal: "≤ 400",
        peer: bare,
      },
      {
        what: `${many}the same, of the kernel and the one in reserve`,
        unit: "ms",
        figures: heirless.controlled,
        peer: { what: "with one in reserve, p50", value: found.controlled.p50 },
      },
      { what: `${many}cold start → ready`, unit: "ms", figures: { value: readyMs }, goal: "≤ 1,500", peer: bare },
      { what: `${many}cold start → all RUNNING`, unit: "ms", figures: { value: allRunningMs } },
    ];
  },
};
