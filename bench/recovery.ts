/** kill -9 of the kernel to the first answer of the next one, and a cold start of the whole node, with many services. */
import process from "node:process";
import { call, example, roomy, Solo, until } from "../test/e2e/solo.ts";
import { figures } from "./lib/measure.ts";
import type { Benchmark } from "./lib/report.ts";

const services = Number(process.env["SOLO_BENCH_SERVICES"] ?? 200);
const kills = 5;

export const recovery: Benchmark = {
  name: "recovery",
  measures: `kernel killed with -9, and a cold start, with ${services} services`,
  run: async () => {
    await using solo = await Solo.start({ config: roomy });
    const client = await solo.client("default");
    const code = await example("counter");
    for (let n = 0; n < services; n++) await client.deploy({ serviceId: `s-${n}`, code });
    const called: number[] = [];
    const controlled: number[] = [];
    for (let n = 0; n < kills; n++) {
      const kernel = solo.kernelPid();
      const began = performance.now();
      process.kill(kernel, "SIGKILL");
      await until("a call is answered", () => answers(() => call(client, "s-0", "add", [1])));
      called.push(performance.now() - began);
      await until("a status is answered", () => answers(() => client.status({ serviceId: "s-0" })));
      controlled.push(performance.now() - began);
    }
    await solo.stop();
    const began = performance.now();
    await solo.startAgain();
    const ready = performance.now() - began;
    const again = await solo.client("default");
    await until(
      "all services run",
      async () => {
        const { services: listed } = await again.list({});
        return listed.length === services && listed.every(({ status }) => status === 1);
      },
      60_000,
    );
    const all = performance.now() - began;
    return [
      { what: "kernel kill -9 → first Call answered", unit: "ms", figures: figures(called) },
      { what: "kernel kill -9 → control plane back (Status)", unit: "ms", figures: figures(controlled), goal: "≤ 400" },
      { what: "cold start → ready", unit: "ms", figures: { value: Math.round(ready) }, goal: "≤ 1,500" },
      { what: `cold start → all ${services} services RUNNING`, unit: "ms", figures: { value: Math.round(all) } },
    ];
  },
};

async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch {
    return false;
  }
}
