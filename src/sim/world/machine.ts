/**
 * init and the cells it started: one boot of the node. Cells outlive kernels; how they ended is kept until a kernel says
 * that it is durable.
 */
import type { CellLoss, CellNumber } from "../../base/index.ts";
import { type CellParts, SimCell } from "./cell.ts";
import type { Life } from "./life.ts";
import type { Random } from "./random.ts";
import type { Time } from "./time.ts";

/** What init tells the kernel that is up. */
export interface MachineListener {
  readonly spawned: (cell: SimCell) => void;
  readonly exited: (cell: CellNumber, loss: CellLoss) => void;
}

export interface MachineParts {
  readonly time: Time;
  readonly random: Random;
  readonly cell: Omit<CellParts, "time" | "abort">;
  readonly ended: (cell: CellNumber, loss: CellLoss) => void;
}

export class Machine {
  readonly boot: string;
  readonly #parts: MachineParts;
  readonly #cells = new Map<CellNumber, SimCell>();
  readonly #exits = new Map<CellNumber, CellLoss>();
  #listener: MachineListener | undefined;
  #over = false;

  constructor(boot: string, parts: MachineParts) {
    this.boot = boot;
    this.#parts = parts;
  }

  get cells(): readonly SimCell[] {
    return [...this.#cells.values()];
  }

  get exits(): readonly { readonly cell: CellNumber; readonly loss: CellLoss }[] {
    return Array.from(this.#exits, ([cell, loss]) => ({ cell, loss }));
  }

  get lives(): readonly Life[] {
    return this.cells.flatMap((cell) => cell.lives);
  }

  /** The kernel that is up, if one is. */
  listen(listener: MachineListener | undefined): void {
    this.#listener = listener;
  }

  /** The process is there at once; whether it could be started shows a little later. */
  spawn(number: CellNumber): void {
    if (this.#over) return;
    const { time, random } = this.#parts;
    const cell = new SimCell(number, {
      time,
      ...this.#parts.cell,
      abort: ({ number: aborted }) => this.kill(aborted, { type: "signal", signal: "SIGTRAP" }),
    });
    this.#cells.set(number, cell);
    time.after(random.wait(20), () => {
      if (this.#cells.get(number) !== cell) return;
      if (!this.#parts.cell.guests.calm && random.chance(0.01)) {
        return this.kill(number, { type: "spawn", problem: "no more processes" });
      }
      this.#tell((listener) => listener.spawned(cell));
    });
  }

  kill(number: CellNumber, loss: CellLoss): void {
    const cell = this.#cells.get(number);
    if (cell === undefined) {
      const known = this.#exits.get(number) ?? { type: "node" };
      return this.#tell((listener) => listener.exited(number, known));
    }
    this.#cells.delete(number);
    this.#parts.ended(number, loss);
    cell.die(loss);
    this.#exit(number, loss);
  }

  /** It burns its CPU; init notices after a while. */
  hang(number: CellNumber): void {
    this.#cells.get(number)?.hang();
    this.#parts.time.after(2_000, () => {
      if (this.#cells.has(number)) this.kill(number, { type: "hang", silentMs: 2_000 });
    });
  }

  acknowledge(number: CellNumber): void {
    this.#exits.delete(number);
  }

  /** The power went, or init ended everything: nothing of this boot is left. */
  end(): void {
    this.#over = true;
    this.#listener = undefined;
    for (const cell of this.#cells.values()) cell.die({ type: "node" });
    this.#cells.clear();
  }

  #exit(number: CellNumber, loss: CellLoss): void {
    this.#exits.set(number, loss);
    this.#tell((listener) => listener.exited(number, loss));
  }

  /** Over a pipe that breaks with the kernel. */
  #tell(news: (listener: MachineListener) => void): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#parts.time.after(this.#parts.random.wait(1), () => {
      if (this.#listener === listener) news(listener);
    });
  }
}
