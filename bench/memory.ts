/** Memory of the whole Solo per service: idle, and exercised. */
import { setTimeout as wait } from "node:timers/promises";
import { call, example, roomy, Solo } from "../test/e2e/solo.ts";
import { bareIsolate } from "./lib/bare-isolate.ts";
import { round } from "./lib/measure.ts";
import { proportionalBytesOf } from "./lib/processes.ts";
import type { Benchmark, Row } from "./lib/report.ts";
import { setting } from "./lib/settings.ts";

const count = setting("SOLO_BENCH_SERVICES", 500);
const callsToEach = 50;
const restMs = setting("SOLO_BENCH_REST_MS", 10_000);
const mebibyte = 1024 * 1024;

export const memory: Benchmark = {
  name: "memory",
  measures: `memory of all processes of a Solo, by each one's share: ${count} services, idle and after ${callsToEach} calls to each`,
  run: async () => {
    await using solo = await Solo.start({ config: roomy });
    const client = await solo.client("default");
    const code = await example("counter");
    const deployed = async (from: number, to: number): Promise<void> => {
      for (let n = from; n < to; n++) await client.deploy({ serviceId: `s-${n}`, code });
    };
    await deployed(0, 20);
    await wait(restMs);
    const before = proportionalBytesOf(solo);
    const each = (): number => round((proportionalBytesOf(solo) - before) / count / mebibyte);
    await deployed(20, 20 + count);
    const atOnce = each();
    await wait(restMs);
    const rested = each();
    for (let n = 20; n < 20 + count; n++) {
      await Promise.all(Array.from({ length: callsToEach }, () => call(client, `s-${n}`, "add", [1])));
    }
    const exercised = each();
    await wait(restMs);
    const again = each();
    const { isolateMb, workerMb } = await bareIsolate("memory", count);
    // As MiB, like the others.
    const isolate = { what: "an empty isolate with its context", value: round((isolateMb * 1e6) / mebibyte) };
    const worker = { what: "a worker thread", value: round((workerMb * 1e6) / mebibyte) };
    const row = (what: string, value: number): Row => ({ what, unit: "MB", figures: { value } });
    const idle = { ...row(`… rested for ${restMs / 1_000} s`, rested), goal: "≤ 1.5" };
    return [
      row(`memory per idle service of ${count}, just deployed`, atOnce),
      { ...idle, peer: isolate },
      { ...idle, peer: worker },
      { ...row(`… after ${callsToEach} calls to each`, exercised), peer: isolate },
      row(`… rested for ${restMs / 1_000} s again`, again),
    ];
  },
};
