import assert from "node:assert/strict";
import { test } from "node:test";
import { cellNumber, defined, type IncarnationNumber, kernelEpoch } from "../../base/index.ts";
import { tenantId, World } from "../world.ts";
import { takeOver, unplacedIn } from "./take-over.ts";

const signal = { type: "signal", signal: "SIGKILL" } as const;
const together = {
  strategy: "one_for_all",
  intensity: { restartsMax: 3, withinMs: 30_000 },
  backoff: { firstMs: 50, factor: 4, waitMsMax: 5_000 },
} as const;
interface Turn {
  readonly incarnation: IncarnationNumber;
  readonly lastedMs: number;
}

const found = (boot: string) => ({
  epoch: kernelEpoch(2),
  boot,
  version: "1",
  survivors: [],
  exits: [{ cell: cellNumber(1), loss: signal }],
});

test("what a cell held that ended without a kernel counts as alive until its loss is told, with the true reason", () => {
  const world = World.of("t");
  world.run("t", "a");
  const incarnation = world.alive("t", "a");
  const { booted, losses } = takeOver(world.state, found(world.state.boot));
  assert.deepEqual(booted.survivors, [{ tenant: "t", service: "a", incarnation, cell: 1, phase: "running" }]);
  const victims = [{ incarnation, inFlight: true }];
  assert.deepEqual(losses, [{ type: "cell_lost", cell: 1, tenant: "t", loss: signal, victims }]);
  world.take(booted);
  for (const loss of losses) world.take(loss);
  const death = { type: "cell_lost", loss: signal, inFlight: "yes", suspect: "first" };
  assert.deepEqual(world.last("service_crashed").payload?.death, death);
});

test("of a cell that ended without a kernel its flight record tells who was at work", () => {
  const world = World.of("t");
  for (const name of ["a", "b"]) world.run("t", name);
  const turns = [{ incarnation: world.alive("t", "b"), lastedMs: 3 }];
  const exits = [{ cell: cellNumber(1), loss: { type: "signal", signal: "SIGTRAP" } as const, turns }];
  const { booted, losses } = takeOver(world.state, { ...found(world.state.boot), exits });
  const [a, b] = ["a", "b"].map((name) => world.alive("t", name));
  assert.deepEqual(
    losses.map(({ victims, turns: count }) => [victims, count]),
    [
      [
        [
          { incarnation: a, inFlight: false },
          { incarnation: b, inFlight: true, lastedMs: 3 },
        ],
        1,
      ],
    ],
  );
  world.take(booted);
  for (const loss of losses) world.take(loss);
  const crashes = world.events.filter((event) => event.type === "service_crashed");
  assert.deepEqual(
    crashes.map(({ subject, payload }) => [subject, payload?.death.type === "cell_lost" && payload.death.culprit]),
    [
      ["a", "b"],
      ["b", undefined],
    ],
  );
});

/** A cell of `b`, which runs, and of `a`, which was starting there: the log does not know yet in which cell. */
function lostWhileOneStarts(turns: (a: IncarnationNumber, b: IncarnationNumber) => readonly Turn[]) {
  const world = World.of("t");
  world.run("t", "b");
  const a = defined(world.deploy("t", "a").born[0], "a life that starts").incarnation;
  const loss = { type: "memory", rssBytes: 2, limitBytes: 1 } as const;
  const exits = [{ cell: cellNumber(1), loss, turns: turns(a, world.alive("t", "b")) }];
  const { booted, losses } = takeOver(world.state, { ...found(world.state.boot), exits });
  world.take(booted);
  for (const one of losses) world.take(one);
  return { counted: losses.map((one) => one.turns), death: world.last("service_crashed").payload?.death };
}

test("a turn of one that was starting in the lost cell makes doubt: nobody is named beside it", () => {
  const { counted, death } = lostWhileOneStarts((a, b) => [
    { incarnation: a, lastedMs: 900 },
    { incarnation: b, lastedMs: 900 },
  ]);
  assert.deepEqual(counted, [2]);
  assert.ok(death?.type === "cell_lost");
  assert.deepEqual([death.inFlight, death.suspect], ["yes", "first"]);
});

test("turns of others alone clear nobody: a cell that lies would make its losses free for ever", () => {
  const { counted, death } = lostWhileOneStarts((a) => [{ incarnation: a, lastedMs: 900 }]);
  assert.deepEqual(counted, [0]);
  assert.ok(death?.type === "cell_lost");
  assert.deepEqual([death.inFlight, death.suspect], ["no", "first"]);
});

test("what was stopping in a cell that ended without a kernel ended with it, and no longer with what it was told", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.run("t", "pair", { instances: 2, supervision: together });
  world.kill("t", "a");
  world.ended("t", world.alive("t", "pair"));
  assert.deepEqual(world.phases("t", "pair"), ["waiting", "stopping"]);
  assert.deepEqual(unplacedIn(world.state), [], "their cells are known");
  const { booted, losses } = takeOver(world.state, found(world.state.boot));
  const before = world.events.length;
  world.take(booted);
  for (const loss of losses) world.take(loss);
  assert.deepEqual(world.types(before), [
    "kernel_started",
    "cell_lost",
    "instance_stopped",
    "service_killed",
    "instance_stopped",
  ]);
  for (const event of world.events.slice(before)) {
    if (event.type !== "instance_stopped") continue;
    assert.deepEqual(event.payload?.death, { type: "cell_lost", loss: signal, inFlight: "yes" });
    assert.equal(event.causation, world.last("cell_lost").id);
  }
  assert.deepEqual(world.last("service_killed").payload?.death, { type: "killed", by: "admin", forced: "no" });
  assert.deepEqual(world.phases("t", "pair"), ["waiting", "waiting"]);
});

test("what the last kernel had recorded of a lost cell, and not acknowledged, is recorded once", () => {
  const world = World.of("t");
  world.run("t", "a");
  for (let kernel = 0; kernel < 2; kernel++) {
    const { booted, losses } = takeOver(world.state, found(world.state.boot));
    world.take(booted);
    for (const loss of losses) world.take(loss);
  }
  assert.equal(world.types().filter((type) => type === "cell_lost").length, 1);
});

test("a cell that held nothing is told too, and what another cell holds is left alone", () => {
  const world = World.of("t");
  const { born } = world.deploy("t", "a");
  for (const { incarnation } of born) world.started("t", incarnation, 2);
  const { booted, losses } = takeOver(world.state, found(world.state.boot));
  assert.deepEqual(booted.survivors, []);
  assert.deepEqual(losses, [{ type: "cell_lost", cell: 1, loss: signal, victims: [] }]);
});

test("of the cells of another boot the end of the node tells", () => {
  const world = World.of("t");
  world.run("t", "a");
  const { booted, losses } = takeOver(world.state, found("another"));
  assert.deepEqual([booted.survivors, losses], [[], []]);
  world.take(booted);
  const { deaths } = world.status(tenantId("t"), "a");
  assert.deepEqual(deaths.at(-1)?.death, { type: "cell_lost", loss: { type: "node" }, inFlight: "no" });
});
