/** What the processes that live through it all hold open: as much at the end as in the calm before. */
import assert from "node:assert/strict";
import type { Node } from "../crash/node.ts";
import { filesOf, type Role } from "../e2e/processes.ts";
import { until } from "../e2e/solo.ts";

/** Cells that wait for a tenant, as many as the node keeps. */
const warmCells = 2;
/** For warm cells to be made, and for what closes to be closed. */
const calmMsMax = 60_000;

interface Holding {
  readonly role: Role | "init";
  readonly pid: number;
  /** How many of each kind. */
  readonly files: Readonly<Record<string, number>>;
}

export class Descriptors {
  readonly #node: Node;
  readonly #before: readonly Holding[];

  private constructor(node: Node, before: readonly Holding[]) {
    this.#node = node;
    this.#before = before;
  }

  /** `tenants`: how many have a cell, then and at the end. */
  static async inCalm(node: Node, tenants: number): Promise<Descriptors> {
    await calm(node, tenants);
    return new Descriptors(node, holdings(node));
  }

  /** Throws if a process that was there before holds more than it did. Returns which were. */
  async compare(tenants: number): Promise<string> {
    await calm(this.#node, tenants);
    let [now, grown] = [this.#now(), ""];
    const look = (): boolean => {
      now = this.#now();
      grown = now.flatMap(({ then, holding }) => more(then, holding)).join("; ");
      return grown === "";
    };
    await until("descriptors to be as many as before", look, calmMsMax).catch(() => assert.fail(`left open: ${grown}`));
    return now.map(({ holding }) => `${holding.role} ${total(holding)}`).join(", ");
  }

  #now(): readonly { readonly then: Holding; readonly holding: Holding }[] {
    return holdings(this.#node).flatMap((holding) => {
      const then = this.#before.find(({ pid }) => pid === holding.pid);
      return then === undefined ? [] : [{ then, holding }];
    });
  }
}

/** All cells are there that should be, and a kernel in reserve. */
const calm = (node: Node, tenants: number): Promise<void> =>
  until(
    "calm",
    () => node.cells().length === tenants + warmCells && node.solo.processes().some(({ role }) => role === "heir"),
    calmMsMax,
  );

function holdings(node: Node): readonly Holding[] {
  const kept = node.solo.processes().filter(({ role }) => role === "kernel" || role === "builder");
  return [{ role: "init" as const, pid: node.solo.initPid }, ...kept].map(({ role, pid }) => {
    const files: Record<string, number> = {};
    for (const file of filesOf(pid)) files[kindOf(file)] = (files[kindOf(file)] ?? 0) + 1;
    return { role, pid, files };
  });
}

/** `socket:[123]` → `socket`; of a file its name, without numbers. */
const kindOf = (file: string): string => file.replace(/:\[\d+\]$/, "").replace(/\d+/g, "N");

const total = ({ files }: Holding): number => Object.values(files).reduce((sum, count) => sum + count, 0);

const more = (then: Holding, { role, files }: Holding): readonly string[] =>
  Object.entries(files).flatMap(([kind, count]) => {
    const before = then.files[kind] ?? 0;
    return count > before ? [`${role} has ${count} of ${kind}, and had ${before}`] : [];
  });
