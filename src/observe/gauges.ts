/**
 * Reads what the processes of Solo and the machine have left. What a system does not tell is left out: a gauge that cannot be
 * read presses nobody. Where several limits bound the same, the one that is nearest counts.
 */
import { readdir, statfs } from "node:fs/promises";
import process from "node:process";
import { getHeapStatistics } from "node:v8";
import { type CellNumber, limits } from "../base/index.ts";
import { Lateness } from "./lateness.ts";
import { memoryOf, tasksOf, textOf } from "./group-use.ts";
import { findOwnGroups, type GroupSources } from "./own-groups.ts";
import { type Gauge, percentOf } from "./pressure.ts";

/** Limits that the operator sets below those of the system. */
export interface GaugeLimits {
  readonly descriptorsMax?: number;
  /** Resident memory of Solo's processes together. */
  readonly memoryBytesMax?: number;
  readonly memoryMapsMax?: number;
  readonly processesMax?: number;
  readonly eventLoopDelayMsMax: number;
}

export interface CellCensus {
  readonly cell: CellNumber;
  readonly osPid: number | undefined;
  readonly isolates: number;
}

/** What init says of itself and those beside it. */
export interface InitUse {
  /** Resident memory of all processes but this one and the cells. */
  readonly rssBytes: number;
  /** init's own: it holds some for each cell. */
  readonly descriptors: number;
  readonly descriptorsMax: number;
}

export interface NodeCensus {
  readonly cells: readonly CellCensus[];
  /** Resident memory of all cells. */
  readonly cellsRssBytes: number;
  /** Undefined until init has said it. */
  readonly init: InitUse | undefined;
}

/** Measured: a cell with its warm guests; and one isolate more, 8 when it is idle, 10 or 11 when it has worked. */
const mapsOfEmptyCell = 200;
const mapsPerIsolate = 10;
/** The last room of a disk, above what is kept for the deaths: as long as there is more, it is not looked at. */
const diskZoneBytes = 10 * limits.diskFreeBytesMin;
/** How often the event loop is looked at. */
const turnEveryMs = 20;

export class Gauges implements Disposable {
  readonly #dataDir: string;
  readonly #limits: GaugeLimits;
  readonly #lateness = new Lateness(turnEveryMs, performance.now());
  readonly #turns: NodeJS.Timeout;

  constructor(dataDir: string, gaugeLimits: GaugeLimits) {
    this.#dataDir = dataDir;
    this.#limits = gaugeLimits;
    this.#turns = setInterval(() => this.#lateness.came(performance.now()), turnEveryMs);
    this.#turns.unref();
  }

  async read(census: NodeCensus): Promise<readonly Gauge[]> {
    const [mountinfo, cgroup] = await Promise.all([textOf("/proc/self/mountinfo"), textOf("/proc/self/cgroup")]);
    const found = await Promise.all([
      this.#descriptors(census.init),
      this.#processes({ mountinfo, cgroup }),
      this.#memory({ mountinfo, cgroup }, census),
      this.#disk(),
      this.#memoryMaps(census.cells),
    ]);
    return [...found.flat(), this.#eventLoop(), heap()];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#turns);
  }

  async #descriptors(init: InitUse | undefined): Promise<readonly Gauge[]> {
    const [open, text] = await Promise.all([namesIn("/proc/self/fd"), textOf("/proc/self/limits")]);
    const soft = Number(/^Max open files\s+(\d+)/m.exec(text)?.[1]);
    const most = this.#limits.descriptorsMax ?? Number.POSITIVE_INFINITY;
    const own: Gauge = { what: "descriptors", used: open ?? Number.NaN, limit: Math.min(soft, most) };
    if (init === undefined) return fullest([own]);
    return fullest([own, { ...own, used: init.descriptors, limit: Math.min(init.descriptorsMax, most) }]);
  }

