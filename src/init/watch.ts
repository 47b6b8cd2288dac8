/**
 * The outer watchdog. It looks at every watched process ten times a second: one over its memory limit is killed at once;
 * one that is silent for longer than `silentMsMax` although it burned CPU meanwhile hangs, and is killed. Silence without
 * CPU is a machine that is busy or asleep, and nobody's fault.
 */
import type { WatchedChild } from "./watched-child.ts";

export interface WatchLimits {
  readonly silentMsMax: number;
  /** The same until its first beat: a slow machine takes its time to start a program, and no tenant's code runs yet. */
  readonly startMsMax: number;
  /** A process counts as at work if it used at least this much CPU while it was silent. */
  readonly workMsMin: number;
}

export const watchLimits: WatchLimits = { silentMsMax: 3_000, startMsMax: 30_000, workMsMin: 1_000 };

export const watchEveryMs = 100;

export interface Heart {
  /** On init's monotonic clock. */
  readonly beatAt: number;
  /** It beat at least once. */
  readonly begun: boolean;
  readonly cpuMsAtBeat: number;
}

/** For how long it has been silent, if that is a hang. CPU time is read only when it decides. */
export function judgeHeart(
  limits: WatchLimits,
  heart: Heart,
  now: number,
  readCpuMs: () => number,
): number | undefined {
  const silentMs = Math.round(now - heart.beatAt);
  if (silentMs <= (heart.begun ? limits.silentMsMax : limits.startMsMax)) return undefined;
  return readCpuMs() - heart.cpuMsAtBeat >= limits.workMsMin ? silentMs : undefined;
}

/** Watches what `children` yields until it is disposed of. */
export class Watchdog implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #lookedAt = performance.now();

  constructor(children: () => Iterable<WatchedChild>, limits: WatchLimits = watchLimits) {
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
