import assert from "node:assert/strict";
import { test } from "node:test";
import { cellNumber, incarnationNumber } from "../../base/index.ts";
import { recoveriesMax, recoveriesPerTenantMax } from "../defaults.ts";
import { nextWake, outcomeOf } from "../read.ts";
import { fromSnapshot, toSnapshot } from "../snapshot.ts";
import type { Survivor } from "../turn.ts";
import { admin, crash, normalEnd, serviceId, tenantId, World } from "../world.ts";

const killed = { type: "killed", by: "admin", forced: "no" } as const;
const nodeLost = { type: "cell_lost", loss: { type: "node" }, inFlight: "no" } as const;
const survivor = (
  tenant: string,
  service: string,
  incarnation: number,
  phase: Survivor["phase"] = "running",
): Survivor => ({
  tenant: tenantId(tenant),
  service: serviceId(service),
  incarnation: incarnationNumber(incarnation),
  cell: cellNumber(1),
  phase,
});
const starts = (world: World): readonly string[] =>
  world.effects.filter((effect) => effect.type === "start").map((effect) => `${effect.service}/${effect.instance}`);
/** Whatever may start has started, until nothing more does. */
const startAll = (world: World): void => {
  for (const effect of world.effects) if (effect.type === "start") world.started(effect.tenant, effect.incarnation);
};

test("commands are refused until the kernel has started, and after the node has stopped", () => {
  const world = new World();
  const command = { type: "create_tenant", tenant: tenantId("t") } as const;
  assert.deepEqual(world.command(command), { refused: "STARTING", detail: {} });
  world.boot();
  world.done(command);
  world.take({ type: "node_stopped", outcome: "clean" });
  assert.deepEqual(world.command(command), { refused: "SHUTTING_DOWN", detail: {} });
  assert.deepEqual(world.take({ type: "node_stopped", outcome: "clean" }), { events: [], effects: [] });
});

test("after the node was lost, what ran is started again in the order of deployment, and says why it ended", () => {
  const world = World.of("t", "u");
  world.run("t", "third");
  world.kill("t", "third");
  world.ended("t", world.alive("t", "third"), killed);
  world.run("u", "first", { instances: 2 });
  world.run("t", "second");
  world.run("t", "third");
  world.effects.length = 0;
  world.boot({ boot: "boot-2" });
  assert.deepEqual(starts(world), ["first/1", "first/2", "second/1", "third/1"]);
  const status = world.status("u", "first");
  assert.deepEqual([status.status, status.deaths[0]?.death], ["ERROR", nodeLost]);
  assert.equal(world.last("service_restarting").causation, world.last("kernel_started").id);
  startAll(world);
  assert.equal(world.status("u", "first").status, "RUNNING");
  // Nobody's fault: not a restart that counts.
  assert.equal(world.status("u", "first").restartCount, 0);
});

test("after a clean stop, services say so, and are started at the next boot", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.run("t", "b");
  world.ended("t", world.alive("t", "a"), { type: "stopped", why: "shutdown" });
  assert.deepEqual(world.phases("t", "a"), ["suspended"]);
  assert.equal(nextWake(world.state), undefined);
  world.take({ type: "node_stopped", outcome: "clean" });
  assert.deepEqual(world.phases("t", "b"), ["suspended"]);
  world.effects.length = 0;
  world.boot({ boot: "boot-2" });
  assert.deepEqual(starts(world), ["a/1", "b/1"]);
  for (const name of ["a", "b"]) {
    assert.deepEqual(
      world.status("t", name).deaths.map(({ death }) => death),
      [{ type: "stopped", why: "shutdown" }],
    );
  }
});

test("what the deadline of a shutdown cut off says so", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.take({ type: "node_stopped", outcome: "deadline" });
  assert.deepEqual(world.status("t", "a").deaths.at(-1)?.death, {
    type: "cell_lost",
    loss: { type: "closed" },
    inFlight: "no",
  });
});

