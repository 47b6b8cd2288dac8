/**
 * What the log files of one tenant may take of the disk, all its services together. When that is passed, the files that were
 * written longest ago are removed, down to some way below it.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** So much of the budget is left when files were removed: the next removal is not due at the next line. */
const keptPart = 0.9;

export class LogBudget {
  readonly #folder: string;
  readonly #bytesMax: number;
  /** As of the last look, and what was written since; unknown before the first. */
  #bytes: number | undefined;

  constructor(folder: string, bytesMax: number) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
  }

  /** So many bytes were written. A failing disk costs log files, never more: it is tried again with the next bytes. */
  async spend(bytes: number): Promise<void> {
    if (this.#bytes !== undefined) this.#bytes += bytes;
    if (this.#bytes !== undefined && this.#bytes <= this.#bytesMax) return;
    const files = await filesIn(this.#folder);
    this.#bytes = files.reduce((sum, { size }) => sum + size, 0);
    if (this.#bytes <= this.#bytesMax) return;
    for (const { path, size } of files.toSorted((a, b) => a.writtenMs - b.writtenMs)) {
      if (this.#bytes <= this.#bytesMax * keptPart) return;
      await rm(path, { force: true }).catch(() => undefined);
      this.#bytes -= size;
    }
  }
}

async function filesIn(
  folder: string,
): Promise<readonly { readonly path: string; readonly size: number; readonly writtenMs: number }[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const file = await stat(path).catch(() => undefined);
      return file?.isFile() === true ? [{ path, size: file.size, writtenMs: file.mtimeMs }] : [];
    }),
  );
  return found.flat();
}
