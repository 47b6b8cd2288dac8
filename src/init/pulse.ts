/**
 * Watches over something that should be heard now and then. Only time in which init itself was at work counts: a machine
 * that slept, or a process that was stopped, finds everybody else silent too.
 */
export class Pulse implements Disposable {
  readonly #silentMsMax: number;
  readonly #onSilence: (silentMs: number) => void;
  readonly #timer: NodeJS.Timeout;
  #silentMs = 0;
  #lookedAt = performance.now();

  constructor(silentMsMax: number, onSilence: (silentMs: number) => void) {
    this.#silentMsMax = silentMsMax;
    this.#onSilence = onSilence;
    this.#timer = setInterval(() => this.#look(), Math.max(10, silentMsMax / looksPerSilence));
  }

  heard(): void {
    this.#silentMs = 0;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#silentMs += Math.min(now - this.#lookedAt, (2 * this.#silentMsMax) / looksPerSilence);
    this.#lookedAt = now;
    if (this.#silentMs < this.#silentMsMax) return;
    clearInterval(this.#timer);
    this.#onSilence(Math.round(this.#silentMs));
  }
}

const looksPerSilence = 10;
