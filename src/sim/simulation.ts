/**
 * One run: a world drawn from a seed, so many steps of it, and then calm, in which everything must come to rest. The same
 * seed makes the same run; a step is one thing that happens.
 */
import { makeCheckers } from "./checkers/index.ts";
import { type Checker, type Fact, Violation } from "./world/facts.ts";
import type { Flaw } from "./world/flaw.ts";
import { type MemoryParts, MemoryStorage } from "./world/memory-storage.ts";
import { drawPlan } from "./world/plan.ts";
import { Random } from "./world/random.ts";
import { RealStorage } from "./world/real-storage.ts";
import { Recording } from "./world/recording.ts";
import { Time } from "./world/time.ts";
import type { Storage } from "./world/storage.ts";
import { World } from "./world/world.ts";

export interface RunOptions {
  readonly seed: number;
  /** With faults; the calm afterwards comes on top. */
  readonly steps: number;
  /** Default: in memory. */
  readonly storage?: (parts: MemoryParts) => Promise<Storage>;
  /** Default: none. */
  readonly flaw?: Flaw;
  /** Default: all. */
  readonly checkers?: readonly Checker[];
}

export interface Broken {
  /** Which promise. */
  readonly promise: string;
  readonly problem: string;
  /** Steps until then: as many show it again. */
  readonly step: number;
  /** The last that happened, oldest first. */
  readonly before: readonly string[];
}

export interface Outcome {
  readonly seed: number;
  /** Taken, the calm included. */
  readonly steps: number;
  readonly events: number;
  readonly kernels: number;
  readonly lives: number;
  readonly simulatedMs: number;
  /** Not in memory: what shows it again has to say so. */
  readonly onRealLog: boolean;
  readonly broken?: Broken;
}

/** The real log, in a temporary directory. */
export const realStorage = (parts: MemoryParts): Promise<Storage> => RealStorage.make(parts);

/** Everything has come to rest by then: the longest rest of a service is 5 minutes, a shutdown 10. */
const calmMs = 20 * 60_000;
/** In calm little happens; more than this is somebody running in circles. */
const calmStepsMax = 30_000;
/** Looks at the whole state every so many steps. */
const lookEvery = 200;

export async function simulate(options: RunOptions): Promise<Outcome> {
  const random = new Random(options.seed);
  const plan = drawPlan(random);
  const time = new Time();
  const parts = { time, random, commitMs: plan.commitMs };
  const flaw = options.flaw ?? {};
  const disk = options.storage === undefined ? new MemoryStorage(parts) : await options.storage(parts);
  const storage = flaw.storage?.(disk) ?? disk;
  const recording = new Recording(() => time.nowMs);
  const checkers = options.checkers ?? makeCheckers();
  let failure: unknown;
  const fail = (error: unknown): void => {
    failure ??= error;
  };
  const tell = (fact: Fact): void => {
    if (failure !== undefined) return;
    recording.add(fact);
    try {
      for (const checker of checkers) checker.see(fact);
    } catch (error) {
      fail(error);
    }
  };
  const world = new World({ plan, random, time, storage, flaw, tell, fail });
  let steps = 0;

  /** One thing happens, and all that follows from it at once. */
  async function step(untilMs: number): Promise<boolean> {
    const act = time.next(untilMs);
    if (act === undefined || failure !== undefined) return false;
    steps += 1;
    try {
      const done = act();
      if (done !== undefined) await done;
    } catch (error) {
      fail(error);
    }
    await follow();
    for (let work = storage.settle(); work !== undefined; work = storage.settle()) await work.then(follow);
    if (steps % lookEvery === 0) look();
    return failure === undefined;
  }

  /** What follows from promises that were kept. */
  function follow(): Promise<void> {
    return new Promise((resolve) => void setImmediate(resolve));
  }

  function look(): void {
    const { kernel } = world;
    if (kernel?.serving === true && kernel.idle && kernel.state !== undefined)
      tell({ type: "idle", state: kernel.state });
  }

  try {
    while (steps < options.steps && (await step(Number.POSITIVE_INFINITY)));
    world.calm();
    const restBy = time.nowMs + calmMs;
    const restWithin = steps + calmStepsMax;
    while (steps < restWithin && (await step(restBy)));
    if (steps >= restWithin) fail(new Violation("liveness", `in calm, more than ${calmStepsMax} things happen`));
    const { kernel } = world;
    if (failure === undefined) {
      if (kernel?.serving !== true || kernel.state === undefined || kernel.now === undefined) {
        fail(new Violation("liveness", "no kernel serves, though nothing fails any more"));
      } else {
        look();
        const { lives, reportsKept, warm } = world;
        tell({
          type: "at_rest",
          state: kernel.state,
          now: kernel.now,
          lives,
          reportsKept,
          warm,
          waiting: kernel.waiting,
        });
      }
    }
    await world.end();
    const unsound = failure === undefined ? await storage.verify() : undefined;
    if (unsound !== undefined) fail(new Violation("P3", unsound));
  } finally {
    await storage.dispose();
  }
  const { events, kernels, lives } = recording;
  const onRealLog = disk instanceof RealStorage;
  const told = { seed: options.seed, steps, events, kernels, lives, simulatedMs: time.nowMs, onRealLog };
  return failure === undefined ? told : { ...told, broken: sayBroken(failure, steps, options, recording) };
}

function sayBroken(failure: unknown, steps: number, options: RunOptions, recording: Recording): Broken {
  const known = failure instanceof Violation;
  const problem =
    failure instanceof Error ? (known ? failure.message : (failure.stack ?? failure.message)) : String(failure);
  return {
    promise: known ? failure.promise : "no bug",
    problem,
    step: Math.min(steps, options.steps),
    before: recording.last(),
  };
}
