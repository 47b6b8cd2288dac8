import type { Timers } from "../timers.ts";

/** Waits for `work`, which does not reject; no longer than `msMax`, when it says so by `late`. */
export async function waitAtMost(timers: Timers, work: Promise<void>, msMax: number, late: () => void): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  let timer: number;
  try {
    timer = timers.set(false, resolve, msMax, []);
  } catch {
    // There are too many timers to have one more: it is waited for as long as the service itself is.
    return work;
  }
  let isDone = false;
  const done = async (): Promise<void> => {
    await work;
    isDone = true;
  };
  await Promise.race([done(), over]);
  if (isDone) timers.clear(timer);
  else late();
}