test("a shutdown that meets its deadline says of each how it ended: of those that said goodbye, too", () => {
  const world = World.of("t", "u");
  for (const name of ["goodbye", "cut", "crashes"]) world.run("t", name);
  world.run("u", "starts", { instances: 2 });
  const cut = { type: "cell_lost", loss: { type: "closed" }, inFlight: "no" } as const;
  const misfits = [
    { tenant: tenantId("t"), incarnation: world.alive("t", "cut"), death: cut },
    { tenant: tenantId("t"), incarnation: world.alive("t", "crashes"), death: crash },
    { tenant: tenantId("u"), incarnation: world.alive("u", "starts"), death: cut },
    // Unknown, and a second time: nothing.
    { tenant: tenantId("u"), incarnation: incarnationNumber(99), death: cut },
    { tenant: tenantId("u"), incarnation: world.alive("u", "starts"), death: crash },
  ];
  world.take({ type: "node_stopped", outcome: "deadline", misfits });
  assert.deepEqual(world.last("system_stopped").payload, { outcome: "deadline", misfits: 3 });
  const deathsOf = (tenant: string, name: string): unknown =>
    world.status(tenant, name).deaths.map(({ death }) => death);
  assert.deepEqual(deathsOf("t", "goodbye"), [{ type: "stopped", why: "shutdown" }]);
  assert.deepEqual(deathsOf("t", "cut"), [cut]);
  assert.deepEqual(deathsOf("t", "crashes"), [crash]);
  assert.deepEqual(deathsOf("u", "starts"), [cut, { type: "stopped", why: "shutdown" }]);
  assert.equal(world.last("instance_stopped").tenant, "u", "it is in its tenant's own history");
  world.effects.length = 0;
  world.boot({ boot: "boot-2" });
  assert.deepEqual(starts(world), ["goodbye/1", "cut/1", "crashes/1", "starts/1", "starts/2"]);
  assert.equal(world.status("t", "crashes").restartCount, 0);
});

test("recoveries are bounded, in all and for each tenant; further ones start as places become free", () => {
  const names = Array.from({ length: 6 }, (_, i) => `t${i}`);
  const world = World.of(...names);
  for (const name of names) for (let i = 0; i < 20; i++) world.run(name, `s${i}`);
  world.effects.length = 0;
  world.boot({ boot: "boot-2" });
  assert.equal(starts(world).length, recoveriesMax);
  const ofFirst = world.effects.filter((effect) => effect.type === "start" && effect.tenant === "t0");
  assert.equal(ofFirst.length, recoveriesPerTenantMax);
  world.started("t0", world.alive("t0", "s0"));
  assert.equal(starts(world).length, recoveriesMax + 1);
  // Ends free a place too.
  world.ended("t0", world.alive("t0", "s1"), normalEnd, false);
  assert.equal(starts(world).length, recoveriesMax + 2);
  startAll(world);
  assert.equal(world.state.index.suspended.size, 0);
  for (const name of names) for (let i = 2; i < 20; i++) assert.equal(world.status(name, `s${i}`).status, "RUNNING");
});

test("a tenant whose services hang while they start does not keep others from recovering", () => {
  const world = World.of("hanging", "other");
  for (let i = 0; i < 100; i++) world.run("hanging", `s${i}`);
  world.run("other", "service");
  world.effects.length = 0;
  world.boot({ boot: "boot-2" });
  assert.ok(world.effects.some((effect) => effect.type === "start" && effect.tenant === "other"));
});

test("a recovery goes on in the next kernel", () => {
  const world = World.of("t");
  for (let i = 0; i < 20; i++) world.run("t", `s${i}`);
  world.boot({ boot: "boot-2" });
  const restored = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(world.state))));
  assert.ok(restored !== undefined);
  const next = new World(restored);
  next.now = world.now;
  next.boot();
  // The sixteen that were starting are told to again: no cell holds them. The other four wait.
  assert.equal(starts(next).length, recoveriesPerTenantMax);
  startAll(next);
  for (let i = 0; i < 20; i++) assert.equal(next.status("t", `s${i}`).status, "RUNNING");
});

