/**
 * Reads what the kernel process, its cells and the machine have left. What a system does not tell is left out: a gauge that
 * cannot be read presses nobody.
 */
import { readdir, readFile, statfs } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { type CellNumber, limits } from "../base/index.ts";
import type { Gauge } from "./pressure.ts";

/** Limits that the operator sets below those of the system. */
export interface GaugeLimits {
  readonly descriptorsMax?: number;
  readonly memoryMapsMax?: number;
  readonly processesMax?: number;
  readonly eventLoopDelayMsMax: number;
}

export interface CellCensus {
  readonly cell: CellNumber;
  readonly osPid: number | undefined;
  readonly isolates: number;
}

/** Measured: a cell with its warm guests; and one isolate more, 8 when it is idle, 10 or 11 when it has worked. */
const mapsOfEmptyCell = 200;
const mapsPerIsolate = 10;
/** The last room of a disk, above what is kept for the deaths: as long as there is more, it is not looked at. */
const diskZoneBytes = 10 * limits.diskFreeBytesMin;

export class Gauges implements Disposable {
  readonly #dataDir: string;
  readonly #limits: GaugeLimits;
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });

  constructor(dataDir: string, gaugeLimits: GaugeLimits) {
    this.#dataDir = dataDir;
    this.#limits = gaugeLimits;
    this.#delay.enable();
  }

  async read(cells: readonly CellCensus[]): Promise<readonly Gauge[]> {
    const found = await Promise.all([this.#descriptors(), this.#processes(), this.#disk(), this.#memoryMaps(cells)]);
    return [...found.flat(), this.#eventLoop(), heap()];
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
  }

  async #descriptors(): Promise<readonly Gauge[]> {
    const [open, text] = await Promise.all([namesIn("/proc/self/fd"), textOf("/proc/self/limits")]);
    const soft = Number(/^Max open files\s+(\d+)/m.exec(text)?.[1]);
    if (open === undefined || !(soft > 0)) return [];
    return [{ what: "descriptors", used: open, limit: Math.min(soft, this.#limits.descriptorsMax ?? soft) }];
  }

  /** Threads of the whole machine (or of its control group, if that has a limit), since each is a task to the system. */
  async #processes(): Promise<readonly Gauge[]> {
    const [load, threads, pids, own, ownMax] = await Promise.all([
      textOf("/proc/loadavg"),
      textOf("/proc/sys/kernel/threads-max"),
      textOf("/proc/sys/kernel/pid_max"),
      textOf("/sys/fs/cgroup/pids.current"),
      textOf("/sys/fs/cgroup/pids.max"),
    ]);
    const found: Gauge[] = [];
    const used = Number(/\/(\d+) /.exec(load)?.[1]);
    const limit = Math.min(Number(threads), Number(pids), this.#limits.processesMax ?? Number.POSITIVE_INFINITY);
    if (used > 0 && limit > 0) found.push({ what: "processes", used, limit });
    const group = { what: "processes", used: Number(own), limit: Number(ownMax) } as const;
    const fuller = found[0] === undefined || group.used / group.limit > used / limit;
    return own !== "" && group.limit > 0 && fuller ? [group] : found;
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

  /** The median of the delays since the last look: one long pause is no pressure, to be always late is. */
  #eventLoop(): Gauge {
    const used = Math.round(this.#delay.percentile(50) / 1e6);
    this.#delay.reset();
    return { what: "event_loop", used, limit: this.#limits.eventLoopDelayMsMax };
  }
}

function heap(): Gauge {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return { what: "kernel_heap", used, limit };
}

const textOf = (path: string): Promise<string> =>
  readFile(path, "utf8").then(
    (text) => text.trim(),
    () => "",
  );

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
