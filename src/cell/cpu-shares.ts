/**
 * CPU time of threaded turns. No meter of the engine tells it (its own counts wall time), so what the pool threads used
 * together is shared out among the turns that are under way: each of them always wants a core.
 *
 * Only turns that last longer than a tick cost anything.
 */
const tickMs = 10;
/** What a turn may have used and its share not yet shows: the tick that first sees it, and the one that is running. */
export const shareLagMs = 2 * tickMs;

export interface Shared {
  /** CPU milliseconds so far, to the last tick. */
  spentMs: number;
  readonly budgetMs: number;
  readonly spent: () => void;
}

/** CPU milliseconds that all threads but the caller's used so far. */
export type ReadPoolMs = () => number;

export class CpuShares {
  readonly #readPoolMs: ReadPoolMs;
  readonly #turns = new Set<Shared>();
  #timer: NodeJS.Timeout | undefined;
  #poolMs = 0;

  constructor(readPoolMs: ReadPoolMs) {
    this.#readPoolMs = readPoolMs;
  }

  /** `spent` is called at most once, when the budget is used up, unless `end` comes before. */
  begin(budgetMs: number, spent: () => void): Shared {
    const turn: Shared = { spentMs: 0, budgetMs, spent };
    this.#turns.add(turn);
    this.#schedule();
    return turn;
  }

  end(turn: Shared): void {
    this.#turns.delete(turn);
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#poolMs = -1;
    this.#timer = setTimeout(this.#tick, tickMs);
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    if (this.#turns.size === 0) return;
    const poolMs = this.#readPoolMs();
    // The first tick only sees who is still there, so that short turns cost no reading of meters.
    const each = this.#poolMs < 0 ? 0 : (poolMs - this.#poolMs) / this.#turns.size;
    for (const turn of this.#turns) {
      turn.spentMs += each;
      if (turn.spentMs < turn.budgetMs) continue;
      this.#turns.delete(turn);
      turn.spent();
    }
    if (this.#turns.size === 0) return;
    this.#poolMs = poolMs;
    this.#timer = setTimeout(this.#tick, tickMs);
  };
}

export const readPoolMs: ReadPoolMs = () => {
  const all = process.cpuUsage();
  const own = process.threadCpuUsage();
  return (all.user + all.system - own.user - own.system) / 1_000;
};
