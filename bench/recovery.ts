/** kill -9 of the kernel to the first answer of the next one, and a cold start of the whole node, with some services. */
import { call, example, roomy, Solo } from "../test/e2e/solo.ts";
import { killKernels, startCold } from "./lib/recovering.ts";
import type { Benchmark } from "./lib/report.ts";
import { setting } from "./lib/settings.ts";

/** `scale` does the same with many. */
const services = setting("SOLO_BENCH_SERVICES", 200);
const kills = 5;

export const recovery: Benchmark = {
  name: "recovery",
  measures: `kernel killed with -9, and a cold start, with ${services} services`,
  run: async () => {
    await using solo = await Solo.start({ config: roomy });
    const client = await solo.client("default");
    const code = await example("counter");
    for (let n = 0; n < services; n++) await client.deploy({ serviceId: `s-${n}`, code });
    const asked = {
      call: () => call(client, "s-0", "add", [1]),
      status: () => client.status({ serviceId: "s-0" }),
    };
    const found = await killKernels(solo, kills, asked);
    // What init counts as a crash loop is within half a minute; a new start begins to count anew.
    const { readyMs, allRunningMs } = await startCold(solo, ["default"], services);
    const again = await solo.client("default");
    const askedAgain = {
      call: () => call(again, "s-0", "add", [1]),
      status: () => again.status({ serviceId: "s-0" }),
    };
    const heirless = await killKernels(solo, kills, askedAgain, true);
    return [
      { what: "kernel kill -9 → first Call answered", unit: "ms", figures: found.called },
      { what: "kernel kill -9 → control plane back (Status)", unit: "ms", figures: found.controlled, goal: "≤ 400" },
      {
        what: "the same, of the kernel and the one in reserve",
        unit: "ms",
        figures: heirless.controlled,
        peer: { what: "with one in reserve, p50", value: found.controlled.p50 },
      },
      { what: "cold start → ready", unit: "ms", figures: { value: readyMs }, goal: "≤ 1,500" },
      { what: `cold start → all ${services} services RUNNING`, unit: "ms", figures: { value: allRunningMs } },
    ];
  },
};
