/**
 * What tenant code does, as far as anybody outside can tell: how long it takes to start, whether it does, how and when it
 * ends, whether it takes its cell along. Services have characters, by the last digit of their name.
 */
import type { Death, ResourceLimits } from "../../base/index.ts";
import type { Life } from "./life.ts";
import type { Random } from "./random.ts";

export type Fate =
  | { readonly type: "dies"; readonly afterMs: number; readonly death: Death }
  | { readonly type: "aborts"; readonly afterMs: number };

export type StartFate = Fate | { readonly type: "runs"; readonly afterMs: number };

const crashed = (where: "load" | "init" | "message" | "timer"): Death => ({
  type: "crashed",
  where,
  error: { name: "Error", message: `broke in ${where}`, stack: "at line 1" },
});

/** Mean life, and how often it does not even start, by character: steady, steady, ordinary, brittle, hopeless. */
const characters = [
  { livesMs: Number.POSITIVE_INFINITY, failsToStart: 0 },
  { livesMs: 600_000, failsToStart: 0.01 },
  { livesMs: 30_000, failsToStart: 0.05 },
  { livesMs: 2_000, failsToStart: 0.2 },
  { livesMs: 100, failsToStart: 0.7 },
] as const;

export class Guests {
  readonly #random: Random;
  readonly #fragility: number;
  /** From now on nothing fails. */
  calm = false;

  constructor(random: Random, fragility: number) {
    this.#random = random;
    this.#fragility = fragility;
  }

  start(life: Life, limits: ResourceLimits, probation: boolean): StartFate {
    const random = this.#random;
    const afterMs = random.wait(random.chance(0.1) ? limits.startupTimeoutMs / 2 : 5);
    if (this.calm) return { type: "runs", afterMs };
    const { failsToStart } = characterOf(life);
    if (afterMs > limits.startupTimeoutMs) {
      const { startupTimeoutMs: limitMs } = limits;
      return { type: "dies", afterMs: limitMs, death: { type: "startup_timeout", limitMs } };
    }
    if (!random.chance(Math.min(0.9, failsToStart * this.#fragility))) return { type: "runs", afterMs };
    if (!probation && random.chance(0.1)) return { type: "aborts", afterMs };
    const death = random.pick([crashed("load"), crashed("init"), this.#outOfMemory(limits)]);
    return { type: "dies", afterMs, death };
  }

  /** Undefined: it runs for ever. */
  run(life: Life, limits: ResourceLimits): Fate | undefined {
    const random = this.#random;
    const { livesMs } = characterOf(life);
    if (this.calm || this.#fragility === 0 || livesMs === Number.POSITIVE_INFINITY) return undefined;
    const afterMs = random.wait(livesMs / this.#fragility);
    if (random.chance(0.03)) return { type: "aborts", afterMs };
    const death = random.pick<Death>([
      crashed("message"),
      crashed("message"),
      crashed("timer"),
      this.#outOfMemory(limits),
      { type: "cpu_timeout", limitMs: limits.cpuTimeMs, method: "add" },
      { type: "mailbox_overflow", limit: limits.messageQueueLimit },
      { type: "stopped", why: "normal" },
      { type: "stopped", why: "normal" },
    ]);
    return { type: "dies", afterMs, death };
  }

  /** How long `terminate` takes. */
  terminate(_life: Life): number {
    return this.#random.wait(this.#random.chance(0.2) ? 20_000 : 20);
  }

  #outOfMemory(limits: ResourceLimits): Death {
    return { type: "out_of_memory", limitBytes: limits.maxMemoryBytes };
  }
}

const characterOf = (life: Life) => characters[Number(life.service.slice(-1)) % characters.length] ?? characters[0];
