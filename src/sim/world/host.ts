/**
 * The host of a simulated kernel: the real cells, over simulated time, links and machine. What a dead kernel's host still does
 * reaches nobody.
 */
import {
  type CellLoss,
  type CellNumber,
  defined,
  type EventId,
  type IncarnationNumber,
  insist,
  type KernelEpoch,
  limits,
  type ServiceId,
  type TenantId,
} from "../../base/index.ts";
import { Cells, type Channel, type Connect } from "../../host/index.ts";
import type { Effect, Found, Input, Release, Resident, Unplaced } from "../../kernel/index.ts";
import type { DeadCell, KernelToCell, LivingCell } from "../../wire/index.ts";
import type { SimCell } from "./cell.ts";
import { isToCell, type LinkParts, Link, type ToKernel } from "./link.ts";
import type { Machine } from "./machine.ts";
import type { Time } from "./time.ts";

export interface HostParts {
  readonly epoch: KernelEpoch;
  readonly warmCells: number;
  readonly time: Time;
  readonly machine: Machine;
  readonly link: LinkParts;
  /** Hands an input to the kernel; resolves when its events are durable, never if the kernel dies first. */
  readonly submit: (input: Input) => Promise<void>;
  /** A seam at which the kernel may die. False: it did, or has before. */
  readonly goOn: (point: string) => boolean;
  readonly alive: () => boolean;
  readonly heardEnd: (tenant: TenantId, incarnation: IncarnationNumber) => void;
  /** What a cell holds, as the state knows it. */
  readonly residents: (cell: CellNumber) => readonly Resident[];
  /** The living of which the state does not know the cell. */
  readonly unplaced: () => readonly Unplaced[];
  readonly releaseOf: (tenant: TenantId, service: ServiceId) => Release | undefined;
  readonly deployedBy: (tenant: TenantId, service: ServiceId) => EventId | undefined;
  /** How long it takes to find a stack's lines. */
  readonly traceMs: () => number;
  readonly fail: (error: unknown) => void;
}

type CellListener = Parameters<Connect>[1];

const nothing = new Uint8Array(0);
/** What no simulated cell runs: it is known by its release alone. */
const artifact = new TextEncoder().encode('{"environment":{}}');

export class Host {
  readonly #parts: HostParts;
  readonly #cells: Cells;
  readonly #processes = new Map<string, SimCell>();
  readonly #links = new Set<Link>();
  #shuttingDown = false;

  constructor(parts: HostParts) {
    this.#parts = parts;
    const { epoch, time, machine, alive, goOn } = parts;
    const living = (act: () => void): void => {
      if (alive()) act();
    };
    this.#cells = new Cells({
      epoch,
      settings: {
        warmCells: parts.warmCells,
        servicesPerCellMax: limits.isolatesPerCellMax,
        cellRssBytesMax: 1024 ** 3,
        systemCell: { rssBytesMax: 4 * 1024 ** 3, cpuWeight: 400 },
        emptyMsMax: 60_000,
      },
      // Simulated guests call nobody, and nobody calls them.
      router: { add: () => undefined, remove: () => undefined, callFrom: () => undefined, passOn: () => undefined },
      init: {
        spawn: (cell) => living(() => machine.spawn(cell)),
        limit: () => undefined,
        assign: (cell, tenant) => living(() => machine.assign(cell, tenant)),
        kill: (cell, loss) => living(() => machine.kill(cell, loss)),
        acknowledgeExit: (cell) => {
          if (goOn("before acknowledging an exit")) machine.acknowledge(cell);
        },
      },
      submit: (input) => {
        const submitted = parts.submit(input);
        submitted.catch(parts.fail);
        return submitted;
      },
      artifact: async () => artifact,
      trace: (_tenant, _service, _release, stack) => time.pause(parts.traceMs()).then(() => stack),
      log: () => undefined,
      releaseOf: parts.releaseOf,
      residents: parts.residents,
      unplaced: parts.unplaced,
      deployedBy: parts.deployedBy,
      timing: { nowMs: () => time.nowMs, after: (ms, run) => time.after(ms, () => living(run)) },
      connect: (socket, listener) => this.#connect(socket, listener),
    });
  }

  /** See `Cells.adopt`. */
  adopt(living: readonly SimCell[]): Promise<Pick<Found, "survivors" | "exits">> {
    return this.#cells.adopt(living.map((process) => this.#known(process)));
  }

  /** The kernel has taken `booted`: reports may flow. */
  begin(): void {
    this.#cells.begin();
  }

  start(effect: Extract<Effect, { readonly type: "start" }>): void {
    this.#cells.start(effect);
  }

  stop(effect: Extract<Effect, { readonly type: "stop" }>): void {
    this.#cells.stop(effect);
  }

  shutDown(withinMs: number): ReturnType<Cells["shutDown"]> {
    this.#shuttingDown = true;
    return this.#cells.shutDown(withinMs);
  }

  retire(tenant: TenantId): Promise<void> {
    return this.#cells.retire(tenant);
  }

  spawned(process: SimCell): void {
    this.#cells.spawned(this.#known(process));
  }

  exited(cell: CellNumber, loss: CellLoss, turns: DeadCell["turns"]): void {
    this.#cells.exited(cell, loss, turns);
  }

  kernelDied(): void {
    for (const link of this.#links) link.kernelDied();
  }

  /** An input that does not come from our cells. */
  hear(input: Input): void {
    if (this.#shuttingDown || !this.#parts.alive()) return;
    this.#parts.submit(input).catch(this.#parts.fail);
  }

  /** As init tells of it. */
  #known(process: SimCell): LivingCell {
    const socket = `cell-${process.number}`;
    this.#processes.set(socket, process);
    const tenant = this.#parts.machine.tenantOf(process.number);
    const known = { cell: process.number, socket, osPid: process.number };
    return tenant === undefined ? known : { ...known, tenant };
  }

  #connect(socket: string, listener: CellListener): Channel<KernelToCell> {
    const { epoch, goOn } = this.#parts;
    const process = defined(this.#processes.get(socket), "a process that init told of");
    let isClosed = false;
    const close = (): void => {
      if (isClosed) return;
      isClosed = true;
      link.kernelDied();
      this.#links.delete(link);
      listener.onClosed({ why: "ended" });
    };
    const link = new Link(epoch, this.#parts.link, {
      cell: process,
      kernel: {
        receive: (message) => {
          this.#note(process, message);
          listener.onMessage(message, nothing);
        },
        closed: close,
      },
    });
    process.connect(link);
    this.#links.add(link);
    return {
      get isClosed() {
        return isClosed;
      },
      unreadBytes: 0,
      drained: Promise.resolve(),
      send: (message) => {
        if (isClosed) return false;
        if (message.type === "acknowledge" && !goOn("before acknowledging a report")) return false;
        insist(isToCell(message), "what simulated cells are not told");
        link.send(message);
        return true;
      },
      [Symbol.dispose]: close,
    };
  }

  #note(process: SimCell, message: ToKernel): void {
    const tenant = this.#parts.machine.tenantOf(process.number);
    if (tenant === undefined || message.type !== "report" || message.report.type !== "ended") return;
    this.#parts.heardEnd(tenant, message.report.incarnation);
  }
}
