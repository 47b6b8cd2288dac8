/** Lets so many be inside at once; the others wait outside, in the order in which they came. */
export class Turnstile {
  readonly #insideMax: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(insideMax: number) {
    this.#insideMax = insideMax;
  }

  /** Resolves inside: whoever entered leaves again. */
  async enter(): Promise<void> {
    if (this.#inside < this.#insideMax) this.#inside++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inside--;
    else next();
  }
}
