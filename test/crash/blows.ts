/** What dies in a round, when, and in which order; and the strokes themselves. */
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { never } from "../../src/base/index.ts";
import { type CellProcess, kill, type Node } from "./node.ts";
import type { Random } from "./random.ts";

export type Victim =
  | "kernel"
  | "builder"
  /** A cell, whoever's: a tenant's or a warm one. */
  | "cell"
  /** Every cell at once. */
  | "cells"
  /** Only init: all others must end by themselves. */
  | "init"
  /** Every process of the node at once. */
  | "everything";

export interface Blow {
  readonly victim: Victim;
  /** After the blow before, or after the load began. */
  readonly afterMs: number;
}

export interface Plan {
  readonly blows: readonly Blow[];
  /** How long each further attempt to start the node lives, when its end is part of the plan. */
  readonly interruptions: readonly number[];
  /** How long the load goes on after the last blow. */
  readonly thenMs: number;
}

/** For a victim to be there: a kernel, a builder or a cell that has ended is replaced, and struck then. */
const victimMsMax = 10_000;
const victimLookMs = 10;

/** init gives a kernel up that ends more than five times within 30 s: rounds leave it some room. */
const kernelEndsMax = 4;
const kernelWindowMs = 31_000;

const mixtures = {
  kernel: { weight: 18, victims: ["kernel"] },
  cell: { weight: 18, victims: ["cell"] },
  builder: { weight: 8, victims: ["builder"] },
  everything: { weight: 12, victims: ["everything"] },
  init: { weight: 6, victims: ["init"] },
  cells: { weight: 6, victims: ["cells"] },
  "kernel and cell": { weight: 8, victims: ["kernel", "cell"] },
  "cell and kernel": { weight: 8, victims: ["cell", "kernel"] },
  "kernel twice": { weight: 6, victims: ["kernel", "kernel"] },
  "builder and kernel": { weight: 4, victims: ["builder", "kernel"] },
  "cell and builder": { weight: 4, victims: ["cell", "builder"] },
  "cell twice": { weight: 4, victims: ["cell", "cell"] },
  "kernel and everything": { weight: 4, victims: ["kernel", "everything"] },
} as const satisfies Readonly<Record<string, { readonly weight: number; readonly victims: readonly Victim[] }>>;

export type Mixture = keyof typeof mixtures;

const names = Object.keys(mixtures) as Mixture[];
const weights = Object.fromEntries(names.map((name) => [name, mixtures[name].weight])) as Record<Mixture, number>;

/** Every victim that there is, and so many rounds as strike each for certain. */
export const victims: readonly Victim[] = ["kernel", "builder", "cell", "cells", "init", "everything"];
export const roundsOfEach = 20;

/** What the rounds strike, one after the other: each mixture once, in any order; then as their weights say. */
export function* drawMixtures(random: Random): Generator<Mixture, never, undefined> {
  yield* random.shuffled(names);
  for (;;) yield random.weighed(weights);
}

export const endsNode = ({ victim }: Blow): boolean => victim === "init" || victim === "everything";

/** A plan from the seed alone; `kernelEnds`: how many more ends of a kernel init would bear now. */
export function planRound(random: Random, mixture: Mixture, kernelEnds: number): Plan {
  const drawn: readonly Victim[] = mixtures[mixture].victims;
  const blows = drawn.map((victim, i) => ({
    victim,
    // The second stroke meets whatever the first one set going.
    afterMs: i === 0 ? random.whole(20, 400) : random.whole(0, 250),
  }));
  const interruptions = random.chance(0.3) ? [random.whole(30, 700)] : [];
  const thenMs = random.whole(100, 400);
  const wanted = blows.filter(({ victim }) => victim === "kernel").length;
  // Drawn all the same, so that what follows does not depend on the clock.
  if (wanted <= kernelEnds) return { blows, interruptions, thenMs };
  const instead = blows.map((blow) => (blow.victim === "kernel" ? { ...blow, victim: "everything" as const } : blow));
  return { blows: instead.slice(0, 1), interruptions, thenMs };
}

/** Who strikes, and remembers whom: what the log must then tell. */
export class Striker {
  readonly #node: Node;
  readonly #random: Random;
  /** Cells that were killed, by the numbers that the log gives them, and when. */
  readonly #cells = new Map<number, number>();
  /** When cells were killed that could not be told apart yet. */
  readonly #unnamed: number[] = [];
  #kernelEnds: number[] = [];
  /** When it killed kernels (performance.now). */
  readonly kernelsStruckAt: number[] = [];
  readonly #strokes = new Map<Victim, number>();
  #starts = 0;
  #interruptions = 0;
  #missed = 0;

