/** Starts within a cell: of a service, and of a process within a service, beside what Elixir starts. */
import { setTimeout as wait } from "node:timers/promises";
import { bareIsolate } from "../lib/bare-isolate.ts";
import { besideElixir, type GenServerFigures } from "../lib/elixir.ts";
import { median, round } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import { setting } from "../lib/settings.ts";
import { counter } from "./memory.ts";
import { withCell } from "./with-cell.ts";

/** By then the cell has made the warm guests that it keeps: it does so when nothing else is to do, and tells nobody. */
const refilledMs = 120;

const count = setting("SOLO_BENCH_STARTS", 30);

const spawner = `
  import { Service } from "solo:service";
  class Child extends Service { init() { return { count: 0 }; } add(n) { return (this.state.count += n); } }
  export default class Spawner extends Service {
    async spawns(count) {
      const from = performance.now();
      for (let i = 0; i < count; i++) {
        const child = await this.spawn(Child);
        await child.call.add(1);
        this.stop(child);
      }
      return performance.now() - from;
    }
  }`;

export const startRows = (beam: GenServerFigures): Promise<readonly Row[]> =>
  withCell(async ({ kernel }) => {
    const starts: number[] = [];
    for (let n = 1; n <= count; n++) {
      await wait(refilledMs);
      const from = performance.now();
      kernel.order(counter, { service: `w${n}`, incarnation: n });
      await kernel.begun(n);
      await kernel.result(n, "add");
      starts.push(performance.now() - from);
    }
    const id = await kernel.load(spawner, { service: "spawner", incarnation: 1_000 });
    const spawns: number[] = [];
    for (let i = 0; i < 20; i++) spawns.push((((await kernel.result(id, "spawns", 20)) as number) / 20) * 1_000);
    const spawn: Row = {
      what: "process within a service: spawn, first reply, stop",
      unit: "µs",
      figures: { value: round(median(spawns)) },
    };
    const bare = besideElixir(beam, "spawn", "BEAM process spawn");
    const isolate = await bareIsolate("start");
    const load: Row = {
      what: "load → first reply, warm",
      unit: "ms",
      figures: { value: round(median(starts)) },
      goal: "≤ 2",
    };
    return [
      { ...load, peer: { what: "the same class run in a bare isolate that waits", value: isolate.waitingMs } },
      { ...load, peer: { what: "… in one that is made for it", value: isolate.madeMs } },
      { ...spawn, ...besideElixir(beam, "start", "GenServer start and call") },
      // The bare process of the machine that Elixir runs on: nothing of ours is as small.
      ...(bare.peer === undefined ? [] : [{ ...spawn, ...bare }]),
    ];
  });
