import assert from "node:assert/strict";
import { test } from "node:test";
import { type CellLoss, incarnationNumber } from "../../base/index.ts";
import { memoryTurnMsMin } from "../defaults.ts";
import { findCulprit, type Finding, type Suspect } from "./culprit.ts";

const aborted: CellLoss = { type: "signal", signal: "SIGTRAP" };
const hung: CellLoss = { type: "hang", silentMs: 3_000 };
const full: CellLoss = { type: "memory", rssBytes: 2, limitBytes: 1 };
const broken: CellLoss = { type: "protocol", problem: "sang" };
const killed: CellLoss = { type: "signal", signal: "SIGKILL" };

/** What is known of a victim: how it was seen, and whether it is on probation. */
type Seen =
  | "idle"
  | "at work"
  | "at work for a while"
  | "at work for long"
  | "idle, on probation"
  | "at work, on probation";

/** For how long its turn was under way, if one was. */
const lasted: Partial<Readonly<Record<Seen, number>>> = {
  "at work": 1,
  "at work, on probation": 1,
  // Begun when the memory was gone already: init looks every 100 ms, and waits for last words for as long.
  "at work for a while": 300,
  "at work for long": memoryTurnMsMin,
};

const victim = (seen: Seen, at: number): Suspect => {
  const lastedMs = lasted[seen];
  return {
    incarnation: incarnationNumber(at + 1),
    ...(lastedMs === undefined ? { inFlight: false } : { inFlight: true, lastedMs }),
    onProbation: seen.endsWith("on probation"),
  };
};

const nobody = { found: "no_suspects" } as const;
const culprit = (number: number): Finding => ({ found: "culprit", culprit: incarnationNumber(number) });
const suspects = (first: readonly number[], again: readonly number[] = []): Finding => ({
  found: "suspects",
  first: first.map(incarnationNumber),
  again: again.map(incarnationNumber),
});

const table: readonly (readonly [
  what: string,
  loss: CellLoss,
  turns: number | undefined,
  seen: readonly Seen[],
  finding: Finding,
])[] = [
  ["whose turn alone was under way did it", aborted, 1, ["at work", "idle"], culprit(1)],
  ["who hangs the thread of its cell did it", hung, 1, ["idle", "at work"], culprit(2)],
  [
    "of several at work nobody knows who did it, and nobody pays",
    aborted,
    2,
    ["at work", "at work", "idle"],
    suspects([1, 2]),
  ],
  [
    "of several at work the one on probation did it",
    aborted,
    2,
    ["at work, on probation", "at work", "idle, on probation"],
    culprit(1),
  ],
  [
    "several on probation pay, and the others that were at work go on probation",
    aborted,
    3,
    ["at work, on probation", "at work, on probation", "at work", "idle"],
    suspects([3], [1, 2]),
  ],
  ["when no turn was under way, all are suspects, and nobody pays", aborted, 0, ["idle", "idle"], suspects([1, 2])],
  [
    "when that happens again, those on probation pay",
    aborted,
    0,
    ["idle, on probation", "idle, on probation", "idle"],
    suspects([3], [1, 2]),
  ],
  ["what a thread of the dead did is nobody's of the living", aborted, 1, ["idle", "idle"], suspects([])],
  ["beside a thread of the dead a turn proves nothing", aborted, 2, ["at work", "idle"], suspects([1])],
  ["beside a thread of the dead one on probation is found by that", aborted, 2, ["at work, on probation"], culprit(1)],
  ["a long turn took the memory", full, 1, ["at work for long", "idle"], culprit(1)],
  ["a turn that has just begun did not take all of it", full, 1, ["at work", "idle"], suspects([1])],
  ["nor did one that lasted while the end was seen and read", full, 1, ["at work for a while", "idle"], suspects([1])],
  ["alone in its cell, it did", full, 1, ["at work"], culprit(1)],
  ["what broke out of its engine may do so at any time", broken, 1, ["at work", "idle"], suspects([1])],
  ["again, it is who was at work again", broken, 1, ["at work, on probation", "idle"], culprit(1)],
  ["alone in its cell it is known", broken, 1, ["at work"], culprit(1)],
  [
    "where nobody knows of turns, a call that waits proves nothing: all are suspects",
    aborted,
    undefined,
    ["at work", "idle"],
    suspects([1, 2]),
  ],
  ["where nobody knows of turns, alone in its cell it is known", aborted, undefined, ["at work"], culprit(1)],
  [
    "where nobody knows of turns, the one on probation did it, busy or not",
    aborted,
    undefined,
    ["at work", "idle, on probation"],
    culprit(2),
  ],
  [
    "where nobody knows of turns, several on probation pay",
    aborted,
    undefined,
    ["at work, on probation", "idle, on probation", "idle"],
    suspects([3], [1, 2]),
  ],
  ["a signal that anyone may send names nobody", killed, 1, ["at work", "idle"], suspects([1])],
  [
    "nor does it for one on probation, who pays all the same",
    killed,
    1,
    ["at work, on probation", "idle"],
    suspects([], [1]),
  ],
  ["an empty cell has no suspects", aborted, 0, [], suspects([])],
  ...(
    [
      { type: "node" },
      { type: "closed" },
      { type: "unknown" },
      { type: "spawn", problem: "no memory" },
    ] satisfies CellLoss[]
  ).map((loss) => {
    const row = [
      `${loss.type} is nobody's code's doing`,
      loss,
      1,
      ["at work, on probation"] as Seen[],
      nobody,
    ] as const;
    return row;
  }),
];

for (const [what, loss, turns, seen, finding] of table) {
  test(`whose doing the loss of a cell was: ${what}`, () => {
    assert.deepEqual(findCulprit(loss, seen.map(victim), turns), finding);
  });
}
