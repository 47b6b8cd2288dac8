/**
 * What the processes of a node's own hold in calm, open files and memory: as much at the end as in the calm before, whether it
 * is the same process that lived through it all or its successor.
 */
import assert from "node:assert/strict";
import type { Node } from "../crash/node.ts";
import { filesOf } from "../e2e/processes.ts";
import { until } from "../e2e/solo.ts";
import { residentOf } from "./resident.ts";

/** Cells that wait for a tenant, as many as the node keeps. */
const warmCells = 2;
/** For warm cells to be made, and for what closes to be closed: a cell that is empty, after a minute and a few seconds. */
const calmMsMax = 120_000;

const roles = ["init", "kernel", "builder"] as const;
type Role = (typeof roles)[number];

interface Holding {
  readonly pid: number;
  /** How many of each kind. */
  readonly files: Readonly<Record<string, number>>;
  readonly bytes: number;
}

type Holdings = Readonly<Record<Role, Holding>>;

/** How much more of memory a role holds than before, in bytes. */
export type Growth = Readonly<Record<Role, number>>;

export class Calmness {
  readonly #node: Node;
  readonly #before: Holdings;

  private constructor(node: Node, before: Holdings) {
    this.#node = node;
    this.#before = before;
  }

  /** `tenants`: how many have a cell, then and at the end. Whoever asks at the end has asked before. */
  static async of(node: Node, tenants: number): Promise<Calmness> {
    await calm(node, tenants);
    return new Calmness(node, holdings(node));
  }

  /** Throws if a process has more files open than the one before it had. Says what each holds. */
  async compare(tenants: number): Promise<{ readonly said: string; readonly growth: Growth }> {
    await calm(this.#node, tenants);
    let now = holdings(this.#node);
    const grown = (): string => roles.flatMap((role) => more(role, this.#before[role], now[role])).join("; ");
    const look = (): boolean => {
      now = holdings(this.#node);
      return grown() === "";
    };
    await until("descriptors to be as many as before", look, calmMsMax).catch(() =>
      assert.fail(`left open: ${grown()}`),
    );
    const before = this.#before;
    const say = (role: Role): string =>
      `${role}${now[role].pid === before[role].pid ? "" : " (another)"} ${total(now[role])} files after ${total(before[role])}, ` +
      `${mb(now[role].bytes)} MB after ${mb(before[role].bytes)}`;
    const grew = (role: Role): number => now[role].bytes - before[role].bytes;
    return {
      said: roles.map(say).join("; "),
      growth: { init: grew("init"), kernel: grew("kernel"), builder: grew("builder") },
    };
  }
}

/** All cells are there that should be, a builder, and a kernel in reserve. */
async function calm(node: Node, tenants: number): Promise<void> {
  const wanted = [...Array.from({ length: tenants + warmCells }, () => "cell"), "kernel", "builder", "heir"].toSorted();
  const found = (): string =>
    node.solo
      .processes()
      .map(({ role }) => role)
      .filter((role) => role !== "jail" && role !== "other")
      .toSorted()
      .join();
  await until("calm", () => found() === wanted.join(), calmMsMax).catch(() =>
    assert.fail(`no calm: there are ${found()}, and should be ${wanted.join()}`),
  );
}

function holdings(node: Node): Holdings {
  const of = (pid: number | undefined): Holding => {
    const files: Record<string, number> = {};
    if (pid === undefined) return { pid: 0, files, bytes: 0 };
    for (const file of filesOf(pid)) files[kindOf(file)] = (files[kindOf(file)] ?? 0) + 1;
    return { pid, files, bytes: residentOf([pid]) };
  };
  return { init: of(node.solo.initPid), kernel: of(node.kernel()), builder: of(node.builder()) };
}

/** `socket:[123]` → `socket`; of a file its name, without numbers. */
const kindOf = (file: string): string => file.replace(/:\[\d+\]$/, "").replace(/\d+/g, "N");

const total = ({ files }: Holding): number => Object.values(files).reduce((sum, count) => sum + count, 0);

const mb = (bytes: number): number => Math.round(bytes / 1024 ** 2);

const more = (role: Role, then: Holding, now: Holding): readonly string[] =>
  Object.entries(now.files).flatMap(([kind, count]) => {
    const before = then.files[kind] ?? 0;
    return count > before ? [`${role} has ${count} of ${kind}, and had ${before}`] : [];
  });
