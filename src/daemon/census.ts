/** What each cell's process used when init last looked: it says so about once a second. */
import type { CellNumber } from "../base/index.ts";

interface Seen {
  readonly rssBytes: number;
  readonly cpuMs: number;
}

export class Census {
  #cells: ReadonlyMap<CellNumber, Seen> = new Map();

  take(cells: readonly (Seen & { readonly cell: CellNumber })[]): void {
    this.#cells = new Map(cells.map(({ cell, rssBytes, cpuMs }) => [cell, { rssBytes, cpuMs }]));
  }

  find(cell: CellNumber): Seen | undefined {
    return this.#cells.get(cell);
  }
}
