/**
 * init and the cells it started: one boot of the node. Cells outlive kernels; how they ended is kept until a kernel says
 * that it is durable.
 */
import type { CellLoss, CellNumber, IncarnationNumber, TenantId } from "../../base/index.ts";
import type { DeadCell } from "../../wire/index.ts";
import { type CellParts, SimCell } from "./cell.ts";
import type { Life } from "./life.ts";
import type { Random } from "./random.ts";
import type { Time } from "./time.ts";

/** What init tells the kernel that is up. */
export interface MachineListener {
  readonly spawned: (cell: SimCell) => void;
  readonly exited: (cell: CellNumber, loss: CellLoss, turns: DeadCell["turns"]) => void;
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
  readonly #exits = new Map<CellNumber, DeadCell>();
  /** Whose they are: kernels end, and their successors are told. */
  readonly #tenants = new Map<CellNumber, TenantId>();
  #listener: MachineListener | undefined;
  #over = false;

  constructor(boot: string, parts: MachineParts) {
    this.boot = boot;
    this.#parts = parts;
  }

  get cells(): readonly SimCell[] {
    return [...this.#cells.values()];
  }

  get exits(): readonly DeadCell[] {
    return [...this.#exits.values()];
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
      abort: ({ number: aborted }, by) => this.kill(aborted, { type: "signal", signal: "SIGTRAP" }, by),
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

  assign(number: CellNumber, tenant: TenantId): void {
    if (this.#cells.has(number)) this.#tenants.set(number, tenant);
  }

  tenantOf(number: CellNumber): TenantId | undefined {
    return this.#tenants.get(number);
  }

  /** `by`: whose turn ended it. */
  kill(number: CellNumber, loss: CellLoss, by?: IncarnationNumber): void {
    const cell = this.#cells.get(number);
    if (cell === undefined) {
      const known = this.#exits.get(number) ?? { cell: number, loss: { type: "node" } };
      return this.#tell((listener) => listener.exited(number, known.loss, known.turns));
    }
    const dead = this.#flightRecord(cell, loss, by);
    this.#cells.delete(number);
    this.#parts.ended(number, loss);
    cell.die(loss);
    this.#exits.set(number, dead);
    this.#tell((listener) => listener.exited(number, loss, dead.turns));
  }

  /** Some cells end before they have written whose turns were under way. */
  #flightRecord({ number: cell, lives }: SimCell, loss: CellLoss, by: IncarnationNumber | undefined): DeadCell {
    const { random } = this.#parts;
    if (random.chance(0.2)) return { cell, loss };
    const atWork = lives.filter(({ incarnation }) => incarnation === by || random.chance(0.2));
    return { cell, loss, turns: atWork.map(({ incarnation }) => ({ incarnation, lastedMs: random.below(1_000) })) };
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

  /** Over a pipe that breaks with the kernel. */
  #tell(news: (listener: MachineListener) => void): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#parts.time.after(this.#parts.random.wait(1), () => {
      if (this.#listener === listener) news(listener);
    });
  }
}
