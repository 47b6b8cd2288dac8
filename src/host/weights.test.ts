import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cellNumber,
  defined,
  incarnationNumber,
  parseServiceId,
  parseTenantId,
  resourceLimitsDefault,
  type TenantId,
} from "../base/index.ts";
import type { Release } from "../kernel/index.ts";
import { Cell, type Held, type Tier } from "./cell.ts";
import { Roster } from "./roster.ts";
import { Weights } from "./weights.ts";

const tenant = (name: string): TenantId => defined(parseTenantId(name), "a tenant's name");
const service = defined(parseServiceId("some"), "a service's name");
const [acme, zenith] = [tenant("acme"), tenant("zenith")];

/** Cells and what init was told of them last, as `cell: weight`. */
function world() {
  const told = new Map<number, number>();
  let messages = 0;
  const roster: Roster = new Roster((whose) => weights.review(whose));
  const weights = new Weights({
    roster,
    settings: { cellRssBytesMax: 1, systemCell: { rssBytesMax: 2, cpuWeight: 400 } },
    limit: (cell, { cpuWeight, rssBytesMax }) => {
      messages++;
      assert.equal(rssBytesMax, cpuWeight > 100 ? 2 : 1);
      told.set(cell, cpuWeight);
    },
  });
  let [cells, incarnations] = [0, 0];
  const makeCell = (whose: TenantId, tier: Tier = "user"): Cell => {
    const cell = new Cell(cellNumber(++cells));
    roster.add(cell);
    roster.give(cell, whose, tier);
    return cell;
  };
  const place = (cell: Cell, cpuShares: number = resourceLimitsDefault.cpuShares): Held => {
    const release = { limits: { ...resourceLimitsDefault, cpuShares } } as Release;
    const held: Held = {
      service,
      instance: 1,
      incarnation: incarnationNumber(++incarnations),
      release,
      phase: "running",
    };
    roster.place(cell, defined(cell.tenant, "its tenant"), held);
    return held;
  };
  const remove = (cell: Cell, held: Held): void => roster.unplace(cell, defined(cell.tenant, "its tenant"), held);
  return { told: () => Object.fromEntries(told), messages: () => messages, roster, makeCell, place, remove };
}

test("a tenant's only cell has the tenant's whole weight, whatever it holds, and init is told once", () => {
  const { told, messages, makeCell, place, remove } = world();
  const [small, large] = [makeCell(acme), makeCell(zenith)];
  place(small);
  const held = Array.from({ length: 50 }, () => place(large, 100_000));
  assert.deepEqual(told(), { 1: 100, 2: 100 });
  for (const one of held) remove(large, one);
  assert.deepEqual([told(), messages()], [{ 1: 100, 2: 100 }, 2]);
});

test("a tenant with more cells weighs no more than one with a single cell: they divide its weight by the shares in them", () => {
  const { told, makeCell, place, remove } = world();
  const [first, second, other] = [makeCell(acme), makeCell(acme), makeCell(zenith)];
  place(other);
  place(first);
  place(second);
  assert.deepEqual(told(), { 1: 50, 2: 50, 3: 100 });
  const heavy = place(second, 2 * resourceLimitsDefault.cpuShares);
  assert.deepEqual(told(), { 1: 25, 2: 75, 3: 100 }, "shares move time within the tenant, and take none of another's");
  remove(second, heavy);
  assert.deepEqual(told(), { 1: 50, 2: 50, 3: 100 });
});

test("what a lost cell had goes to the others of its tenant", () => {
  const { told, roster, makeCell, place, remove } = world();
  const [first, second] = [makeCell(acme), makeCell(acme)];
  place(first);
  const held = place(second, 3 * resourceLimitsDefault.cpuShares);
  assert.deepEqual(told(), { 1: 25, 2: 75 });
  second.lose();
  remove(second, held);
  roster.remove(second);
  assert.equal(told()[1], 100);
});

test("cells of system services divide a weight of their own, and take nothing of the tenant's", () => {
  const { told, makeCell, place } = world();
  const [user, system] = [makeCell(acme), makeCell(acme, "system")];
  place(user);
  place(system, 4_096);
  assert.deepEqual(told(), { 1: 100, 2: 400 });
});

test("every cell weighs something", () => {
  const { told, makeCell, place } = world();
  place(makeCell(acme), 1);
  place(makeCell(acme), 1_000_000);
  assert.deepEqual(told(), { 1: 1, 2: 100 });
});
