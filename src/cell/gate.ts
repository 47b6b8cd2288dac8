/** Lets a few at a time through, the others wait in order. */
import { Queue } from "./queue.ts";

export class Gate {
  readonly #insideMax: number;
  readonly #waiting = new Queue<() => Promise<void>>();
  #inside = 0;

  constructor(insideMax: number) {
    this.#insideMax = insideMax;
  }

  /** Runs `work` when its turn comes. It must not reject. Who fills the queue bounds it. */
  enter(work: () => Promise<void>): void {
    this.#waiting.push(work);
    this.#admit();
  }

  #admit(): void {
    while (this.#inside < this.#insideMax) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#inside++;
      void next().then(() => {
        this.#inside--;
        this.#admit();
      });
    }
  }
}
