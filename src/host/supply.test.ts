import assert from "node:assert/strict";
import { test } from "node:test";
import { cellNumber, defined, insist, parseTenantId } from "../base/index.ts";
import { Cell } from "./cell.ts";
import { Roster } from "./roster.ts";
import { Supply } from "./supply.ts";

const acme = defined(parseTenantId("acme"), "a tenant's name");

/** A supply on a clock that moves only when it is told to. */
function world(warmCells: number) {
  const roster = new Roster();
  const timers: { readonly at: number; readonly run: () => void }[] = [];
  let [now, spawned] = [0, 0];
  const supply = new Supply({
    epoch: 2 as ConstructorParameters<typeof Supply>[0]["epoch"],
    settings: {
      warmCells,
      servicesPerCellMax: 2,
      cellRssBytesMax: 1,
      systemCell: { rssBytesMax: 2, cpuWeight: 400 },
      emptyMsMax: 60_000,
    },
    spawn: () => void spawned++,
    assign: () => undefined,
    roster,
    timing: {
      nowMs: () => now,
      after: (ms, run) => {
        timers.push({ at: now + ms, run });
        return () => undefined;
      },
    },
  });
  /** Every cell that there is cannot start. */
  const loseAll = (): void => {
    for (const cell of roster.all) {
      cell.lose();
      roster.remove(cell);
      supply.lost(cell);
      supply.keepWarm();
    }
  };
  /** Runs the next timer; what it waited. */
  const wake = (): number => {
    const timer = timers.shift();
    insist(timer !== undefined, "something waits");
    const waited = timer.at - now;
    now = timer.at;
    timer.run();
    return waited;
  };
  return { supply, roster, loseAll, wake, spawned: () => spawned, pass: (ms: number) => void (now += ms) };
}

test("so many cells are kept warm, and one that a tenant takes is replaced at once", () => {
  const { supply, spawned } = world(2);
  supply.begin();
  assert.equal(spawned(), 2);
  supply.cellFor(acme, "user");
  assert.equal(spawned(), 3);
  supply.cellFor(acme, "user");
  assert.equal(spawned(), 3, "its own has room");
});

test("warm cells that cannot start are replaced after pauses that grow to a bound, not as fast as they fall", () => {
  const { supply, loseAll, wake, spawned } = world(2);
  supply.begin();
  const waits: number[] = [];
  for (let round = 1; round <= 20; round++) {
    loseAll();
    assert.equal(spawned(), 2 * round, "nothing is made before the pause is over");
    waits.push(wake());
    assert.equal(spawned(), 2 * (round + 1));
  }
  assert.deepEqual(waits.toSorted((a, b) => a - b).at(-1), 30_000);
  assert.ok(waits[0] !== undefined && waits[0] <= 200);
});

test("what an earlier kernel left is used up, and what is more than are kept ready is to be closed", () => {
  const { supply, roster } = world(2);
  const found = Array.from({ length: 3 }, (_, n) => {
    const cell = new Cell(cellNumber(n + 1));
    roster.add(cell);
    return cell;
  });
  // Only its phase is looked at.
  for (const cell of found.slice(0, 2)) cell.phase = { name: "open", link: undefined as never };
  supply.begin();
  assert.deepEqual(supply.surplus, [], "there may be one too many, and it is not ready");
  for (const cell of found) cell.phase = { name: "open", link: undefined as never };
  assert.deepEqual(supply.surplus, found.slice(2));
  supply.end();
  assert.deepEqual(supply.surplus, [], "a kernel that does not keep any closes none");
});

test("losses of long ago make no pause longer", () => {
  const { supply, loseAll, wake, pass } = world(1);
  supply.begin();
  for (let round = 0; round < 5; round++) {
    loseAll();
    wake();
  }
  pass(600_000);
  loseAll();
  assert.equal(wake(), 100);
});

test("during a pause a tenant still gets a cell", () => {
  const { supply, loseAll, spawned } = world(1);
  supply.begin();
  loseAll();
  supply.cellFor(acme, "user");
  assert.equal(spawned(), 2);
});

test("a tenant's services of the two tiers get cells apart", () => {
  const { supply } = world(0);
  const user = supply.cellFor(acme, "user");
  const system = supply.cellFor(acme, "system");
  assert.notEqual(user, system);
  assert.equal(supply.cellFor(acme, "system"), system);
  assert.equal(supply.cellFor(acme, "user"), user);
});
