/** The host's monotonic clock, which its kernels and cells share, by this process's own, which is cheaper to read. */
export interface Clocks {
  /** Milliseconds of this process's own clock. */
  readonly own: () => number;
  /** Milliseconds of the host's. */
  readonly host: () => number;
}

/**
 * Where the host's clock stood when this process's own stood at 0; never too early. A process may lose its core between the two
 * readings, and is that much wrong for its whole life: too late, it doubts calls that never came; too early, it would take one
 * that may have run for one that cannot have, and run it again.
 */
export function hostAtZero({ own, host }: Clocks): number {
  const ownMs = own();
  return host() - ownMs;
}