  /** Threads, since each is a task to the system: of the whole machine, and of our control groups. */
  async #processes(sources: GroupSources): Promise<readonly Gauge[]> {
    const [load, threads, pids, groups] = await Promise.all([
      textOf("/proc/loadavg"),
      textOf("/proc/sys/kernel/threads-max"),
      textOf("/proc/sys/kernel/pid_max"),
      Promise.all(findOwnGroups(sources, "pids").map(tasksOf)),
    ]);
    const used = Number(/\/(\d+) /.exec(load)?.[1]);
    const limit = Math.min(Number(threads), Number(pids), this.#limits.processesMax ?? Number.POSITIVE_INFINITY);
    return fullest([{ what: "processes", used, limit }, ...groups]);
  }

  /** Of the whole machine, of our control groups, and of Solo's own processes where the operator bounds them. */
  async #memory(sources: GroupSources, { init, cellsRssBytes }: NodeCensus): Promise<readonly Gauge[]> {
    const [text, groups] = await Promise.all([
      textOf("/proc/meminfo"),
      Promise.all(findOwnGroups(sources, "memory").map(memoryOf)),
    ]);
    const limit = bytesIn(text, "MemTotal");
    const machine: Gauge = { what: "memory", used: limit - bytesIn(text, "MemAvailable"), limit };
    const own: Gauge = {
      what: "memory",
      used: process.memoryUsage.rss() + cellsRssBytes + (init?.rssBytes ?? 0),
      limit: this.#limits.memoryBytesMax ?? Number.NaN,
    };
    return fullest([machine, own, ...groups]);
  }

  async #disk(): Promise<readonly Gauge[]> {
    try {
      const { bavail, bsize } = await statfs(this.#dataDir);
      const spare = bavail * bsize - limits.diskFreeBytesMin;
      return [
        { what: "disk", used: Math.max(0, Math.min(diskZoneBytes, diskZoneBytes - spare)), limit: diskZoneBytes },
      ];
    } catch {
      return [];
    }
  }

  /** Estimated, and counted only where the estimate comes near: to count them takes the system milliseconds. */
  async #memoryMaps(cells: readonly CellCensus[]): Promise<readonly Gauge[]> {
    const most = Number(await textOf("/proc/sys/vm/max_map_count"));
    const limit = Math.min(most > 0 ? most : Number.POSITIVE_INFINITY, this.#limits.memoryMapsMax ?? most);
    if (!(limit > 0)) return [];
    return Promise.all(
      cells.map(async ({ cell, osPid, isolates }): Promise<Gauge> => {
        const estimate = mapsOfEmptyCell + isolates * mapsPerIsolate;
        const near = osPid !== undefined && estimate > limit / 2;
        const used = near ? ((await countMaps(osPid)) ?? estimate) : estimate;
        return { what: "memory_maps", used, limit, cell };
      }),
    );
  }

  #eventLoop(): Gauge {
    const used = Math.round(this.#lateness.take(performance.now()));
    return { what: "event_loop", used, limit: this.#limits.eventLoopDelayMsMax };
  }
}

function heap(): Gauge {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return { what: "kernel_heap", used, limit };
}

/** Of those that could be read. */
function fullest(gauges: readonly Gauge[]): readonly Gauge[] {
  const [first] = gauges
    .filter(({ used, limit }) => Number.isFinite(used) && used >= 0 && Number.isFinite(limit) && limit > 0)
    .toSorted((a, b) => percentOf(b) - percentOf(a));
  return first === undefined ? [] : [first];
}

/** A line of /proc/meminfo. */
const bytesIn = (meminfo: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(meminfo)?.[1]) * 1_024;

const namesIn = (path: string): Promise<number | undefined> =>
  readdir(path).then(
    ({ length }) => length,
    () => undefined,
  );

/** Of the process, or of the one below it that has most: a jail's own process is small. */
async function countMaps(pid: number, depthMax = 3): Promise<number | undefined> {
  const [text, children] = await Promise.all([
    textOf(`/proc/${pid}/maps`),
    textOf(`/proc/${pid}/task/${pid}/children`),
  ]);
  let most = text === "" ? undefined : text.split("\n").length;
  if (depthMax === 0) return most;
  for (const child of children.split(" ").map(Number)) {
    if (!(child > 0)) continue;
    const maps = await countMaps(child, depthMax - 1);
    if (maps !== undefined && (most === undefined || maps > most)) most = maps;
  }
  return most;
}
