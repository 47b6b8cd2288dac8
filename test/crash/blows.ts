/** What dies in a round, when, and in which order; and the strokes themselves. */
import { setTimeout as wait } from "node:timers/promises";
import { kill, type Node } from "./node.ts";
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

/** init gives a kernel up that ends more than five times within 30 s: rounds leave it some room. */
const kernelEndsMax = 4;
const kernelWindowMs = 31_000;

const mixtures: Readonly<Record<string, { readonly weight: number; readonly victims: readonly Victim[] }>> = {
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
};

const names = Object.fromEntries(Object.entries(mixtures).map(([name, { weight }]) => [name, weight]));

export const endsNode = ({ victim }: Blow): boolean => victim === "init" || victim === "everything";

/** A plan from the seed alone; `kernelEnds`: how many more ends of a kernel init would bear now. */
export function planRound(random: Random, kernelEnds: number): Plan {
  const drawn = random.weighed(names);
  const blows = (mixtures[drawn]?.victims ?? []).map((victim, i) => ({
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
  /** Cells that were killed, by the numbers that the log gives them. */
  readonly cells = new Set<number>();
  /** Cells that were killed before they could be told apart. */
  #unnamed = 0;
  #kernelEnds: number[] = [];

  constructor(node: Node, random: Random) {
    this.#node = node;
    this.#random = random;
  }

  /** Whether this cell's end is the striker's work. */
  struck(cell: number): boolean {
    if (this.cells.has(cell)) return true;
    if (this.#unnamed === 0) return false;
    this.#unnamed -= 1;
    this.cells.add(cell);
    return true;
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
      said.push(`${this.#blow(blow.victim)} after ${blow.afterMs} ms`);
      if (!endsNode(blow)) continue;
      this.#kernelEnds = [];
      await this.#node.startAgain(plan.interruptions);
      if (plan.interruptions.length > 0) said.push(`its start after ${plan.interruptions.join(", ")} ms`);
    }
    return said.join(", ");
  }

  #blow(victim: Victim): string {
    switch (victim) {
      case "kernel":
        if (!kill(this.#node.kernel())) return "kernel (there was none)";
        this.#kernelEnds.push(performance.now());
        return "kernel";
      case "builder":
        return kill(this.#node.builder()) ? "builder" : "builder (there was none)";
      case "cell": {
        const cells = this.#node.cells();
        return cells.length === 0 ? "cell (there was none)" : this.#killCells([this.#random.pick(cells)]);
      }
      case "cells":
        return this.#killCells(this.#node.cells());
      case "init":
        kill(this.#node.solo.initPid);
        return "init";
      case "everything": {
        const all = this.#node.everything();
        for (const pid of all) kill(pid);
        return `everything (${all.length})`;
      }
    }
  }

  #killCells(cells: ReturnType<Node["cells"]>): string {
    for (const { pid, cell } of cells) {
      // Before the stroke: what the log says of it must never be ahead of what is remembered here.
      if (cell !== undefined) this.cells.add(cell);
      else this.#unnamed += 1;
      kill(pid);
    }
    return `cell ${cells.map(({ cell }) => cell ?? "?").join(", ")}`;
  }
}
