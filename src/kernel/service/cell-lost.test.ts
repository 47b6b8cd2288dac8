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
  /** Turns that were under way, those of the dead included; unless it is said otherwise, none of the dead. */
  turns: number | "unknown" = Object.values(victims).filter((what) => what === "at work").length,
) =>
  world.take({
    type: "cell_lost",
    cell: cellNumber(7),
    ...(tenant === undefined ? {} : { tenant: tenantId(tenant) }),
    ...(turns === "unknown" ? {} : { turns }),
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
    lose(world, "t", { [world.alive("t", "victim")]: "idle" }, aborted, 1);
    world.advance(1_000);
    world.started("t", world.alive("t", "victim"));
  }
  assert.equal(world.types().includes("service_rested"), false);
});

test("a victim that had lived only shortly waits a moment, so that losses do not chase each other", () => {
  const world = World.of("t");
  world.run("t", "victim");
  lose(world, "t", { 1: "idle" }, aborted, 1);
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

/** How much of its budget each service has spent. */
const paidBy = (world: World): Record<string, number> =>
  Object.fromEntries(
    world.events.flatMap((event) =>
      event.type === "service_restart_scheduled" ? [[event.subject, event.payload?.restarts.length ?? 0]] : [],
    ),
  );

/** All of them run again, with the numbers of their lives. */
function startAgain(world: World, names: readonly string[]): readonly number[] {
  world.advance(5_000);
  const numbers = names.map((name) => world.alive("t", name));
  for (const number of numbers) world.started("t", number);
  return numbers;
}

const deathsOf = (world: World) =>
  world.events.flatMap((event) => (event.type === "service_crashed" ? [[event.subject, event.payload?.death]] : []));

test("of several that were at work none is named, and none pays; who is at work again when the next cell dies, is and does", () => {
  const world = World.of("t");
  for (const name of ["a", "b", "c"]) world.run("t", name);
  const inFlight = { type: "cell_lost", loss: aborted, inFlight: "yes" };
  lose(world, "t", { 1: "at work", 2: "at work", 3: "idle" });
  assert.deepEqual(deathsOf(world), [
    ["a", { ...inFlight, suspect: "first" }],
    ["b", { ...inFlight, suspect: "first" }],
    ["c", { ...inFlight, inFlight: "no" }],
  ]);
  assert.deepEqual(paidBy(world), { a: 0, b: 0, c: 0 });
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
  assert.deepEqual(paidBy(world), { a: 1, b: 0, c: 0 }, "only the culprit pays");
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

test("who waits for another's turn is its victim, whoever was called: only the one at work is named, pays and is on probation", () => {
  const world = World.of("t");
  for (const name of ["called", "working"]) world.run("t", name);
  lose(world, "t", { 1: "idle", 2: "at work" });
  assert.deepEqual(deathsOf(world), [
    ["called", { type: "cell_lost", loss: aborted, inFlight: "no", culprit: "working" }],
    ["working", { type: "cell_lost", loss: aborted, inFlight: "yes" }],
  ]);
  assert.deepEqual(paidBy(world), { called: 0, working: 1 });
});

for (const turns of ["unknown", 0] as const) {
  test(`a loss without anybody known to be at work (${turns}) costs nobody anything, and all go on probation; the next costs all`, () => {
    const world = World.of("t");
    for (const name of ["a", "b"]) world.run("t", name);
    lose(world, "t", { 1: "idle", 2: "idle" }, aborted, turns);
    const suspect = { type: "cell_lost", loss: aborted, inFlight: "no", suspect: "first" };
    assert.deepEqual(deathsOf(world), [
      ["a", suspect],
      ["b", suspect],
    ]);
    assert.deepEqual(paidBy(world), { a: 0, b: 0 });
    world.effects.length = 0;
    const [a, b] = startAgain(world, ["a", "b"]);
    assert.ok(world.effects.every((effect) => effect.type !== "start" || effect.probation));
    lose(world, "t", { [a ?? 0]: "idle", [b ?? 0]: "idle" }, aborted, turns);
    assert.deepEqual(deathsOf(world).slice(2), [
      ["a", { ...suspect, suspect: "again" }],
      ["b", { ...suspect, suspect: "again" }],
    ]);
    assert.deepEqual(paidBy(world), { a: 1, b: 1 });
  });
}

test("a cell that is lost again and again without a culprit comes to rest: its services spend their budgets", () => {
  const world = World.of("t");
  for (const name of ["a", "b"]) world.run("t", name);
  let losses = 0;
  for (let alive: readonly number[] = [1, 2]; losses < 10; alive = startAgain(world, ["a", "b"])) {
    lose(world, "t", Object.fromEntries(alive.map((number) => [number, "idle"])));
    losses++;
    if (world.status("t", "a").resting !== undefined) break;
  }
  assert.deepEqual(
    [losses, world.status("t", "a").resting],
    [5, "service"],
    "one is free, and three restarts are paid",
  );
});

test("a first suspicion fails no deployment; the second does", () => {
  const world = World.of("t");
  world.run("t", "neighbour");
  world.deploy("t", "new");
  lose(world, "t", { 1: "at work", [world.alive("t", "new")]: "at work" });
  assert.equal(world.types().includes("service_deployment_failed"), false);
  world.advance(5_000);
  world.started("t", world.alive("t", "neighbour"));
  lose(world, "t", { [world.alive("t", "neighbour")]: "at work", [world.alive("t", "new")]: "at work" });
  assert.equal(world.last("service_deployment_failed").subject, "new");
});

test("what a snapshot holds of a suspicion is what the log does", () => {
  const world = World.of("t");
  for (const name of ["a", "b"]) world.run("t", name);
  lose(world, "t", { 1: "at work", 2: "at work" });
  assert.deepEqual(fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(world.state)))), world.state);
});
