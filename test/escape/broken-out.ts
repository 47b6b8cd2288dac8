/**
 * Attacks by somebody who has broken out of V8 altogether: any JavaScript in the main context of a cell of a whole Solo, and the
 * bare calls of the system besides. One file for each kind, in broken/, with the attack and its deed. What the deed tries
 * must be refused by the jail; the control does the same without one, and finds that all of it gets through.
 */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { type Attack, endsSoon, type Expected, guest, type Stage, type Targets } from "./attack.ts";
import { call, isFiltered } from "./fixtures/hands.ts";

export interface Aims extends Targets {
  /** Nothing holds this cell: what cannot be taken back is not to be done. */
  readonly free: boolean;
}

export interface Grip {
  /** The cell's connection to the kernel. */
  readonly socket: Socket;
  readonly aims: Aims;
}

/** What became of a deed. */
export interface Done {
  /** All that was tried by bare calls. */
  readonly tried: readonly string[];
  /** What of it the jail let through, and what else succeeded. */
  readonly reached: readonly string[];
}

export type Deed = (grip: Grip) => Done | Promise<Done>;

/** Keeps account of a deed. */
export class Account {
  readonly #tried: string[] = [];
  readonly #reached: string[] = [];

  /** A bare call; that it fails for its arguments is no merit of the jail's. */
  bare(name: string, ...args: readonly (number | bigint | string)[]): void {
    const outcome = call(name, ...args);
    if (outcome === undefined) return;
    const what = `${name}(${args.join(", ")})`;
    this.#tried.push(what);
    if (!isFiltered(name, outcome)) this.#reached.push(what);
  }

  /** By Node's own means, whoever it is that forbids them. */
  async node(what: string, act: () => unknown): Promise<void> {
    try {
      await act();
      this.#reached.push(what);
    } catch {
      // As it must.
    }
  }

  found(...what: readonly string[]): void {
    this.#reached.push(...what);
  }

  get done(): Done {
    return { tried: this.#tried, reached: this.#reached };
  }
}

/** Nothing that it tries is let through, and it lives on. */
const isHeld: Expected = { type: "answers", with: [] };

/** The cell is ended at the call: nobody but an attacker makes it. */
export const isEnded: Expected = { type: "loses_its_cell", by: ["forbidden system call (SIGSYS)"] };

/** The guest does nothing: the deed is that of the cell. `before`: done by the guest first. */
export const brokenOut = (
  name: string,
  what: string,
  expects: Expected = isHeld,
  more: Partial<Pick<Attack, "source">> & { readonly before?: string } = {},
): Attack => ({
  name,
  what,
  source: more.source ?? guest("attack() { return new Promise(() => {}); }"),
  limits: endsSoon,
  run: async (stage) => {
    if (more.before !== undefined) await stage.call(more.before);
    const { reached } = await provoke(stage, false);
    return reached;
  },
  expects,
});

export async function provoke({ call: ask, targets }: Stage, free: boolean): Promise<Done> {
  assert.ok(targets !== undefined, "the arena has targets");
  const done = await ask("attack", [{ ...targets, free } satisfies Aims]);
  assert.ok(typeof done === "object" && done !== null && "reached" in done, JSON.stringify(done));
  return done as Done;
}
