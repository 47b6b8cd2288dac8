/**
 * The cells that are alive, and how those that ended did, kept until the kernel has that on disk. Outlives every kernel:
 * a new one is told all of it (`begin`).
 */
import type { CellLoss, CellNumber, TenantId } from "../base/index.ts";
import {
  cellFlags,
  type DeadCell,
  imageFiles,
  type InitToKernel,
  jailedArgument,
  type LivingCell,
} from "../wire/index.ts";
import { type Cgroups, type Jail, type Libc, openMemoryFiles } from "../sandbox/index.ts";
import { FlightRecordFile } from "./flight-record.ts";
import { type ListeningSocket, listenUnix } from "./listen.ts";
import type { Machine, Usage } from "./proc.ts";
import type { Standing } from "./standing.ts";
import { WatchedChild } from "./watched-child.ts";

interface LiveCell {
  readonly cell: CellNumber;
  readonly socket: string;
  readonly listener: ListeningSocket;
  readonly child: WatchedChild;
  readonly record: FlightRecordFile | undefined;
  /** A cell belongs to one tenant, and to one tier of it, for its whole life (P1); undefined while it is nobody's. */
  owner: Owner | undefined;
}

type CellTier = "user" | "system";

interface Owner {
  readonly tenant: TenantId;
  readonly tier: CellTier;
}

export interface CellsConfig {
  readonly libc: Libc;
  readonly machine: Machine;
  /** What the kernel should hear; lost if there is none, since the next one is told by `begin`. */
  readonly tell: (message: InitToKernel) => void;
  /** Text that a cell wrote, for the log. */
  readonly note: (text: string) => void;
  /** Living cells and unacknowledged exits, together. */
  readonly cellsMax: number;
  readonly cgroups: Cgroups;
  /** Of cells in which services of a tier live; those of nobody stand with the system's. */
  readonly standings: Readonly<Record<CellTier, Standing>>;
}

/** The engine adds threads when guests hold the ones that it has. */
const cellTasksMax = 256;
const cellCpuWeight = 100;

export class Cells {
  readonly #config: CellsConfig;
  readonly #living = new Map<CellNumber, LiveCell>();
  readonly #exits = new Map<CellNumber, DeadCell>();
  readonly #makeMemory = openMemoryFiles();

  constructor(config: CellsConfig) {
    this.#config = config;
  }

  /** Answered by `cell_spawned` or `cell_exited`; a repeated request gets its first answer. */
  spawn(cell: CellNumber, rssBytesMax: number, jail: Jail): void {
    const living = this.#living.get(cell);
    const exit = this.#exits.get(cell);
    if (living !== undefined) return this.#tellSpawned(living);
    if (exit !== undefined) return this.#config.tell({ type: "cell_exited", ...exit });
    if (this.#living.size + this.#exits.size >= this.#config.cellsMax) {
      const problem = `there are ${this.#config.cellsMax} cells already`;
      return this.#config.tell({ type: "cell_exited", cell, loss: { type: "spawn", problem } });
    }
    try {
      this.#tellSpawned(this.#start(cell, rssBytesMax, jail));
    } catch (error) {
      const problem = error instanceof Error ? error.message.slice(0, 500) : String(error);
      this.#end(cell, { type: "spawn", problem });
    }
  }

  limit(cell: CellNumber, rssBytesMax: number, cpuWeight = cellCpuWeight): void {
    this.#living.get(cell)?.child.limit(rssBytesMax, cpuWeight);
  }

  /** Whose it is: remembered for the next kernel, which must not have to believe the cell. The first word counts. */
  assign(cell: CellNumber, tenant: TenantId, tier: CellTier = "user"): void {
    const living = this.#living.get(cell);
    if (living === undefined || living.owner !== undefined) return;
    living.owner = { tenant, tier };
    if (tier === "user") living.child.moveTo(this.#config.standings.user);
  }

  /** A cell that init does not know has ended before: in a life of init that is over. */
  kill(cell: CellNumber, loss: CellLoss): void {
    const living = this.#living.get(cell);
    if (living !== undefined) return living.child.kill(loss);
    this.#config.tell({ type: "cell_exited", ...(this.#exits.get(cell) ?? { cell, loss: { type: "node" } }) });
  }

  acknowledge(cell: CellNumber): void {
    this.#exits.delete(cell);
  }

  killAll(loss: CellLoss): void {
    for (const { child } of this.#living.values()) child.kill(loss);
  }

  get count(): number {
    return this.#living.size;
  }

  *children(): Generator<WatchedChild> {
    for (const { child } of this.#living.values()) yield child;
  }

  living(): readonly LivingCell[] {
    return [...this.#living.values()]
      .map(({ cell, socket, child, owner }) => ({ cell, socket, osPid: child.pid, ...owner }))
      .filter(({ osPid }) => osPid !== 0);
  }

  exits(): readonly DeadCell[] {
    return [...this.#exits.values()];
  }

  usages(): readonly ({ readonly cell: CellNumber } & Usage)[] {
    return [...this.#living.values()].map(({ cell, child }) => ({ cell, ...child.usage() }));
  }

  #start(cell: CellNumber, rssBytesMax: number, jail: Jail): LiveCell {
    const socket = `cell-${cell}.sock`;
    const listener = listenUnix(this.#config.libc, socket);
    const record = FlightRecordFile.make(this.#makeMemory, `cell-${cell}`);
    try {
      const arguments_ = jail.tier === "none" ? [] : [jailedArgument];
      const group = this.#config.cgroups.make(`cell-${cell}`, {
        memoryBytesMax: rssBytesMax,
        tasksMax: cellTasksMax,
        cpuWeight: cellCpuWeight,
      });
      using start = jail.prepare(
        (folder) => [...cellFlags, `--allow-fs-read=${folder}/`, `${folder}/${imageFiles.cell}`, ...arguments_],
        { number: cell, cgroups: group?.doors ?? [] },
      );
      const child = new WatchedChild(
        {
          start,
          listenerFd: listener.fd,
          memoryFd: record?.fd,
          rssBytesMax,
          group,
          standing: this.#config.standings.system,
        },
        this.#config.machine,
        performance.now(),
        {
          onEnd: (loss) => this.#end(cell, loss),
          onText: (text) => this.#config.note(text.replaceAll(/^(?=.)/gm, `cell ${cell}: `)),
        },
      );
      const living = { cell, socket, listener, child, record, owner: undefined };
      this.#living.set(cell, living);
      return living;
    } catch (error) {
      listener[Symbol.dispose]();
      record?.[Symbol.dispose]();
      throw error;
    }
  }

  #tellSpawned({ cell, socket, child }: LiveCell): void {
    // A process that could not be made has no pid, and its end is reported in a moment.
    if (child.pid !== 0) this.#config.tell({ type: "cell_spawned", cell, socket, osPid: child.pid });
  }

  #end(cell: CellNumber, loss: CellLoss): void {
    const { listener, record } = this.#living.get(cell) ?? {};
    const turns = record?.turnsAt(loss);
    const exit: DeadCell = { cell, loss, ...(turns === undefined ? {} : { turns }) };
    listener?.[Symbol.dispose]();
    record?.[Symbol.dispose]();
    this.#living.delete(cell);
    this.#exits.set(cell, exit);
    this.#config.tell({ type: "cell_exited", ...exit });
  }
}
