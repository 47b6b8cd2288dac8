/**
 * The disk's room. Below `limits.diskFreeBytesMin` the disk is nearly full: the control plane takes no more changes, while
 * running services, and the record of their deaths, go on. A reserve file, as large as a good many deaths, is given
 * back to the disk when half of that is gone too, and made again when there is plenty.
 */
import { open, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { limits } from "../base/index.ts";

const reserveBytes = 16 * 1024 * 1024;

export interface DiskOptions {
  readonly dir: string;
  readonly freeBytesMin?: number;
  /** How free bytes are measured; default: statfs of `dir`. */
  readonly measure?: (dir: string) => Promise<number>;
}

const statfsFree = async (dir: string): Promise<number> => {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
};

export class Disk {
  readonly #dir: string;
  readonly #min: number;
  readonly #measure: (dir: string) => Promise<number>;
  #free = Number.POSITIVE_INFINITY;
  #reserve: "none" | "held" = "none";

  constructor(options: DiskOptions) {
    this.#dir = options.dir;
    this.#min = options.freeBytesMin ?? limits.diskFreeBytesMin;
    this.#measure = options.measure ?? statfsFree;
  }

  /** As last measured, the reserve not counted. */
  get freeBytes(): number {
    return this.#free;
  }

  get nearlyFull(): boolean {
    return this.#free < this.#min;
  }

  get reserve(): "none" | "held" {
    return this.#reserve;
  }

  get #reservePath(): string {
    return join(this.#dir, "reserve");
  }

  /** Measures, and makes or gives up the reserve. Called at the start and every few seconds; calls do not overlap. */
  async check(): Promise<void> {
    this.#free = await this.#measure(this.#dir);
    const size = await stat(this.#reservePath).then(
      (found) => found.size,
      () => 0,
    );
    this.#reserve = size >= reserveBytes ? "held" : "none";
    if (this.#free < this.#min / 2 && size > 0) {
      await rm(this.#reservePath, { force: true });
      this.#reserve = "none";
    } else if (this.#reserve === "none" && this.#free > 2 * this.#min + reserveBytes) {
      await writeReserve(this.#reservePath);
      this.#reserve = "held";
    }
  }
}

/** Real bytes, not a hole: a hole reserves nothing. */
async function writeReserve(path: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    const chunk = new Uint8Array(1024 * 1024);
    for (let written = 0; written < reserveBytes; written += chunk.length) await file.write(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}
