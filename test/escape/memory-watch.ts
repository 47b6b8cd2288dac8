/** What a Solo takes of the machine's memory while it is attacked. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Solo } from "../e2e/solo.ts";

const mebibyte = 1024 ** 2;
/** A kernel that an attack makes grow by more than this holds something without a limit. */
const kernelGrowthBytesMax = 512 * mebibyte;
/** Physical memory of one cell: its tenant's quota, and what an attacker can take before it is caught. */
const cellBytesMax = 2_500 * mebibyte;

/** Memory of the kernel, and of each cell, as it goes. */
export class MemoryWatch implements Disposable {
  #timer: NodeJS.Timeout | undefined;
  #atFirst = 0;
  #kernelPeak = 0;
  #cellPeak = 0;

  begin(solo: Solo, kernel: number): void {
    this.#atFirst = rssOf(kernel);
    let cells: readonly number[] = [];
    let looks = 0;
    this.#timer = setInterval(() => {
      if (looks++ % 10 === 0) {
        cells = solo.processes().flatMap(({ pid, role }) => (role === "cell" ? [pid] : []));
      }
      this.#kernelPeak = Math.max(this.#kernelPeak, rssOf(kernel));
      for (const cell of cells) this.#cellPeak = Math.max(this.#cellPeak, rssOf(cell));
    }, 100);
  }

  insistBounds(): void {
    const growth = this.#kernelPeak - this.#atFirst;
    assert.ok(growth < kernelGrowthBytesMax, `the kernel grew by ${growth} bytes`);
    assert.ok(this.#cellPeak < cellBytesMax, `a cell took ${this.#cellPeak} bytes`);
  }

  get summary(): string {
    const [first, peak, cell] = [this.#atFirst, this.#kernelPeak, this.#cellPeak].map((bytes) =>
      Math.round(bytes / mebibyte),
    );
    return `kernel ${first} MB at first, ${peak} MB at most; a cell ${cell} MB at most`;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

const pageBytes = 4_096;

function rssOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * pageBytes;
  } catch {
    return 0;
  }
}
