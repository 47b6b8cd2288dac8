/**
 * A connection between a kernel and a cell: in order both ways, with delays. When the kernel dies, what it had written may
 * still arrive, up to some point; what the cell had written to it is lost, and the cell keeps its reports for the next one.
 */
import type { KernelEpoch } from "../../base/index.ts";
import type { CellToKernel, KernelToCell } from "../../wire/index.ts";
import type { Random } from "./random.ts";
import type { Time } from "./time.ts";

const toCell = ["hello", "adopt", "load", "stop", "acknowledge"] as const;
export type ToCell = Extract<KernelToCell, { readonly type: (typeof toCell)[number] }>;
export type ToKernel = Extract<CellToKernel, { readonly type: "welcome" | "fenced" | "report" }>;

export const isToCell = (message: KernelToCell): message is ToCell => toCell.some((type) => type === message.type);

export interface LinkParts {
  readonly time: Time;
  readonly random: Random;
  readonly meanMs: number;
}

export interface CellEnd {
  readonly receive: (link: Link, message: ToCell) => void;
}

export interface KernelEnd {
  readonly receive: (message: ToKernel) => void;
  readonly closed: () => void;
}

export class Link {
  readonly epoch: KernelEpoch;
  readonly #parts: LinkParts;
  readonly #cell: CellEnd;
  readonly #kernel: KernelEnd;
  #toCellAt = 0;
  #toKernelAt = 0;
  #kernelAlive = true;
  #cellAlive = true;
  #closed = false;
  /** Messages under way to the cell, and how many of them still arrive after the kernel's death. */
  #underWay = 0;
  #arriving = Number.POSITIVE_INFINITY;

  constructor(epoch: KernelEpoch, parts: LinkParts, ends: { readonly cell: CellEnd; readonly kernel: KernelEnd }) {
    this.epoch = epoch;
    this.#parts = parts;
    this.#cell = ends.cell;
    this.#kernel = ends.kernel;
  }

  /** The cell's end is gone, and all that it had written was read. */
  get isClosed(): boolean {
    return this.#closed;
  }

  send(message: ToCell): void {
    if (!this.#kernelAlive || !this.#cellAlive) return;
    this.#underWay += 1;
    this.#toCellAt = this.#arrival(this.#toCellAt, () => {
      this.#underWay -= 1;
      if (this.#arriving-- > 0 && this.#cellAlive) this.#cell.receive(this, message);
    });
  }

  tell(message: ToKernel): void {
    if (!this.#cellAlive) return;
    this.#toKernelAt = this.#arrival(this.#toKernelAt, () => {
      if (this.#kernelAlive) this.#kernel.receive(message);
    });
  }

  kernelDied(): void {
    if (!this.#kernelAlive) return;
    this.#kernelAlive = false;
    this.#arriving = this.#parts.random.below(this.#underWay + 1);
  }

  /** What it had written arrives before the end does. */
  cellDied(): void {
    if (!this.#cellAlive) return;
    this.#cellAlive = false;
    this.#toKernelAt = this.#arrival(this.#toKernelAt, () => {
      this.#closed = true;
      if (this.#kernelAlive) this.#kernel.closed();
    });
  }

  /** In order: never before what was sent earlier. */
  #arrival(lastAt: number, arrive: () => void): number {
    const { time, random, meanMs } = this.#parts;
    const at = Math.max(lastAt, time.nowMs + random.wait(meanMs));
    time.after(at - time.nowMs, arrive);
    return at;
  }
}
