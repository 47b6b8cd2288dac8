/** The processes that there are, whose they are, and how many isolates each holds. */
import type { CellNumber, TenantId } from "../base/index.ts";
import type { Cell, Tier } from "./cell.ts";

/** A cell as the census has it. */
export interface CensusRow {
  readonly cell: CellNumber;
  readonly osPid: number | undefined;
  readonly tenant: TenantId | undefined;
  readonly tier: Tier;
  readonly phase: Cell["phase"]["name"];
  readonly isolates: number;
}

export const rowOf = ({ number, osPid, tenant, tier, phase, held }: Cell): CensusRow => ({
  cell: number,
  osPid,
  tenant,
  tier,
  phase: phase.name,
  isolates: held.size,
});
