/** What each cell's process, and init itself, used when init last looked: it says so about once a second. */
import type { CellNumber } from "../base/index.ts";
import type { InitUse } from "../observe/index.ts";

interface Seen {
  readonly rssBytes: number;
  readonly cpuMs: number;
}

export class Census {
  #cells: ReadonlyMap<CellNumber, Seen> = new Map();
  #init: InitUse | undefined;

  take(cells: readonly (Seen & { readonly cell: CellNumber })[], init: InitUse | undefined): void {
    this.#cells = new Map(cells.map(({ cell, rssBytes, cpuMs }) => [cell, { rssBytes, cpuMs }]));
    this.#init = init;
  }

  /** Undefined until it has said so. */
  get init(): InitUse | undefined {
    return this.#init;
  }

  /** Of all cells together. */
  get cellsRssBytes(): number {
    let sum = 0;
    for (const { rssBytes } of this.#cells.values()) sum += rssBytes;
    return sum;
  }

  find(cell: CellNumber): Seen | undefined {
    return this.#cells.get(cell);
  }
}
