/** Waiting no longer than it is worth. */
import type { Timing } from "./timing.ts";

/** A readable stack is worth this long to whoever waits for the news itself. */
export const traceMsMax = 250;

/** What the promise gives, or undefined if that takes longer than `ms`: its result is then nobody's. */
export function within<T>({ after }: Pick<Timing, "after">, ms: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const cancel = after(ms, () => late.resolve(undefined));
  return Promise.race([promise, late.promise]).finally(cancel);
}
