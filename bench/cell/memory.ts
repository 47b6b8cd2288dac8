/** What services that nobody calls hold of a cell's memory: right after they were loaded, and when they have rested. */
import { setTimeout as wait } from "node:timers/promises";
import { service } from "../../test/cell/cell-process.ts";
import { bareIsolate } from "../lib/bare-isolate.ts";
import { inTurns, round } from "../lib/measure.ts";
import { residentBytes } from "../lib/processes.ts";
import type { Row } from "../lib/report.ts";
import { setting } from "../lib/settings.ts";
import { withCell } from "./with-cell.ts";

export const counter = service(`init() { return { count: 0 }; } add(n = 1) { return (this.state.count += n); }`);

/** Fewer than a cell takes, beside its warm guests. */
const count = setting("SOLO_BENCH_CELL_SERVICES", 400);
const megabyte = 1e6;
/** Engines give back what a start took of theirs only when nothing was asked of them for a while. */
const restMs = setting("SOLO_BENCH_REST_MS", 10_000);

export const memoryRows = (): Promise<readonly Row[]> =>
  withCell(async ({ kernel, process: { pid = 0 } }) => {
    const before = residentBytes(pid);
    const each = (): number => round((residentBytes(pid) - before) / count / megabyte);
    for (let n = 1; n <= count; n++) await kernel.load(counter, { service: `s${n}`, incarnation: n });
    const atOnce = each();
    await wait(restMs);
    const rested = each();
    let next = 0;
    const { any } = await inTurns(3, {
      any: async () => {
        const from = performance.now();
        for (let n = 0; n < 500; n++) await kernel.result(1 + ((next++ * 7) % count), "add");
        return ((performance.now() - from) / 500) * 1_000;
      },
    });
    for (let n = 1; n <= count; n++) await Promise.all(Array.from({ length: 50 }, () => kernel.result(n, "add")));
    const exercised = each();
    await wait(restMs);
    const exercisedRested = each();
    const { isolateMb, workerMb } = await bareIsolate("memory", count);
    const memory = (what: string, value: number): Row => ({ what, unit: "MB", figures: { value } });
    const idle = { ...memory(`… rested for ${restMs / 1_000} s`, rested), goal: "≤ 1.5" };
    return [
      memory(`resident memory per idle service of ${count}, just loaded`, atOnce),
      { ...idle, peer: { what: "an empty isolate with its context", value: isolateMb } },
      { ...idle, peer: { what: "a worker thread", value: workerMb } },
      memory("… after 50 calls to each", exercised),
      memory(`… rested for ${restMs / 1_000} s again`, exercisedRested),
      { what: `a call to one of ${count} services, threaded`, unit: "µs", figures: { value: round(any) } },
    ];
  });
