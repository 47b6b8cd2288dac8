/**
 * Whether deploying and killing leaks: resident memory of each process as one service is deployed from ever fresh source and
 * killed again. What is left for good shows as a slope that does not flatten; what only fills up to a bound, as one that does.
 */
import { defined, insist } from "../src/base/index.ts";
import { eventsOf } from "../test/e2e/asking.ts";
import { example, isAlive, roomy, Solo } from "../test/e2e/solo.ts";
import { kernelHeapBytes } from "./lib/heap.ts";
import { round, slopeOf } from "./lib/measure.ts";
import { processesOf, residentBytes } from "./lib/processes.ts";
import type { Benchmark, Row } from "./lib/report.ts";
import { setting } from "./lib/settings.ts";

const cycles = setting("SOLO_BENCH_CYCLES", 5_000);
const looks = 100;
const kibibyte = 1024;

interface Look {
  readonly cycle: number;
  /** Kibibytes, by process. */
  readonly resident: ReadonlyMap<string, number>;
}

export const slope: Benchmark = {
  name: "slope",
  measures: `resident memory of each process over ${cycles} cycles of deploying fresh source and killing it`,
  run: async () => {
    await using solo = await Solo.start({ config: roomy });
    const client = await solo.client("default");
    const source = (await example("counter")).toString("utf8");
    const cycle = async (n: number): Promise<void> => {
      await client.deploy({ serviceId: "cycled", code: Buffer.from(`${source}\n// ${n}\n`) });
      await client.kill({ serviceId: "cycled", force: true });
    };
    // The tenant's cell must not end for want of services.
    await client.deploy({ serviceId: "resident", code: Buffer.from(source) });
    const watched = await processesWatched(solo);
    const found: Look[] = [];
    const heap: { fifth?: number | undefined; end?: number | undefined } = {};
    const every = Math.max(1, Math.floor(cycles / looks));
    for (let n = 1; n <= cycles; n++) {
      await cycle(n);
      if (n % every === 0) found.push(look(n, watched));
      if (n === Math.ceil(cycles / 5)) heap.fifth = await kernelHeapBytes(solo);
    }
    heap.end = await kernelHeapBytes(solo);
    return [...[...watched.keys()].flatMap((name) => rowsOf(name, found)), ...heapRows(heap)];
  },
};

/** None where nobody could be asked. */
function heapRows({
  fifth,
  end,
}: {
  readonly fifth?: number | undefined;
  readonly end?: number | undefined;
}): readonly Row[] {
  if (fifth === undefined || end === undefined) return [];
  const megabytes = (bytes: number): number => round(bytes / kibibyte / kibibyte);
  return [
    {
      what: "kernel: heap at the end, all garbage collected",
      unit: "MB",
      figures: { value: megabytes(end) },
      peer: { what: "after a fifth", value: megabytes(fifth) },
    },
    {
      what: "kernel: growth of that per cycle",
      unit: "KB",
      figures: { value: round((end - fifth) / kibibyte / (cycles - Math.ceil(cycles / 5))) },
    },
  ];
}

function look(cycle: number, watched: ReadonlyMap<string, number>): Look {
  for (const [name, pid] of watched) insist(isAlive(pid), `the ${name} lives as long as the run`);
  return { cycle, resident: new Map([...watched].map(([name, pid]) => [name, residentBytes(pid) / kibibyte])) };
}

/** Those that stay: init, the kernel, the builder, and the tenant's cell. */
async function processesWatched(solo: Solo): Promise<ReadonlyMap<string, number>> {
  const [deployed] = await eventsOf(await solo.client("admin"), ["service_deployed"]);
  const all = processesOf(solo);
  const first = (role: string): readonly [string, number] => [
    role,
    defined(
      all.find((one) => one.role === role),
      role,
    ).pid,
  ];
  return new Map([
    ...["init", "kernel", "builder"].map(first),
    ["cell", solo.cellPid(Number(deployed?.payload?.["cell"]))],
  ]);
}

function rowsOf(name: string, found: readonly Look[]): readonly Row[] {
  const points = found.map(({ cycle, resident }) => ({ x: cycle, y: defined(resident.get(name), name) }));
  const growth = (how: string, from: number): Row => ({
    what: `${name}: growth per cycle, ${how}`,
    unit: "KB",
    figures: { value: round(slopeOf(points.slice(Math.floor(points.length * from)))) },
  });
  const megabytes = (point: { readonly y: number } | undefined): number => round((point?.y ?? 0) / kibibyte);
  return [
    growth("after the first fifth", 0.2),
    growth("in the last half", 0.5),
    {
      what: `${name}: resident at the end`,
      unit: "MB",
      figures: { value: megabytes(points.at(-1)) },
      peer: { what: "after a fifth", value: megabytes(points[Math.floor(points.length / 5)]) },
    },
  ];
}
