/** Reports: numbered over the life of the cell, kept until a kernel says that they are durable. */
import type { CellReport } from "../wire/index.ts";

export interface NumberedReport {
  readonly number: number;
  readonly report: CellReport;
}

export class Reports {
  #last = 0;
  #kept: NumberedReport[] = [];

  /** Bounded by the incarnations that kernels had this cell load: each makes two. */
  add(report: CellReport): NumberedReport {
    const numbered = { number: ++this.#last, report };
    this.#kept.push(numbered);
    return numbered;
  }

  acknowledge(through: number): void {
    this.#kept = this.#kept.filter(({ number }) => number > through);
  }

  get unacknowledged(): readonly NumberedReport[] {
    return this.#kept;
  }
}