test("what waits or was starting when the node was lost is started again too; what rests goes on resting", () => {
  const world = World.of("t");
  world.run("t", "waits");
  world.ended("t", world.alive("t", "waits"));
  const supervision = {
    strategy: "one_for_one",
    intensity: { restartsMax: 0, withinMs: 1 },
    backoff: { firstMs: 0, factor: 1, waitMsMax: 0 },
  } as const;
  world.run("t", "rests", { supervision });
  world.ended("t", world.alive("t", "rests"));
  world.deploy("t", "starts");
  world.effects.length = 0;
  world.boot({ boot: "boot-2" });
  assert.deepEqual(starts(world), ["waits/1", "starts/1"]);
  assert.equal(world.status("t", "rests").resting, "service");
  world.started("t", world.alive("t", "starts"));
  assert.equal(world.last("service_deployed").payload?.service, "starts");
  world.advance(1_000);
  assert.deepEqual(world.phases("t", "rests"), ["starting"]);
});

test("a kill that the end of the node interrupted is fulfilled", () => {
  const world = World.of("t");
  const { born } = world.run("t", "a");
  world.kill("t", "a");
  const [first] = born;
  assert.ok(first !== undefined);
  world.effects.length = 0;
  world.boot({ boot: "boot-2" });
  assert.deepEqual(world.status("t", "a").status, "STOPPED");
  assert.equal(world.last("service_killed").causation, world.last("service_kill_requested").id);
  const at = { tenant: tenantId("t"), service: serviceId("a"), incarnation: first.incarnation };
  assert.deepEqual(outcomeOf(world.state, at), { name: "stopped", death: killed });
  assert.deepEqual(world.effects, []);
});

test("a deletion that the end of the node interrupted goes on", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.done({ type: "delete_tenant", tenant: tenantId("t") });
  world.effects.length = 0;
  world.boot({ boot: "boot-2" });
  assert.equal(world.state.tenants.size, 0);
  assert.equal(world.last("tenant_deleted").causation, world.last("tenant_deletion_requested").id);
  assert.deepEqual(world.effects, [{ type: "retire_tenant", tenant: "t" }]);
});

test("after the end of the kernel alone, what a cell holds goes on untouched", () => {
  const world = World.of("t");
  world.run("t", "runs");
  world.deploy("t", "starts");
  world.effects.length = 0;
  const turn = world.boot({ survivors: [survivor("t", "runs", 1), survivor("t", "starts", 2, "starting")] });
  assert.deepEqual(
    turn.events.map(({ type }) => type),
    ["kernel_started"],
  );
  assert.deepEqual(world.effects, []);
  assert.equal(world.status("t", "runs").status, "RUNNING");
  world.started("t", incarnationNumber(2));
  assert.equal(world.status("t", "starts").status, "RUNNING");
});

test("what no cell holds and nobody reported is lost, and started again", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.boot();
  assert.deepEqual(world.last("service_crashed").payload?.death, {
    type: "cell_lost",
    loss: { type: "unknown" },
    inFlight: "no",
  });
  assert.equal(world.last("service_crashed").causation, world.last("kernel_started").id);
  assert.equal(world.status("t", "a").status, "ERROR");
  world.advance(1_000);
  assert.deepEqual(world.phases("t", "a"), ["starting"]);
});

test("a start and a stop whose reports are missing are issued again", () => {
  const world = World.of("t");
  world.deploy("t", "starts");
  world.run("t", "stops");
  world.kill("t", "stops", { graceMs: 5 });
  world.effects.length = 0;
  world.boot({ survivors: [survivor("t", "stops", 2, "running")] });
  assert.deepEqual(
    world.effects.map((effect) => ("incarnation" in effect ? [effect.type, effect.incarnation] : effect.type)),
    [
      ["start", 1],
      ["stop", 2],
    ],
  );
  assert.deepEqual(world.effects.at(-1), {
    type: "stop",
    tenant: "t",
    service: "stops",
    incarnation: 2,
    death: killed,
    graceMs: 5,
  });
});

test("what was stopping and is held no more has stopped, how nobody knows; the kill is fulfilled all the same", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.kill("t", "a");
  world.boot();
  assert.equal(world.status("t", "a").status, "STOPPED");
  assert.deepEqual(world.types().slice(-3), ["kernel_started", "instance_stopped", "service_killed"]);
  const unknown = { type: "cell_lost", loss: { type: "unknown" }, inFlight: "no" };
  assert.deepEqual(world.last("instance_stopped").payload?.death, unknown);
  assert.deepEqual(world.last("service_killed").payload?.death, killed);
});

