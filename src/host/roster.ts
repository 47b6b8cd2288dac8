/** Which cells there are, whose they are, and what was placed where. A cell belongs to one tenant for its whole life (P1). */
import {
  type CellNumber,
  type IncarnationNumber,
  insist,
  resourceLimitsDefault,
  type TenantId,
} from "../base/index.ts";
import type { Cell, Held, Tier } from "./cell.ts";

export class Roster {
  readonly #cells = new Map<CellNumber, Cell>();
  readonly #byTenant = new Map<TenantId, Set<Cell>>();
  readonly #placed = new Map<string, Cell>();
  readonly #changed: (tenant: TenantId) => void;

  /** `changed`: the tenant's cells hold other incarnations than before. */
  constructor(changed: (tenant: TenantId) => void = () => undefined) {
    this.#changed = changed;
  }

  get all(): readonly Cell[] {
    return [...this.#cells.values()];
  }

  find(number: CellNumber): Cell | undefined {
    return this.#cells.get(number);
  }

  of(tenant: TenantId): readonly Cell[] {
    return [...(this.#byTenant.get(tenant) ?? [])];
  }

  /** Where the incarnation was placed. */
  at(tenant: TenantId, incarnation: IncarnationNumber): Cell | undefined {
    return this.#placed.get(keyOf(tenant, incarnation));
  }

  add(cell: Cell): void {
    this.#cells.set(cell.number, cell);
  }

  give(cell: Cell, tenant: TenantId, tier: Tier): void {
    insist(cell.tenant === undefined || cell.tenant === tenant, "a cell keeps its tenant");
    cell.tenant = tenant;
    cell.tier = tier;
    const own = this.#byTenant.get(tenant) ?? new Set();
    this.#byTenant.set(tenant, own.add(cell));
  }

  place(cell: Cell, tenant: TenantId, held: Held): void {
    insist(!cell.held.has(held.incarnation), "an incarnation is placed once");
    cell.held.set(held.incarnation, held);
    cell.cpuShares += sharesOf(held);
    this.#placed.set(keyOf(tenant, held.incarnation), cell);
    this.#changed(tenant);
  }

  unplace(cell: Cell, tenant: TenantId, { incarnation }: Held): void {
    const held = cell.held.get(incarnation);
    if (held !== undefined) cell.cpuShares -= sharesOf(held);
    cell.held.delete(incarnation);
    this.#placed.delete(keyOf(tenant, incarnation));
    this.#changed(tenant);
  }

  /** The cell is gone, and nothing is left in it. */
  remove(cell: Cell): void {
    this.#cells.delete(cell.number);
    if (cell.tenant === undefined) return;
    const own = this.#byTenant.get(cell.tenant);
    own?.delete(cell);
    if (own?.size === 0) this.#byTenant.delete(cell.tenant);
  }
}

/** The state may not know what an incarnation of an earlier kernel's runs: it counts as any other. */
const sharesOf = ({ release }: Held): number => release?.limits.cpuShares ?? resourceLimitsDefault.cpuShares;

const keyOf = (tenant: TenantId, incarnation: IncarnationNumber): string => `${tenant}/${incarnation}`;