  constructor(node: Node, random: Random) {
    this.#node = node;
    this.#random = random;
  }

  /** Whether this cell's end is the striker's work. */
  struck(cell: number): boolean {
    if (this.#cells.has(cell)) return true;
    const atMs = this.#unnamed.shift();
    if (atMs === undefined) return false;
    this.#cells.set(cell, atMs);
    return true;
  }

  /** When it killed this cell (performance.now); undefined if it did not, or could not tell which one it was. */
  struckAt(cell: number): number | undefined {
    return this.#cells.get(cell);
  }

  /** How often a blow met somebody, by whom it was meant for. */
  strokes(victim: Victim): number {
    return this.#strokes.get(victim) ?? 0;
  }

  /** Blows that met nobody, however long they looked for somebody. */
  get missed(): number {
    return this.#missed;
  }

  /** How often it had the node started again after its end, and how many further starts it broke off. */
  get starts(): { readonly whole: number; readonly brokenOff: number } {
    return { whole: this.#starts, brokenOff: this.#interruptions };
  }

  /** How many more ends of a kernel the present init would bear. */
  get kernelEndsLeft(): number {
    const since = performance.now() - kernelWindowMs;
    this.#kernelEnds = this.#kernelEnds.filter((at) => at > since);
    return kernelEndsMax - this.#kernelEnds.length;
  }

  /** Carries a plan out, up to the node being up again. What was struck, in words. */
  async strike(plan: Plan): Promise<string> {
    const said: string[] = [];
    for (const blow of plan.blows) {
      await wait(blow.afterMs);
      said.push(`${await this.#blow(blow.victim)} after ${blow.afterMs} ms`);
      if (!endsNode(blow)) continue;
      this.#kernelEnds = [];
      this.#starts += 1;
      this.#interruptions += plan.interruptions.length;
      await this.#node.startAgain(plan.interruptions);
      if (plan.interruptions.length > 0) said.push(`its start after ${plan.interruptions.join(", ")} ms`);
    }
    return said.join(", ");
  }

  /** Looks until there is somebody to strike. */
  async #blow(victim: Victim): Promise<string> {
    const until = performance.now() + victimMsMax;
    for (;;) {
      const said = this.#stroke(victim);
      if (said !== undefined) {
        this.#strokes.set(victim, this.strokes(victim) + 1);
        return said;
      }
      if (performance.now() > until) {
        this.#missed += 1;
        return `${victim} (there was none)`;
      }
      await wait(victimLookMs);
    }
  }

  /** Undefined: there was nobody. */
  #stroke(victim: Victim): string | undefined {
    switch (victim) {
      case "kernel":
        if (!kill(this.#node.kernel())) return undefined;
        this.#kernelEnds.push(performance.now());
        this.kernelsStruckAt.push(performance.now());
        return "kernel";
      case "builder":
        return kill(this.#node.builder()) ? "builder" : undefined;
      case "cell": {
        const cells = this.#node.cells();
        return cells.length === 0 ? undefined : this.#killCells([this.#random.pick(cells)]);
      }
      case "cells":
        return this.#killCells(this.#node.cells());
      case "init":
        return kill(this.#node.solo.initPid) ? "init" : undefined;
      case "everything": {
        const killed = this.#node.everything().filter((pid) => kill(pid));
        return killed.length === 0 ? undefined : `everything (${killed.length})`;
      }
      default:
        return never(victim);
    }
  }

  #killCells(cells: readonly CellProcess[]): string | undefined {
    const killed = cells.filter(({ pid, cell }) => {
      // Before the stroke: what the log says of it must never be ahead of what is remembered here.
      const atMs = performance.now();
      if (cell !== undefined) this.#cells.set(cell, atMs);
      else this.#unnamed.push(atMs);
      return kill(pid);
    });
    return killed.length === 0 ? undefined : `cell ${killed.map(({ cell }) => cell ?? "?").join(", ")}`;
  }
}

/** After many rounds: every kind of blow met somebody, or they proved less than they say. */
export function expectEachStruck(striker: Striker): void {
  const spared = victims.filter((victim) => striker.strokes(victim) === 0);
  assert.deepEqual(spared, [], "every kind of blow met somebody");
}
