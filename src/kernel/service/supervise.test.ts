import assert from "node:assert/strict";
import { test } from "node:test";
import { incarnationNumber, type Strategy } from "../../base/index.ts";
import { serviceSupervisionDefault } from "../defaults.ts";
import { crash, normalEnd, World } from "../world.ts";

const first = incarnationNumber(1);
const strict = (strategy: Strategy, restartsMax = 3) => ({
  strategy,
  intensity: { restartsMax, withinMs: 30_000 },
  backoff: { firstMs: 0, factor: 1, waitMsMax: 0 },
});

/** Crashes the service's instance each time it runs, for so long; says when it rested and at which level. */
function crashLoop(world: World, tenant: string, service: string, forMs: number) {
  const rests: { level: string; ms: number }[] = [];
  const until = world.now + forMs;
  while (world.now < until) {
    const before = world.events.length;
    if (world.status(tenant, service).pid !== undefined) {
      const incarnation = world.alive(tenant, service);
      world.started(tenant, incarnation);
      world.ended(tenant, incarnation);
      for (const event of world.events.slice(before)) {
        if (event.type !== "service_rested" || event.payload === undefined) continue;
        rests.push({ level: event.payload.level, ms: event.payload.until - world.now });
      }
    }
    world.advance(50);
  }
  return rests;
}

test("a crash is logged with its reason, and the restart is scheduled, begun and done, each because of the one before", () => {
  const world = World.of("t");
  world.run("t", "counter");
  const from = world.events.length;
  world.ended("t", first);
  const waiting = world.status("t", "counter");
  assert.deepEqual([waiting.status, waiting.reason, waiting.nextRestartAt], ["ERROR", crash, world.now + 50]);
  assert.equal(waiting.pid, undefined);
  world.advance(49);
  assert.equal(world.status("t", "counter").pid, undefined);
  world.advance(1);
  world.started("t", world.alive("t", "counter"));
  assert.deepEqual(world.types(from), [
    "service_crashed",
    "service_restart_scheduled",
    "service_restarting",
    "service_restarted",
  ]);
  const [crashed, scheduled, restarting, restarted] = world.events.slice(from);
  assert.equal(crashed?.causation, world.last("service_deployed").id);
  assert.equal(scheduled?.causation, crashed?.id);
  assert.equal(restarting?.causation, scheduled?.id);
  assert.equal(restarted?.causation, restarting?.id);
  assert.ok(world.events.slice(from).every(({ actor }) => actor === "solo"));
  const status = world.status("t", "counter");
  assert.deepEqual([status.status, status.restartCount, status.pid], ["RUNNING", 1, "<0.1.2>"]);
});

test("restarts in a row wait longer", () => {
  const world = World.of("t");
  world.run("t", "counter");
  const waits: number[] = [];
  for (let i = 0; i < 3; i++) {
    world.ended("t", world.alive("t", "counter"));
    waits.push((world.last("service_restart_scheduled").payload?.at ?? 0) - world.now);
    world.advance(1_000);
    world.started("t", world.alive("t", "counter"));
  }
  assert.deepEqual(waits, [50, 200, 800]);
});

test("a transient service that ends normally is stopped, and stays so", () => {
  const world = World.of("t");
  world.run("t", "job", { restart: "transient" });
  world.ended("t", first, normalEnd);
  assert.equal(world.types().at(-1), "instance_stopped");
  assert.equal(world.status("t", "job").status, "STOPPED");
  world.advance(600_000);
  assert.deepEqual(world.phases("t", "job"), ["stopped"]);
  world.deploy("t", "job");
});

test("a permanent service that ends normally is started again", () => {
  const world = World.of("t");
  world.run("t", "counter");
  world.ended("t", first, normalEnd);
  assert.deepEqual(world.types().slice(-2), ["instance_stopped", "service_restart_scheduled"]);
});

test("a temporary service that crashes is not started again, and says that it failed", () => {
  const world = World.of("t");
  world.run("t", "once", { restart: "temporary" });
  world.ended("t", first);
  const status = world.status("t", "once");
  assert.deepEqual([status.status, status.reason, status.nextRestartAt], ["ERROR", crash, undefined]);
});

