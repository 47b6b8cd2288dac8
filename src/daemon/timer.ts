/** Timers of the process, handed to parts that have no clock of their own. */

/** The longest delay that a timer of Node takes. */
const timerMsMax = 2 ** 31 - 1;

/** Rings once, sooner if the delay is more than Node can wait. Returns how to cancel it. */
export function after(delayMs: number, ring: () => void): () => void {
  const timer = setTimeout(ring, Math.min(timerMsMax, delayMs));
  return () => clearTimeout(timer);
}
