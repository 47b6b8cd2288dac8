/**
 * A queue between something that speaks when it likes and a watcher that reads as fast as it can. Bounded in number and
 * bytes: what does not fit is counted, and the count stands in the queue where the items would have stood.
 */
export type Let<T> = { readonly item: T } | { readonly lost: number };

export interface OutletLimits {
  readonly itemsMax: number;
  readonly bytesMax: number;
}

export class Outlet<T> {
  readonly #limits: OutletLimits;
  #items: { readonly out: Let<T>; readonly bytes: number }[] = [];
  #bytes = 0;
  #count = 0;
  #lost = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(limits: OutletLimits) {
    this.#limits = limits;
  }

  push(item: T, bytes: number): void {
    if (this.#ended) return;
    if (this.#count >= this.#limits.itemsMax || this.#bytes + bytes > this.#limits.bytesMax) {
      this.#lost += 1;
      return;
    }
    this.#tellLost();
    this.#items.push({ out: { item }, bytes });
    this.#bytes += bytes;
    this.#count += 1;
    this.#stir();
  }

  /** Counts what was dropped before it came here. */
  lose(count: number): void {
    if (count > 0 && !this.#ended) this.#lost += count;
  }

  /** What is in the queue is still given out. */
  end(): void {
    this.#ended = true;
    this.#stir();
  }

  /** Ends when {@link end} was called or the signal fires. One reader at a time. */
  async *read(signal: AbortSignal): AsyncGenerator<Let<T>, void, undefined> {
    const stir = (): void => this.#stir();
    signal.addEventListener("abort", stir, { once: true });
    try {
      while (!signal.aborted) {
        if (this.#items.length === 0) this.#tellLost();
        const batch = this.#items;
        if (batch.length === 0) {
          if (this.#ended) return;
          await new Promise<void>((resolve) => (this.#wake = resolve));
          continue;
        }
        this.#items = [];
        // What is being given out still counts: a slow reader must not double the queue.
        for (const { out, bytes } of batch) {
          if (signal.aborted) return;
          yield out;
          this.#bytes -= bytes;
          if ("item" in out) this.#count -= 1;
        }
      }
    } finally {
      signal.removeEventListener("abort", stir);
    }
  }

  #tellLost(): void {
    if (this.#lost === 0) return;
    this.#items.push({ out: { lost: this.#lost }, bytes: 0 });
    this.#lost = 0;
  }

  #stir(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
