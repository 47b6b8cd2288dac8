/**
 * A rotating file of JSON lines. Lines are collected and appended together; what the disk does not take in time is
 * dropped and counted, never kept without bound.
 *
 *   NAME.log ─ full ─▶ NAME.log.1 ─▶ NAME.log.2 ─▶ … ─▶ removed
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { appendFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { limits } from "../base/index.ts";

const waitingBytesMax = 1024 * 1024;
const reloadBytesMax = 256 * 1024;

export class LogFile {
  readonly #path: string;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #written = 0;
  /** Lines that are being appended. */
  #underWay = 0;
  #size: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** False if the line was dropped because the disk is behind. */
  add(line: string): boolean {
    if (this.#waitingBytes + line.length > waitingBytesMax) {
      this.#dropped++;
      return false;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length + 1;
    return true;
  }

  /** Lines given to it, whether they are on disk or not. */
  get added(): number {
    return this.#written + this.#underWay + this.#waiting.length;
  }

  /** Those of them that are on disk or lost: what `reload` finds ends with them. */
  get written(): number {
    return this.#written;
  }

  get isDirty(): boolean {
    return this.#waiting.length > 0;
  }

  /** What waits is not written: there is no room for it on the disk. */
  drop(): void {
    this.#dropped += this.#waiting.length;
    this.#written += this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Removes it, with all that it was before. */
  async remove(): Promise<void> {
    this.drop();
    await rm(this.#path, { force: true });
    for (let n = 1; n < limits.logFilesMax; n++) await rm(`${this.#path}.${n}`, { force: true });
  }

  /**
   * Appends what waits; how many bytes that was. A failing disk loses log lines, never more: it is counted and tried again with
   * the next lines.
   */
  async flush(): Promise<number> {
    const lines = this.#waiting;
    if (lines.length === 0) return 0;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const count = lines.length;
    this.#underWay = count;
    if (this.#dropped > 0) lines.push(JSON.stringify({ dropped: this.#dropped }));
    try {
      this.#size ??= await this.#open();
      const text = `${lines.join("\n")}\n`;
      await appendFile(this.#path, text, { mode: 0o600 });
      this.#dropped = 0;
      const bytes = Buffer.byteLength(text);
      this.#size += bytes;
      this.#settle(count);
      if (this.#size >= limits.logFileBytesMax) await this.#rotate();
      return bytes;
    } catch {
      this.#dropped += lines.length;
      this.#size = undefined;
      if (this.#underWay > 0) this.#settle(count);
      return 0;
    }
  }

  #settle(count: number): void {
    this.#underWay = 0;
    this.#written += count;
  }

  /** The newest lines on disk, oldest first. */
  reload(): readonly string[] {
    let file: number;
    try {
      file = openSync(this.#path, "r");
    } catch {
      return [];
    }
    try {
      const found = fstatSync(file).size;
      // Not what is being appended right now.
      const size = Math.min(found, this.#size ?? found);
      const from = Math.max(0, size - reloadBytesMax);
      const bytes = Buffer.alloc(size - from);
      readSync(file, bytes, 0, bytes.length, from);
      const lines = bytes.toString("utf8").split("\n");
      // The first is cut off when the file is longer than what was read; the last is empty.
      return lines.slice(from > 0 ? 1 : 0, -1);
    } finally {
      closeSync(file);
    }
  }

  async #open(): Promise<number> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const found = await stat(this.#path).catch(() => undefined);
    return found?.size ?? 0;
  }

  async #rotate(): Promise<void> {
    await rm(`${this.#path}.${limits.logFilesMax - 1}`, { force: true });
    for (let n = limits.logFilesMax - 2; n >= 1; n--) {
      await rename(`${this.#path}.${n}`, `${this.#path}.${n + 1}`).catch(() => undefined);
    }
    await rename(this.#path, `${this.#path}.1`);
    this.#size = 0;
  }
}