test("one_for_one: a crash leaves the siblings alone", () => {
  const world = World.of("t");
  world.run("t", "counter", { instances: 3, supervision: strict("one_for_one") });
  world.effects.length = 0;
  world.ended("t", incarnationNumber(2));
  assert.deepEqual(world.phases("t", "counter"), ["running", "waiting", "running"]);
  assert.deepEqual(world.effects, []);
  assert.equal(world.status("t", "counter").status, "ERROR");
});

for (const [strategy, phases, stopped] of [
  ["rest_for_one", ["running", "waiting", "stopping"], [3]],
  ["one_for_all", ["stopping", "waiting", "stopping"], [3, 1]],
] as const) {
  test(`${strategy}: siblings are stopped right to left, and started left to right when the last has ended`, () => {
    const world = World.of("t");
    world.run("t", "counter", { instances: 3, supervision: strict(strategy) });
    world.effects.length = 0;
    world.ended("t", incarnationNumber(2));
    assert.deepEqual(world.phases("t", "counter"), phases);
    const stops = world.effects.map((effect) => effect.type === "stop" && effect.incarnation);
    assert.deepEqual(stops, stopped);
    world.advance(10_000);
    assert.deepEqual(world.phases("t", "counter"), phases);
    world.effects.length = 0;
    for (const sibling of stopped) world.ended("t", incarnationNumber(sibling), { type: "stopped", why: "sibling" });
    world.advance(0);
    const starts = world.effects.map((effect) => effect.type === "start" && effect.instance);
    assert.deepEqual(starts, strategy === "one_for_all" ? [1, 2, 3] : [2, 3]);
  });
}

test("a sibling that crashes while it is stopped for a restart is not counted", () => {
  const world = World.of("t");
  world.run("t", "counter", { instances: 2, supervision: strict("one_for_all", 1) });
  world.ended("t", incarnationNumber(1));
  world.ended("t", incarnationNumber(2), crash);
  world.advance(0);
  assert.deepEqual(world.phases("t", "counter"), ["starting", "starting"]);
  assert.equal(world.events.filter(({ type }) => type === "service_crashed").length, 1);
});

test("a job's instance that is done stays done when its siblings are started again", () => {
  const world = World.of("t");
  world.run("t", "job", { instances: 2, restart: "transient", supervision: strict("one_for_all") });
  world.ended("t", incarnationNumber(1), normalEnd);
  world.ended("t", incarnationNumber(2), crash);
  world.advance(0);
  assert.deepEqual(world.phases("t", "job"), ["stopped", "starting"]);
});

test("too many restarts rest the whole service: its siblings stop, and all start together after the rest", () => {
  const world = World.of("t");
  world.run("t", "counter", { instances: 2, supervision: strict("one_for_one", 1) });
  world.ended("t", incarnationNumber(1));
  world.advance(0);
  world.started("t", world.alive("t", "counter", 1));
  world.ended("t", world.alive("t", "counter", 1));
  assert.deepEqual(world.phases("t", "counter"), ["resting", "stopping"]);
  assert.equal(world.last("service_rested").causation, world.last("service_crashed").id);
  world.ended("t", incarnationNumber(2), { type: "stopped", why: "escalated" });
  const status = world.status("t", "counter");
  assert.deepEqual([status.status, status.resting, status.nextRestartAt], ["ERROR", "service", world.now + 1_000]);
  world.advance(999);
  assert.deepEqual(world.phases("t", "counter"), ["resting", "resting"]);
  world.advance(1);
  assert.deepEqual(world.phases("t", "counter"), ["starting", "starting"]);
  assert.equal(world.last("service_restarting").causation, world.last("service_rested").id);
});

test("a crash loop rests longer each time, at last for its tenant's rest, and never goes further up", () => {
  const world = World.of("t");
  world.run("t", "looper");
  const rests = crashLoop(world, "t", "looper", 1_200_000);
  const seconds = rests.map(({ ms }) => ms / 1_000);
  assert.deepEqual(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 300, 300, 300]);
  assert.deepEqual(
    rests.map(({ level }) => level),
    [...Array<string>(10).fill("service"), "tenant", "tenant", "tenant"],
  );
  assert.ok((world.last("service_rested").payload?.restarts.length ?? 0) <= 10);
});

