/** A guest's turns, in either lane: how long each may take, and how much of what it took was its own. */
import { type CpuShares, type Shared, shareLagMs } from "./cpu-shares.ts";
import type { Crossing, Fault, Guest, TurnResult } from "./engine.ts";
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

type Runner = Pick<Guest, "turnInline" | "turnThreaded" | "load" | "wallMicros">;

/** What runs in a pool thread: the meter as it stood before, and its share. */
interface UnderWay {
  readonly before: number;
  readonly share: Shared;
}

export interface TurnPowers {
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** CPU time of threaded turns. */
  readonly shares: CpuShares;
  /** How much longer than its CPU time an inline turn may take on this machine as it is now; at least 1. */
  readonly contention: () => number;
  /** CPU time, at least that of the inline turn which has just ended. */
  readonly inlineCpuMs: () => number;
}

export class Turns {
  readonly #guest: Runner;
  readonly #powers: TurnPowers;
  #nestedMs = 0;
  /** Of what is over. */
  #chargedMs = 0;
  #underWay: UnderWay | undefined;

  constructor(guest: Runner, powers: TurnPowers) {
    this.#guest = guest;
    this.#powers = powers;
  }

  /** On the cell's thread. */
  inline(given: readonly Crossing[], budgetMs: number): Ran {
    const { now, contention, inlineCpuMs } = this.#powers;
    this.#nestedMs = 0;
    const timeoutMs = Math.ceil(budgetMs * contention());
    const startedAt = now();
    const result = this.#guest.turnInline(given, timeoutMs);
    const tookMs = now() - startedAt;
    const wallMs = tookMs - this.#nestedMs;
    // A turn that seems slow may have lost its core to another process.
    const ownMs = wallMs > lanePolicy.slowMs ? Math.min(wallMs, inlineCpuMs()) : wallMs;
    this.#chargedMs += ownMs;
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
    const { now } = this.#powers;
    const startedAt = now();
    const { result, ownMs } = await this.#aside(budgetMs, spent, () => this.#guest.turnThreaded(given, timeoutMs));
    return { result, ownMs, tookMs: now() - startedAt, timeoutMs };
  }

  /** The module's top level, in a pool thread. The startup timeout bounds it. */
  async load(module: Parameters<Guest["load"]>[0]): Promise<Fault | undefined> {
    return (
      await this.#aside(
        Infinity,
        () => undefined,
        () => this.#guest.load(module),
      )
    ).result;
  }

  /** CPU time so far, as near as it can be told: that of a threaded turn under way, to its last tick. */
  get cpuMs(): number {
    const { share } = this.#underWay ?? {};
    return this.#chargedMs + (share === undefined ? 0 : Math.min(this.#wallMs(), share.spentMs));
  }

  async #aside<T>(budgetMs: number, spent: () => void, run: () => Promise<T>): Promise<{ result: T; ownMs: number }> {
    const { shares } = this.#powers;
    const share = shares.begin(budgetMs, spent);
    this.#underWay = { before: this.#guest.wallMicros(), share };
    const result = await run();
    shares.end(share);
    // The engine's meter counts wall time, in which the thread may have lost its core; the share is CPU time.
    const ownMs = Math.min(this.#wallMs(), share.spentMs + shareLagMs);
    this.#underWay = undefined;
    this.#chargedMs += ownMs;
    return { result, ownMs };
  }

  /** Of what is under way. A guest that was disposed of has no meter any more. */
  #wallMs(): number {
    return Math.max(0, this.#guest.wallMicros() - (this.#underWay?.before ?? 0)) / 1_000;
  }
}
