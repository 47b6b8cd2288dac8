/**
 * What each cell weighs on the processor. Every tenant weighs the same beside the others, however much it runs: its weight is
 * divided among its cells, in proportion to the `cpu_shares` that the incarnations in each of them hold. So `cpu_shares` move
 * time between the services of a tenant, in one cell or in several, and never take any of another tenant's. Cells of system
 * services are divided the same way, out of a weight of their own.
 *
 * The weight of a cell that has nothing to do is nobody's: a tenant may get less than its part for that, never more.
 */
import type { TenantId } from "../base/index.ts";
import type { Cell } from "./cell.ts";
import type { CellLimits, CellsPowers } from "./cells-powers.ts";
import type { Roster } from "./roster.ts";

export interface WeightsPowers {
  readonly roster: Pick<Roster, "of">;
  readonly settings: Pick<CellsPowers["settings"], "cellRssBytesMax" | "systemCell">;
  readonly limit: CellsPowers["init"]["limit"];
}

/** One ordinary share: what a cell that is its tenant's only one weighs. */
const tenantCpuWeight = 100;

export class Weights {
  readonly #powers: WeightsPowers;

  constructor(powers: WeightsPowers) {
    this.#powers = powers;
  }

  /** What the tenant's cells hold has changed: init is told what that means for each of them, if it means anything. */
  review(tenant: TenantId): void {
    const { roster, settings } = this.#powers;
    const cells = roster.of(tenant).filter(({ phase }) => phase.name !== "lost");
    const byTier = Map.groupBy(cells, ({ tier }) => tier);
    this.#divide(byTier.get("user") ?? [], { rssBytesMax: settings.cellRssBytesMax, cpuWeight: tenantCpuWeight });
    this.#divide(byTier.get("system") ?? [], settings.systemCell);
  }

  #divide(cells: readonly Cell[], { rssBytesMax, cpuWeight: whole }: CellLimits): void {
    const shares = cells.reduce((sum, cell) => sum + cell.cpuShares, 0);
    for (const cell of cells) {
      const part = shares === 0 ? 1 / cells.length : cell.cpuShares / shares;
      // No cell weighs nothing: so a tenant of many cells with few shares each has a little more than its part.
      const cpuWeight = Math.max(1, Math.round(whole * part));
      if (cell.cpuWeight === cpuWeight) continue;
      cell.cpuWeight = cpuWeight;
      this.#powers.limit(cell.number, { rssBytesMax, cpuWeight });
    }
  }
}
