/**
 * Seeds that are run each time, since they reach what few do. Some once broke a promise there. A seed means a run only as long as
 * nothing draws or decides differently; so each names what it is kept for as something that can be seen in its run. Where that no
 * longer comes about, its test goes on with the seeds behind it, and says which of them it took: that one may stand here then
 * (`npm run sim -- --reach SITUATION --minutes 1` names more). That the bugs which some of them found stay mended is for tests of
 * their own: a seed reaches the situation, and need not meet the moment in it that once mattered.
 */
import type { SituationName } from "./situations.ts";

export interface Kept {
  readonly seed: number;
  readonly steps: number;
  readonly why: string;
  readonly reaches: SituationName;
  /** How often at least; absent: once. */
  readonly times?: number;
}

export const seeds: readonly Kept[] = [
  {
    seed: 15_046,
    steps: 4_000,
    why: "requests are pushed out of memory, and kernels replay over an erasure",
    reaches: "replaysOverErasure",
  },
  {
    seed: 15_058,
    steps: 4_000,
    why: "the same, with a snapshot in between",
    reaches: "pushedOutThenSnapshot",
  },
  {
    seed: 16_004,
    steps: 4_000,
    why: "instances are lost through another before they ran, and their deployment with them",
    reaches: "deploymentLostWithCell",
  },
  {
    seed: 8009,
    steps: 4_000,
    why: "cells answer late while a deleted tenant is cleared away",
    reaches: "deletedAnswersLate",
  },
  {
    seed: 15_000,
    steps: 4_000,
    why: "cells answer late, and hold what starts",
    reaches: "startingAnswersLate",
  },
  {
    seed: 16_001,
    steps: 4_000,
    why: "a kernel dies before it acknowledges the end of a cell: it is told twice",
    reaches: "cellEndToldTwice",
  },
  {
    seed: 15_010,
    steps: 4_000,
    why: "cells end with what is stopping in them",
    reaches: "stoppingEndsWithCell",
  },
  {
    seed: 42,
    steps: 4_000,
    why: "a whole node's worth of instances recovers, as many at once as may",
    reaches: "recoveriesWait",
  },
  {
    seed: 16_036,
    steps: 4_000,
    why: "a service rests again and again, and spends most of its tenant's budget",
    reaches: "restsAgainAndAgain",
  },
  {
    seed: 59,
    steps: 4_000,
    why: "the kernel dies between a deletion and the erasure",
    reaches: "diesBeforeErasure",
  },
  {
    seed: 15_018,
    steps: 4_000,
    why: "a deletion is asked for again after it is done",
    reaches: "deletionRepeated",
  },
  {
    seed: 16_012,
    steps: 4_000,
    why: "the kernel dies after a shutdown and before it is recorded",
    reaches: "diesBeforeEndIsRecorded",
  },
  { seed: 15_021, steps: 4_000, why: "the disk is full, again and again", reaches: "diskIsFull", times: 3 },
  {
    seed: 16_002,
    steps: 4_000,
    why: "clocks jump, cells hang, shutdowns meet their deadline",
    reaches: "clocksJumpCellsHangShutdownsAreLate",
  },
  { seed: 16_011, steps: 4_000, why: "the kernel dies at many seams", reaches: "diesAtAnotherSeam", times: 6 },
  { seed: 16_002, steps: 4_000, why: "snapshots are lost", reaches: "snapshotsAreLost" },
];

/** On the real log: fewer, since a disk takes its time. */
export const realSeeds: readonly Omit<Kept, "reaches">[] = [
  { seed: 103, steps: 1_500, why: "tails are cut in the middle of writes, with noise behind" },
  { seed: 12, steps: 1_500, why: "many kernels die" },
];
