/** Sees to it that a pool thread which does not come back is noticed: once, for the guest that holds it. */

/** The engine gives up on a thread 5 s after its timeout. */
const settleMsMax = 7_000;
/** A disposed guest leaves its thread within milliseconds, unless it cannot be interrupted. */
const disposedMsMax = 3_000;

export class ThreadWatch {
  readonly #lost: (why: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #said = false;

  constructor(lost: (why: string) => void) {
    this.#lost = lost;
  }

  /** A turn with this timeout began. */
  expect(timeoutMs: number): void {
    this.#arm(timeoutMs + settleMsMax);
  }

  /** Its guest was disposed. */
  expectDisposed(): void {
    this.#arm(disposedMsMax);
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#said) this.#timer = setTimeout(() => this.lose("a thread did not come back"), ms);
  }

  /** It is back. */
  back(): void {
    clearTimeout(this.#timer);
  }

  /** It will not come back. */
  lose(why: string): void {
    if (this.#said) return;
    this.#said = true;
    clearTimeout(this.#timer);
    this.#lost(why);
  }
}