test("a crash loop rests its service, not its neighbours", () => {
  const world = World.of("t", "u");
  world.run("t", "looper");
  world.run("t", "neighbour");
  world.run("u", "stranger");
  crashLoop(world, "t", "looper", 700_000);
  for (const [tenant, service] of [
    ["t", "neighbour"],
    ["u", "stranger"],
  ] as const) {
    const status = world.status(tenant, service);
    assert.deepEqual([status.status, status.restartCount, status.uptimeMs >= 700_000], ["RUNNING", 0, true]);
  }
  // The neighbour's own budget is whole.
  world.ended("t", world.alive("t", "neighbour"));
  assert.equal(world.status("t", "neighbour").resting, undefined);
});

test("a service that has run well for long starts with a whole budget again", () => {
  const world = World.of("t");
  world.run("t", "looper");
  crashLoop(world, "t", "looper", 100_000);
  while (world.status("t", "looper").status !== "RUNNING") {
    world.advance(1_000);
    if (world.status("t", "looper").pid !== undefined) world.started("t", world.alive("t", "looper"));
  }
  world.advance(120_000);
  assert.deepEqual(crashLoop(world, "t", "looper", 3_000)[0], { level: "service", ms: 1_000 });
});

test("a restart that fails to start counts as a crash, and says that it had not started", () => {
  const world = World.of("t");
  world.run("t", "counter");
  world.ended("t", first);
  world.advance(50);
  world.ended("t", world.alive("t", "counter"), crash, false);
  assert.equal(world.last("service_crashed").payload?.started, false);
  assert.equal(world.last("service_crashed").causation, world.last("service_restarting").id);
  assert.equal(world.status("t", "counter").nextRestartAt, world.now + 200);
});

test("unknown, late and repeated reports lead to nothing", () => {
  const world = World.of("t");
  world.run("t", "counter");
  const nothing = { events: [], effects: [] };
  assert.deepEqual(world.started("t", first), nothing);
  assert.deepEqual(world.started("t", incarnationNumber(99)), nothing);
  assert.deepEqual(world.started("nobody", first), nothing);
  assert.deepEqual(world.ended("t", incarnationNumber(99)), nothing);
  assert.deepEqual(world.ended("nobody", first), nothing);
  world.ended("t", first);
  assert.deepEqual(world.ended("t", first), nothing);
  assert.deepEqual(world.started("t", first), nothing);
  assert.deepEqual(world.take({ type: "woken" }), nothing);
});

test("the deaths kept are the newest", () => {
  const world = World.of("t");
  world.run("t", "counter", {
    supervision: { ...serviceSupervisionDefault, intensity: { restartsMax: 100, withinMs: 100_000 } },
  });
  for (let i = 0; i < 12; i++) {
    world.ended("t", world.alive("t", "counter"), { type: "out_of_memory", limitBytes: i });
    world.advance(10_000);
    world.started("t", world.alive("t", "counter"));
  }
  const kept = world
    .status("t", "counter")
    .deaths.map(({ death }) => death.type === "out_of_memory" && death.limitBytes);
  assert.deepEqual(kept, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test("of the deaths kept, only the newest keeps all its words", () => {
  const world = World.of("t");
  world.run("t", "counter");
  const long = { name: "Error", message: "m".repeat(2_000), stack: "s".repeat(8_000) };
  const death = { type: "crashed", where: "message", error: long } as const;
  for (let i = 0; i < 2; i++) {
    world.ended("t", world.alive("t", "counter"), death);
    world.advance(1_000);
    world.started("t", world.alive("t", "counter"));
  }
  const abridged = { name: "Error", message: "m".repeat(200), stack: "s".repeat(500) };
  assert.deepEqual(
    world.status("t", "counter").deaths.map((past) => past.death.type === "crashed" && past.death.error),
    [abridged, long],
  );
});
