/**
 * Sizes that a run may be given by environment variables, to see in a minute that a benchmark works. Figures that are kept were
 * taken with the sizes that the code names: those of a run that changed one are shown, and not kept.
 */
import process from "node:process";

const changes = new Map<string, number>();

/** `otherwise`: the size when the variable is not set. */
export function setting(name: `SOLO_BENCH_${string}`, otherwise: number): number {
  const given = process.env[name];
  if (given === undefined || given === "") return otherwise;
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value < 1) {
    process.stderr.write(`${name} takes a whole number from 1, not ${given}\n`);
    process.exit(2);
  }
  if (value !== otherwise) changes.set(name, value);
  return value;
}

/** What this run was given, of the settings that were asked for so far. */
export const changedSettings = (): ReadonlyMap<string, number> => changes;
