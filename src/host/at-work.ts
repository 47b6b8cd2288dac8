/**
 * Who was at work in a cell that is lost, as far as anybody knows: by its flight record, which init reads; else by the calls
 * that the kernel had under way, which say little (a service that waits for another is called as well).
 */
import type { IncarnationNumber } from "../base/index.ts";
import type { CellVictim } from "../kernel/index.ts";
import type { RecordedTurn } from "../wire/index.ts";
import type { Held } from "./cell.ts";

export interface AtWork {
  readonly victims: readonly CellVictim[];
  /** How many turns were under way in all; absent: nobody knows. */
  readonly turns?: number;
}

export interface Seen {
  /** What the flight record says. */
  readonly turns: readonly RecordedTurn[] | undefined;
  /** Those that the kernel had a call under way to. */
  readonly busy: ReadonlySet<IncarnationNumber>;
  /** Those that ended in this cell: a thread of theirs may run on. */
  readonly ended: ReadonlySet<IncarnationNumber>;
  /** An earlier kernel had it, and heard of ends that nobody remembers. */
  readonly isFound: boolean;
}

export function atWork(
  held: readonly Pick<Held, "incarnation" | "phase">[],
  { turns, busy, ended, isFound }: Seen,
): AtWork {
  if (turns === undefined) {
    const victims = held.map(({ incarnation, phase }) => {
      return { incarnation, inFlight: phase === "starting" || busy.has(incarnation) };
    });
    return { victims };
  }
  const lasted = new Map(turns.map(({ incarnation, lastedMs }) => [incarnation, lastedMs]));
  const victims = held.map(({ incarnation }) => {
    const lastedMs = lasted.get(incarnation);
    return lastedMs === undefined ? { incarnation, inFlight: false } : { incarnation, inFlight: true, lastedMs };
  });
  const ofTheLiving = victims.filter(({ inFlight }) => inFlight).length;
  // A cell that lies names lives that it never had: they clear nobody. Beside the turn of one that lives they make doubt.
  const ofTheDead = [...lasted.keys()].filter((one) => ended.has(one)).length;
  const ofOthers = isFound && ofTheLiving > 0 ? lasted.size - ofTheLiving : ofTheDead;
  return { victims, turns: ofTheLiving + ofOthers };
}
