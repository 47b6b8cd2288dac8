/**
 * sim: DOUBTS. The kernel, its turns and the store's log, over a seeded clock, disk and cells: random commands and faults,
 * one checker for each promise. A seed makes a run, always the same one. Keeps no promise itself; it looks for the seed that
 * breaks one.
 */
export { type Broken, type Outcome, realStorage, type RunOptions, simulate } from "./simulation.ts";
