/** The clock and the timers by which the host goes: the process's own, or simulated ones. */
export interface Timing {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Runs it later, unless what is returned is called before. Keeps no process alive. */
  readonly after: (ms: number, run: () => void) => () => void;
}

export const timing: Timing = {
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};
