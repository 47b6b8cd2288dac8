/** Memory of the whole Solo per idle service, and whether deploying and killing leaks. */
import { readFileSync } from "node:fs";
import { example, roomy, Solo } from "../test/e2e/solo.ts";
import type { Benchmark } from "./lib/report.ts";

const idle = 500;
const cycles = 2_000;
const mebibyte = 1024 * 1024;

/** Private and shared memory, each shared page counted by its share, of all of Solo's processes. */
function pssBytes(solo: Solo): number {
  let sum = 0;
  for (const pid of [solo.initPid, ...solo.processes().map((process) => process.pid)]) {
    const found = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    sum += Number(found?.[1] ?? 0) * 1024;
  }
  return sum;
}

const round = (value: number): number => Number(value.toPrecision(3));

export const memory: Benchmark = {
  name: "memory",
  measures: `memory of all processes: ${idle} idle services, then ${cycles} deploy/kill cycles`,
  run: async () => {
    await using solo = await Solo.start({ config: roomy });
    const client = await solo.client("default");
    const code = await example("counter");
    const deployed = async (count: number, from: number): Promise<void> => {
      for (let n = 0; n < count; n++) await client.deploy({ serviceId: `s-${from + n}`, code });
    };
    await deployed(20, 0);
    const before = pssBytes(solo);
    await deployed(idle, 20);
    const perIdle = (pssBytes(solo) - before) / idle / mebibyte;
    const cycle = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) {
        await client.deploy({ serviceId: "cycled", code });
        await client.kill({ serviceId: "cycled", force: true });
      }
    };
    await cycle(cycles / 4);
    const settled = pssBytes(solo);
    await cycle(cycles);
    const perCycle = (pssBytes(solo) - settled) / cycles / 1024;
    return [
      { what: `memory per idle service, of ${idle}`, unit: "MB", figures: { value: round(perIdle) }, goal: "≤ 1.5" },
      { what: "growth per deploy/kill cycle", unit: "KB", figures: { value: round(perCycle) } },
    ];
  },
};
