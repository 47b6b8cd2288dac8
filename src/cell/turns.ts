/** A guest's turns, in either lane: how long each may take, and how much of what it took was its own. */
import { shareLagMs } from "./cpu-shares.ts";
import type { Crossing, Guest, TurnResult } from "./engine.ts";
import type { House } from "./house.ts";
import { lanePolicy } from "./lane.ts";

/** A turn that is over. */
export interface Ran {
  readonly result: TurnResult;
  /** CPU time, as near as it can be told. */
  readonly ownMs: number;
  /** Wall time, with the turns of others that ran on its stack. */
  readonly tookMs: number;
  readonly timeoutMs: number;
}

export class Turns {
  readonly #guest: Guest;
  readonly #house: Pick<House, "now" | "contention" | "inlineCpuMs" | "shares">;
  #nestedMs = 0;

  constructor(guest: Guest, house: Pick<House, "now" | "contention" | "inlineCpuMs" | "shares">) {
    this.#guest = guest;
    this.#house = house;
  }

  /** On the cell's thread. */
  inline(given: readonly Crossing[], budgetMs: number): Ran {
    const { now, contention, inlineCpuMs } = this.#house;
    this.#nestedMs = 0;
    const timeoutMs = Math.ceil(budgetMs * contention());
    const startedAt = now();
    const result = this.#guest.turnInline(given, timeoutMs);
    const tookMs = now() - startedAt;
    const wallMs = tookMs - this.#nestedMs;
    // A turn that seems slow may have lost its core to another process.
    const ownMs = wallMs > lanePolicy.slowMs ? Math.min(wallMs, inlineCpuMs()) : wallMs;
    return { result, ownMs, tookMs, timeoutMs };
  }

  /** Time on this thread that was not this guest's own: a turn of another one, on the stack of its inline turn. */
  excuse(ms: number): void {
    this.#nestedMs += ms;
  }

  /**
   * In a pool thread. The share of CPU time decides, and `spent` is called when it is used up; the engine's own timeout is
   * there for a machine that gives none.
   */
  async threaded(
    given: readonly Crossing[],
    { budgetMs, timeoutMs }: { readonly budgetMs: number; readonly timeoutMs: number },
    spent: () => void,
  ): Promise<Ran> {
    const { now, shares } = this.#house;
    const share = shares.begin(budgetMs, spent);
    const startedAt = now();
    const before = this.#guest.cpuMicros();
    const result = await this.#guest.turnThreaded(given, timeoutMs);
    shares.end(share);
    // The engine's meter counts wall time, in which the thread may have lost its core; the share is CPU time.
    const ownMs = Math.min((this.#guest.cpuMicros() - before) / 1_000, share.spentMs + shareLagMs);
    return { result, ownMs, tookMs: now() - startedAt, timeoutMs };
  }
}
