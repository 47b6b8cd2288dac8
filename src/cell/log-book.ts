/** The log of one incarnation, on its way to the kernel: cleaned, bounded in length and in rate. */
import { limits } from "../base/index.ts";
import { guestLevels, type Level } from "../wire/index.ts";
import { LogMeter } from "./log-meter.ts";
import { cleanText } from "./words.ts";

/** What repeats is counted, and said at most this often. */
const sayMs = 1_000;

export class LogBook {
  readonly #now: () => number;
  readonly #keep: (level: Level, text: string, dropped: number) => void;
  readonly #meter: LogMeter;
  #refused = 0;
  #refusedSaidAt = -sayMs;

  constructor(now: () => number, keep: (level: Level, text: string, dropped: number) => void) {
    this.#now = now;
    this.#keep = keep;
    this.#meter = new LogMeter(now());
  }

  /** `level` is an index in `guestLevels`. */
  write(level: number, text: string): void {
    const line = cleanText(text, limits.logLineBytesMax);
    const dropped = this.#meter.take(line.length, this.#now());
    if (dropped !== undefined) this.#keep(guestLevels[Math.min(level, 3)] ?? "DEBUG", line, dropped);
  }

  /** Its mailbox, which holds as much as `fill` says, refused a message. */
  refused(fill: string): void {
    this.#refused++;
    const now = this.#now();
    if (now < this.#refusedSaidAt + sayMs) return;
    this.#refusedSaidAt = now;
    this.write(1, `the mailbox is full (${fill}): ${this.#refused} refused so far`);
  }
}
