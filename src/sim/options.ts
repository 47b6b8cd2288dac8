/** What the command line of the simulator asks for, as runs. */
import { parseArgs } from "node:util";
import { realStorage, type RunOptions } from "./simulation.ts";
import { type SituationName, situationNames } from "./situations.ts";

export interface Asked {
  /** Of the first run; absent: any. */
  readonly seed: number | undefined;
  readonly steps: number;
  /** Absent: one run. */
  readonly minutes: number | undefined;
  readonly realStore: boolean;
  /** Only seeds that reach this are wanted. */
  readonly reach: SituationName | undefined;
}

export function readArgs(args: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      steps: { type: "string", default: "5000" },
      minutes: { type: "string" },
      "real-store": { type: "boolean", default: false },
      reach: { type: "string" },
    },
  });
  const { seed, steps, minutes } = values;
  const reach = situationNames.find((name) => name === values.reach);
  if (values.reach !== undefined && reach === undefined) throw new Error(`--reach: ${situationNames.join(", ")}`);
  return {
    seed: seed === undefined ? undefined : Number(seed),
    steps: Number(steps),
    minutes: minutes === undefined ? undefined : Number(minutes),
    realStore: values["real-store"],
    reach,
  };
}

/** Where seeds are tried for as long as there is time, each fourth is on the real log, though nobody asked for it. */
export const realEvery = 4;
/** A step on the real log takes so many times as long, about: the fourth seed is not to take all the time. */
const realCost = 5;

/** The nth run, from 0. */
export function runOf({ steps, minutes, realStore, reach }: Asked, seed: number, nth: number): RunOptions {
  if (realStore) return { seed, steps, storage: realStorage };
  const isReal = minutes !== undefined && reach === undefined && nth % realEvery === realEvery - 1;
  return isReal ? { seed, steps: Math.ceil(steps / realCost), storage: realStorage } : { seed, steps };
}
