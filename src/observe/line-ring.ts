/** The newest lines of a service, bounded in number and in bytes: the oldest are forgotten first. */
import type { ServiceLine } from "./service-line.ts";

/** What a line takes beside its text, about. */
const lineBytes = 128;
const sizeOf = ({ text }: ServiceLine): number => lineBytes + 2 * text.length;

export class LineRing {
  readonly #max: { readonly lines: number; readonly bytes: number };
  /** Forgotten ones stand before `#first` until they are many. */
  #lines: ServiceLine[] = [];
  #first = 0;
  #bytes = 0;

  constructor(max: { readonly lines: number; readonly bytes: number }) {
    this.#max = max;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#lines.length - this.#first;
  }

  push(line: ServiceLine): void {
    this.#lines.push(line);
    this.#bytes += sizeOf(line);
    while (this.length > this.#max.lines || (this.#bytes > this.#max.bytes && this.length > 1)) this.#forgetOldest();
  }

  /** The newest `count`, oldest first. */
  newest(count: number): readonly ServiceLine[] {
    return this.#lines.slice(Math.max(this.#first, this.#lines.length - Math.max(0, count)));
  }

  /** Down to so many bytes, or to its newest line. */
  shrink(bytes: number): void {
    while (this.#bytes > bytes && this.length > 1) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const oldest = this.#lines[this.#first];
    if (oldest === undefined) return;
    this.#bytes -= sizeOf(oldest);
    this.#first++;
    if (this.#first < 64 || this.#first < this.#lines.length / 2) return;
    this.#lines = this.#lines.slice(this.#first);
    this.#first = 0;
  }
}
