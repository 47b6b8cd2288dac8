/**
 * Whether a process hangs: silent for longer than `silentMsMax` although it burned CPU meanwhile. Silence without CPU is a
 * machine that is busy or asleep, and nobody's fault.
 */
export interface WatchLimits {
  readonly silentMsMax: number;
  /** The same until its first beat: a slow machine takes its time to start a program, and no tenant's code runs yet. */
  readonly startMsMax: number;
  /** A process counts as at work if it used at least this much CPU while it was silent. */
  readonly workMsMin: number;
}

export const watchLimits: WatchLimits = { silentMsMax: 3_000, startMsMax: 30_000, workMsMin: 1_000 };

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
