import assert from "node:assert/strict";
import { test } from "node:test";
import { type CellLoss, cellNumber, incarnationNumber } from "../../base/index.ts";
import { lostCellsKeptMax } from "../defaults.ts";
import { fromSnapshot, toSnapshot } from "../snapshot.ts";
import { normalEnd, tenantId, World } from "../world.ts";

const aborted: CellLoss = { type: "signal", signal: "SIGTRAP" };
const lose = (
  world: World,
  tenant: string | undefined,
  victims: Record<number, "at work" | "idle">,
  loss: CellLoss = aborted,
) =>
  world.take({
    type: "cell_lost",
    cell: cellNumber(7),
    ...(tenant === undefined ? {} : { tenant: tenantId(tenant) }),
    loss,
    victims: Object.entries(victims).map(([incarnation, what]) => ({
      incarnation: incarnationNumber(Number(incarnation)),
      inFlight: what === "at work",
    })),
  });

test("a lost cell is one event, and the cause of each victim's end", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.run("t", "b");
  lose(world, "t", { 1: "at work", 2: "idle" });
  const lost = world.last("cell_lost");
  assert.deepEqual([lost.payload, lost.tenant, lost.subject], [{ cell: 7, loss: aborted, victims: 2 }, "t", "cell 7"]);
  const crashes = world.events.filter((event) => event.type === "service_crashed");
  assert.deepEqual(
    crashes.map(({ causation }) => causation),
    [lost.id, lost.id],
  );
  assert.deepEqual(
    crashes.map(({ payload }) => payload?.death),
    [
      { type: "cell_lost", loss: aborted, inFlight: "yes" },
      { type: "cell_lost", loss: aborted, inFlight: "no", culprit: "a" },
    ],
  );
  assert.ok(crashes.every(({ payload }) => payload?.started === true));
});

test("who was at work pays, and restarts on probation; who was idle does neither", () => {
  const world = World.of("t");
  world.run("t", "culprit");
  world.run("t", "victim");
  world.advance(60_000);
  lose(world, "t", { 1: "at work", 2: "idle" });
  const [culprit, victim] = world.events.filter((event) => event.type === "service_restart_scheduled");
  assert.deepEqual([culprit?.payload?.restarts, culprit?.payload?.at], [[world.now], world.now + 50]);
  assert.deepEqual([victim?.payload?.restarts, victim?.payload?.at], [[], world.now]);
  world.effects.length = 0;
  world.advance(50);
  assert.deepEqual(
    world.effects.map((effect) => effect.type === "start" && [effect.service, effect.probation]),
    [
      ["victim", false],
      ["culprit", true],
    ],
  );
  assert.equal(world.last("service_restarting").payload?.probation, true);
});

test("a service that loses its cell again and again through others never rests", () => {
  const world = World.of("t");
  world.run("t", "victim");
  for (let i = 0; i < 30; i++) {
    lose(world, "t", { [world.alive("t", "victim")]: "idle" });
    world.advance(1_000);
    world.started("t", world.alive("t", "victim"));
  }
  assert.equal(world.types().includes("service_rested"), false);
});

test("a victim that had lived only shortly waits a moment, so that losses do not chase each other", () => {
  const world = World.of("t");
  world.run("t", "victim");
  lose(world, "t", { 1: "idle" });
  assert.equal(world.last("service_restart_scheduled").payload?.at, world.now + 1_000);
});

for (const loss of [{ type: "node" }, { type: "closed" }] as const) {
  test(`a cell lost with reason ${loss.type} is nobody's fault, even of who was at work`, () => {
    const world = World.of("t");
    world.run("t", "a");
    lose(world, "t", { 1: "at work" }, loss);
    assert.deepEqual(world.last("service_restart_scheduled").payload?.restarts, []);
  });
}

test("a cell that cannot be started is tried within a budget, not for ever", () => {
  const world = World.of("t");
  world.run("t", "a");
  for (let i = 0; i < 4; i++) {
    lose(world, "t", { [world.alive("t", "a")]: "idle" }, { type: "spawn", problem: "no memory" });
    world.advance(800);
  }
  assert.equal(world.status("t", "a").resting, "service");
});

test("what was stopping when its cell was lost has stopped", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.kill("t", "a");
  lose(world, "t", { 1: "idle" });
  assert.deepEqual(world.types().slice(-3), ["cell_lost", "instance_stopped", "service_killed"]);
  assert.equal(world.status("t", "a").status, "STOPPED");
});

test("the loss of an empty cell is recorded; a loss reported twice is not", () => {
  const world = World.of("t");
  lose(world, undefined, {});
  assert.deepEqual(world.last("cell_lost").tenant, undefined);
  assert.deepEqual(lose(world, undefined, {}), { events: [], effects: [] });
});