test("what was told to stop before it was known to run, and is held nowhere, was ended by that", () => {
  const world = World.of("t");
  world.deploy("t", "a");
  world.kill("t", "a");
  world.boot();
  assert.deepEqual(world.last("instance_stopped").payload?.death, killed);
});

test("what was starting and is held nowhere is told to start again, as the same life: it was not known to have begun", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.ended("t", world.alive("t", "a"));
  world.advance(50);
  const incarnation = world.alive("t", "a");
  world.effects.length = 0;
  world.boot();
  assert.deepEqual(
    world.effects.map((effect) => effect.type === "start" && effect.incarnation),
    [incarnation],
  );
  assert.equal(world.types().at(-1), "kernel_started");
});

test("a stray that lives beyond its death in the log is stopped at once", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.ended("t", incarnationNumber(1));
  world.effects.length = 0;
  world.boot({ survivors: [survivor("t", "a", 1), survivor("gone", "b", 9)] });
  assert.deepEqual(
    world.effects.map((effect) => effect.type === "stop" && [effect.tenant, effect.incarnation, effect.graceMs]),
    [
      ["t", 1, 0],
      ["gone", 9, 0],
    ],
  );
});

test("many that are due start a bounded number at a time", () => {
  const world = World.of("t");
  for (let i = 0; i < 100; i++) world.run("t", `s${i}`);
  for (let i = 0; i < 100; i++) world.ended("t", world.alive("t", `s${i}`));
  world.effects.length = 0;
  world.now = (world.now + 50) as typeof world.now;
  world.take({ type: "woken" });
  assert.equal(starts(world).length, 64);
  assert.ok((nextWake(world.state) ?? 0) <= world.now);
  world.take({ type: "woken" });
  assert.equal(starts(world).length, 100);
  assert.equal(nextWake(world.state), undefined);
});

test("a jump of the wall clock is an event, and does not move the kernel's time back", () => {
  const world = World.of("t");
  const before = world.now;
  world.now = (world.now - 5_000) as typeof world.now;
  world.take({ type: "clock_jumped", fromMs: before, toMs: world.now });
  assert.deepEqual(world.last("clock_jumped").payload, { fromMs: before, toMs: world.now });
  assert.equal(world.state.instant, before);
  world.done({ type: "create_tenant", tenant: tenantId("u") }, { by: admin });
});

test("what was believed to live in a cell that had not answered, and is in none, is started again or has ended", () => {
  const world = World.of("t");
  world.deploy("t", "starts");
  world.run("t", "stops");
  world.run("t", "runs");
  world.kill("t", "stops", { graceMs: 9 });
  const all = ["starts", "stops", "runs"].map((name) => world.alive("t", name));
  const survivors = all.map((incarnation) => {
    return { tenant: tenantId("t"), incarnation, cell: cellNumber(1), phase: "running" } as const;
  });
  world.effects.length = 0;
  world.boot({ survivors });
  assert.deepEqual(
    world.effects.map(({ type }) => type),
    ["stop"],
  );
  world.effects.length = 0;
  for (const incarnation of all) world.take({ type: "missing", tenant: tenantId("t"), incarnation });
  assert.deepEqual(
    world.effects.map((effect) => [effect.type, "incarnation" in effect ? effect.incarnation : 0]),
    [["start", all[0]]],
  );
  assert.deepEqual(world.status("t", "stops").status, "STOPPED");
  assert.deepEqual(world.last("service_killed").subject, "stops");
  assert.deepEqual(world.last("service_crashed").payload?.death, {
    type: "cell_lost",
    loss: { type: "unknown" },
    inFlight: "no",
  });
  const before = world.events.length;
  for (const incarnation of all.slice(1)) world.take({ type: "missing", tenant: tenantId("t"), incarnation });
  assert.equal(world.events.length, before, "what is dead already is left alone");
});
