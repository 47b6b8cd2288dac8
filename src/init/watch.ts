/**
 * The outer watchdog. It looks at every watched process ten times a second: one over its memory limit is killed at once, and so
 * is one whose heart says that it hangs.
 */
import type { WatchLimits } from "./heart.ts";
import type { WatchedChild } from "./watched-child.ts";

export const watchEveryMs = 100;

/** Watches what `children` yields until it is disposed of. */
export class Watchdog implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #lookedAt = performance.now();

  constructor(children: () => Iterable<WatchedChild>, limits: WatchLimits) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      // When init itself was kept from running, heartbeats lie unread in their pipes: it hears them before it judges.
      const slept = now - this.#lookedAt > watchEveryMs * 10;
      this.#lookedAt = now;
      for (const child of children()) {
        if (slept) child.forgive(now);
        child.watch(limits, slept ? undefined : now);
      }
    }, watchEveryMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