test("a loss is told again to the next kernel if nobody acknowledged it: of victims that are dead already nothing is recorded", () => {
  const world = World.of("t");
  world.run("t", "a");
  lose(world, "t", { 1: "at work" });
  world.boot();
  for (const victims of [{ 1: "at work" }, {}] as const)
    assert.deepEqual(lose(world, "t", victims), { events: [], effects: [] });
  assert.deepEqual(fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(world.state)))), world.state);
});

test("a victim of a lost cell that the first teller did not know of ends all the same", () => {
  const world = World.of("t");
  world.run("t", "a");
  lose(world, undefined, {});
  lose(world, "t", { 1: "at work" });
  assert.equal(world.last("cell_lost").payload?.victims, 1);
  assert.equal(world.types().includes("service_crashed"), true);
});

test("a cell whose services had all ended is lost in the log, too", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.ended("t", incarnationNumber(1), normalEnd);
  lose(world, "t", { 1: "at work" });
  assert.equal(world.last("cell_lost").payload?.victims, 0);
});

test("the loss of a cell of a tenant that is gone is the node's own, and outlives no erasure", () => {
  const world = World.of("t");
  world.done({ type: "delete_tenant", tenant: tenantId("t") });
  lose(world, "t", {});
  assert.equal(world.last("cell_lost").tenant, undefined);
});

test("so many lost cells are known, the newest, until the node ends", () => {
  const world = World.of("t");
  const loseCell = (cell: number) =>
    world.take({ type: "cell_lost", cell: cellNumber(cell), loss: aborted, victims: [] }).events.length;
  for (let cell = 0; cell <= lostCellsKeptMax; cell++) assert.equal(loseCell(cell), 1);
  assert.equal(world.state.lost.size, lostCellsKeptMax);
  assert.deepEqual([loseCell(1), loseCell(lostCellsKeptMax), loseCell(0)], [0, 0, 1]);
  world.boot({ boot: "boot-2" });
  assert.equal(world.state.lost.size, 0);
});

test("instances of one service that are lost together are started together", () => {
  const world = World.of("t");
  const supervision = {
    strategy: "one_for_all",
    intensity: { restartsMax: 3, withinMs: 30_000 },
    backoff: { firstMs: 0, factor: 1, waitMsMax: 0 },
  } as const;
  world.run("t", "a", { instances: 3, supervision });
  lose(world, "t", { 1: "at work", 2: "idle", 3: "idle" });
  world.advance(1_000);
  assert.deepEqual(world.phases("t", "a"), ["starting", "starting", "starting"]);
});

const deathsOf = (world: World) =>
  world.events.flatMap((event) => (event.type === "service_crashed" ? [[event.subject, event.payload?.death]] : []));

test("of several that were at work none is named; who is at work again when the next cell dies, is", () => {
  const world = World.of("t");
  for (const name of ["a", "b", "c"]) world.run("t", name);
  const inFlight = { type: "cell_lost", loss: aborted, inFlight: "yes" };
  lose(world, "t", { 1: "at work", 2: "at work", 3: "idle" });
  assert.deepEqual(deathsOf(world), [
    ["a", inFlight],
    ["b", inFlight],
    ["c", { ...inFlight, inFlight: "no" }],
  ]);
  world.advance(5_000);
  const [a, b, c] = ["a", "b", "c"].map((name) => world.alive("t", name));
  for (const each of [a, b, c]) if (each !== undefined) world.started("t", each);
  world.events.length = 0;
  lose(world, "t", { [a ?? 0]: "at work", [b ?? 0]: "idle", [c ?? 0]: "at work" });
  assert.deepEqual(deathsOf(world), [
    ["a", inFlight],
    ["b", { ...inFlight, inFlight: "no", culprit: "a" }],
    ["c", { ...inFlight, inFlight: "no", culprit: "a" }],
  ]);
  const restarts = world.events.filter((event) => event.type === "service_restart_scheduled");
  assert.deepEqual(
    restarts.map(({ payload }) => payload?.restarts.length),
    [2, 1, 0],
    "only the culprit pays",
  );
});

test("a service that has lived long since its probation is not blamed for it", () => {
  const world = World.of("t");
  for (const name of ["a", "b"]) world.run("t", name);
  lose(world, "t", { 1: "at work", 2: "idle" });
  world.advance(5_000);
  const [a, b] = [world.alive("t", "a"), world.alive("t", "b")];
  for (const each of [a, b]) world.started("t", each);
  world.advance(3_600_000);
  world.events.length = 0;
  lose(world, "t", { [a]: "at work", [b]: "at work" });
  assert.ok(deathsOf(world).every(([, death]) => typeof death === "object" && !("culprit" in death)));
});

test("a cell that was ended from outside has no culprit", () => {
  const world = World.of("t");
  for (const name of ["a", "b"]) world.run("t", name);
  lose(world, "t", { 1: "at work", 2: "idle" }, { type: "signal", signal: "SIGKILL" });
  assert.ok(deathsOf(world).every(([, death]) => typeof death === "object" && !("culprit" in death)));
});
