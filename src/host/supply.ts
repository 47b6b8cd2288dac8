/**
 * The supply of cells: has new ones made, keeps a few ready that are nobody's yet (they are jailed and started already), and
 * chooses one for a tenant: its own, a warm one, a new one.
 *
 * Warm cells that do not last are replaced after a pause, longer each time: on a machine where none can start, the attempts
 * must not become its work.
 */
import {
  backoffMs,
  cellNumber,
  type Intensity,
  type KernelEpoch,
  recentRestarts,
  type TenantId,
} from "../base/index.ts";
import { Cell, type Tier } from "./cell.ts";
import type { CellsPowers } from "./cells-powers.ts";
import type { Roster } from "./roster.ts";
import type { Timing } from "./timing.ts";

export interface SupplyPowers {
  readonly epoch: KernelEpoch;
  readonly settings: CellsPowers["settings"];
  readonly spawn: CellsPowers["init"]["spawn"];
  readonly assign: CellsPowers["init"]["assign"];
  readonly roster: Roster;
  readonly timing: Timing;
}

const pause = { firstMs: 100, factor: 2, waitMsMax: 30_000 };
/** Losses that count for the pause. */
const recently: Intensity = { restartsMax: 16, withinMs: 120_000 };

export class Supply {
  readonly #powers: SupplyPowers;
  #spawned = 0;
  #warming = false;
  /** When warm cells were lost; bounded. */
  #losses: readonly number[] = [];
  #pausing = false;

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

  /** The cell in which the tenant's next incarnation of this tier is placed: system services are kept apart. */
  cellFor(tenant: TenantId, tier: Tier): Cell {
    const { roster, settings } = this.#powers;
    for (const cell of roster.of(tenant)) {
      if (cell.tier !== tier || cell.sealed) continue;
      if (cell.phase.name !== "lost" && cell.held.size < settings.servicesPerCellMax) return cell;
    }
    const warm = this.#warm();
    const cell = warm.find(({ phase }) => phase.name === "open") ?? warm[0] ?? this.#spawn();
    roster.give(cell, tenant, tier);
    this.#powers.assign(cell.number, tenant, tier);
    if (cell.phase.name === "open") cell.phase.link.send({ type: "adopt", tenant });
    this.keepWarm();
    return cell;
  }

  keepWarm(): void {
    if (!this.#warming || this.#pausing) return;
    for (let warm = this.#warm().length; warm < this.#powers.settings.warmCells; warm++) this.#spawn();
  }

  /** Ready ones beyond those that are kept: an earlier kernel's, which had not answered when others were made in their place. */
  get surplus(): readonly Cell[] {
    if (!this.#warming) return [];
    const ready = this.#warm().filter(({ phase }) => phase.name === "open");
    return ready.slice(this.#powers.settings.warmCells);
  }

  /** A cell was lost: if it was nobody's yet, the next one waits. */
  lost(cell: Cell): void {
    if (cell.tenant !== undefined) return;
    const now = this.#powers.timing.nowMs();
    this.#losses = [...recentRestarts(this.#losses, recently, now), now].slice(-recently.restartsMax);
    if (this.#pausing) return;
    this.#pausing = true;
    this.#powers.timing.after(backoffMs(pause, this.#losses.length), () => {
      this.#pausing = false;
      this.keepWarm();
    });
  }

  #warm(): readonly Cell[] {
    return this.#powers.roster.all.filter(({ tenant, phase, origin }) => {
      // One that an earlier kernel left is anybody's until it has said whose it is.
      return tenant === undefined && (phase.name === "open" || (phase.name !== "lost" && origin === "made"));
    });
  }

  #spawn(): Cell {
    // Epochs never repeat, so neither do the numbers that kernels give to cells.
    const cell = new Cell(cellNumber(this.#powers.epoch * 1_000_000 + ++this.#spawned));
    this.#powers.roster.add(cell);
    this.#powers.spawn(cell.number, this.#powers.settings.cellRssBytesMax);
    return cell;
  }
}
