/**
 * The supply of cells: has new ones made, keeps a few ready that are nobody's yet (they are jailed and started already), and
 * chooses one for a tenant: its own, a warm one, a new one.
 */
import { cellNumber, type KernelEpoch, limits, type TenantId } from "../base/index.ts";
import { Cell } from "./cell.ts";
import type { CellsPowers } from "./cells-powers.ts";
import type { Roster } from "./roster.ts";

export interface SupplyPowers {
  readonly epoch: KernelEpoch;
  readonly settings: CellsPowers["settings"];
  readonly spawn: CellsPowers["init"]["spawn"];
  readonly roster: Roster;
}

export class Supply {
  readonly #powers: SupplyPowers;
  #spawned = 0;
  #warming = false;

  constructor(powers: SupplyPowers) {
    this.#powers = powers;
  }

  /** From now on some are kept ready. */
  begin(): void {
    this.#warming = true;
    this.keepWarm();
  }

  end(): void {
    this.#warming = false;
  }

  /** The cell in which the tenant's next incarnation is placed. */
  cellFor(tenant: TenantId): Cell {
    const { roster } = this.#powers;
    for (const cell of roster.of(tenant)) {
      if (cell.phase.name !== "lost" && cell.held.size < limits.isolatesPerCellMax) return cell;
    }
    const warm = this.#warm();
    const cell = warm.find(({ phase }) => phase.name === "open") ?? warm[0] ?? this.#spawn();
    roster.give(cell, tenant);
    if (cell.phase.name === "open") cell.phase.link.send({ type: "adopt", tenant });
    this.keepWarm();
    return cell;
  }

  keepWarm(): void {
    if (!this.#warming) return;
    for (let warm = this.#warm().length; warm < this.#powers.settings.warmCells; warm++) this.#spawn();
  }

  #warm(): readonly Cell[] {
    return this.#powers.roster.all.filter((cell) => cell.tenant === undefined && cell.phase.name !== "lost");
  }

  #spawn(): Cell {
    // Epochs never repeat, so neither do the numbers that kernels give to cells.
    const cell = new Cell(cellNumber(this.#powers.epoch * 1_000_000 + ++this.#spawned));
    this.#powers.roster.add(cell);
    this.#powers.spawn(cell.number, this.#powers.settings.cellRssBytesMax);
    return cell;
  }
}
