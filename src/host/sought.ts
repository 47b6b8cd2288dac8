/**
 * Incarnations that start or stop, of which the log does not say in which cell, while cells of an earlier kernel have not
 * answered: one of these may hold them. Until each that might has said what it holds, or has ended, they count as alive, and
 * nothing is started in their place; what they are told waits.
 */
import type { IncarnationNumber, TenantId } from "../base/index.ts";
import type { Survivor, Unplaced } from "../kernel/index.ts";
import type { KernelToCell } from "../wire/index.ts";
import type { Cell } from "./cell.ts";

export type StopOrder = Extract<KernelToCell, { readonly type: "stop" }>;

interface Place {
  readonly tenant: TenantId;
  readonly incarnation: IncarnationNumber;
}

interface Entry extends Place {
  readonly cells: Set<Cell>;
  order: StopOrder | undefined;
}

export class Sought {
  readonly #entries = new Map<string, Entry>();

  /** `late`: cells that have not answered. Returns what may be in them. */
  seek(unplaced: readonly Unplaced[], late: readonly Cell[]): readonly Survivor[] {
    const survivors: Survivor[] = [];
    for (const { tenant, service, incarnation, phase } of unplaced) {
      const cells = new Set(late.filter((cell) => cell.tenant === undefined || cell.tenant === tenant));
      const [first] = cells;
      if (first === undefined) continue;
      this.#entries.set(keyOf({ tenant, incarnation }), { tenant, incarnation, cells, order: undefined });
      survivors.push({ tenant, service, incarnation, cell: first.number, phase });
    }
    return survivors;
  }

  /** To be told when it is found. False: it is not sought. */
  tell(at: Place, order: StopOrder): boolean {
    const entry = this.#entries.get(keyOf(at));
    if (entry !== undefined) entry.order = order;
    return entry !== undefined;
  }

  /** A cell holds it: it is sought no more. */
  find(at: Place): { readonly order: StopOrder | undefined } | undefined {
    const entry = this.#entries.get(keyOf(at));
    this.#entries.delete(keyOf(at));
    return entry;
  }

  /** It has said what it holds, or has ended. Returns what no cell can hold any more. */
  heard(cell: Cell): readonly Place[] {
    const missing: Place[] = [];
    for (const [key, entry] of this.#entries) {
      if (!entry.cells.delete(cell) || entry.cells.size > 0) continue;
      this.#entries.delete(key);
      missing.push(entry);
    }
    return missing;
  }
}

const keyOf = ({ tenant, incarnation }: Place): string => `${tenant}/${incarnation}`;
