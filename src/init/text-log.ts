/** An append-only text file that is rotated by size: `kernel.log`, then `kernel.log.1` … up to the number of files kept. */
import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from "node:fs";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;

export interface TextLogLimits {
  readonly fileBytesMax: number;
  readonly filesMax: number;
}

export class TextLog implements Disposable {
  readonly #path: string;
  readonly #limits: TextLogLimits;
  #fd: number;
  #bytes: number;
  #lostBytes = 0;

  constructor(path: string, limits: TextLogLimits) {
    this.#path = path;
    this.#limits = limits;
    this.#fd = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** Never throws: a full disk must not end the process that keeps the others alive. What is lost is counted. */
  write(text: string): void {
    try {
      if (this.#bytes >= this.#limits.fileBytesMax) this.#rotate();
      if (this.#lostBytes > 0) {
        writeSync(this.#fd, `(${this.#lostBytes} bytes were lost here)\n`);
        this.#lostBytes = 0;
      }
      this.#bytes += writeSync(this.#fd, text);
    } catch {
      this.#lostBytes += text.length;
    }
  }

  #rotate(): void {
    for (let age = this.#limits.filesMax - 1; age >= 1; age--) {
      const from = age === 1 ? this.#path : `${this.#path}.${age - 1}`;
      try {
        renameSync(from, `${this.#path}.${age}`);
      } catch {
        // There is no file of that age yet.
      }
    }
    const next = openSync(this.#path, "w", 0o600);
    closeSync(this.#fd);
    this.#fd = next;
    this.#bytes = 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
