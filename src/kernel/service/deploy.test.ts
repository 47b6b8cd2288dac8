import assert from "node:assert/strict";
import { test } from "node:test";
import { cellNumber, limits, type RefusalCode, type RefusalDetail } from "../../base/index.ts";
import { outcomeOf } from "../read.ts";
import type { Command } from "../turn.ts";
import { admin, agent, crash, normalEnd, release, serviceId, tenantId, World } from "../world.ts";

const order = (over: Partial<Extract<Command, { type: "deploy" }>> = {}): Command => ({
  type: "deploy",
  tenant: tenantId("t"),
  service: serviceId("counter"),
  release: release(),
  instances: 1,
  ...over,
});
const refused = (code: RefusalCode, detail: RefusalDetail) => ({ refused: code, detail });
const t = tenantId("t");
const counter = serviceId("counter");

test("a deployment starts one incarnation of each instance, and runs when the last one does", () => {
  const world = World.of("t");
  const reply = world.deploy("t", "counter", { instances: 2 });
  const born = [
    { instance: 1, incarnation: 1 },
    { instance: 2, incarnation: 2 },
  ];
  assert.deepEqual(reply, { born, outcome: { name: "pending" }, repeated: false });
  assert.deepEqual(
    world.effects.map((effect) => effect.type === "start" && [effect.instance, effect.incarnation, effect.probation]),
    [
      [1, 1, false],
      [2, 2, false],
    ],
  );
  assert.equal(world.status("t", "counter").status, "DEPLOYING");

  world.started("t", world.alive("t", "counter", 2));
  assert.equal(world.last("instance_started").causation, world.last("deployment_requested").id);
  assert.equal(world.status("t", "counter").status, "DEPLOYING");
  assert.deepEqual(outcomeOf(world.state, { tenant: t, service: counter, incarnation: world.alive("t", "counter") }), {
    name: "pending",
  });

  world.started("t", world.alive("t", "counter", 1));
  assert.equal(world.last("service_deployed").causation, world.last("deployment_requested").id);
  assert.equal(world.status("t", "counter").status, "RUNNING");
  assert.deepEqual(outcomeOf(world.state, { tenant: t, service: counter, incarnation: world.alive("t", "counter") }), {
    name: "running",
    born,
  });
});

test("a first start that fails fails the deployment: the others are stopped, and the service shows why", () => {
  const world = World.of("t");
  const { born } = world.deploy("t", "counter", { instances: 3 });
  world.started("t", world.alive("t", "counter", 1));
  const second = world.alive("t", "counter", 2);
  world.effects.length = 0;
  world.ended("t", second, crash, false);

  assert.equal(world.last("service_deployment_failed").causation, world.last("deployment_requested").id);
  assert.deepEqual(
    world.effects.map((effect) => effect.type === "stop" && [effect.incarnation, effect.death]),
    [
      [3, { type: "stopped", why: "sibling" }],
      [1, { type: "stopped", why: "sibling" }],
    ],
  );
  const status = world.status("t", "counter");
  assert.deepEqual([status.status, status.reason], ["ERROR", crash]);
  assert.deepEqual(outcomeOf(world.state, { tenant: t, service: counter, incarnation: second }), {
    name: "failed",
    death: crash,
  });

  for (const { incarnation } of born) world.ended("t", incarnation, { type: "stopped", why: "sibling" });
  assert.deepEqual(world.phases("t", "counter"), ["stopped", "stopped", "stopped"]);
  assert.equal(world.status("t", "counter").status, "ERROR");
  world.advance(600_000);
  assert.equal(world.effects.filter(({ type }) => type === "start").length, 0);
});

test("an instance that crashes while its siblings still start fails the deployment", () => {
  const world = World.of("t");
  world.deploy("t", "counter", { instances: 2 });
  const first = world.alive("t", "counter", 1);
  world.started("t", first);
  world.ended("t", first, crash);
  assert.equal(world.last("service_deployment_failed").causation, world.last("instance_started").id);
});

test("a job that did its work before its siblings started does not fail the deployment", () => {
  const world = World.of("t");
  world.deploy("t", "job", { instances: 2, restart: "transient" });
  const first = world.alive("t", "job", 1);
  world.started("t", first);
  world.ended("t", first, normalEnd);
  world.started("t", world.alive("t", "job", 2));
  assert.equal(world.status("t", "job").status, "RUNNING");
  assert.deepEqual(world.phases("t", "job"), ["stopped", "running"]);
});

test("a first start whose cell was lost through another is tried again, and the deployment goes on", () => {
  const world = World.of("t");
  world.deploy("t", "counter");
  world.ended(
    "t",
    world.alive("t", "counter"),
    { type: "cell_lost", loss: { type: "signal", signal: "SIGTRAP" }, inFlight: "no" },
    false,
  );
  assert.equal(world.status("t", "counter").status, "DEPLOYING");
  world.advance(1_000);
  world.started("t", world.alive("t", "counter"));
  assert.equal(world.last("service_deployed").causation, world.last("service_restarting").id);
});

test("a temporary instance that is lost before it ran fails the deployment, since nobody will start it again", () => {
  for (const loss of [{ type: "closed" }, { type: "signal", signal: "SIGTRAP" }] as const) {
    const world = World.of("t");
    const { born } = world.deploy("t", "job", { restart: "temporary", instances: 3 });
    const [first] = born;
    assert.ok(first !== undefined);
    world.started("t", first.incarnation);
    const victims = born.map(({ incarnation }) => ({ incarnation, inFlight: false }));
    world.take({ type: "cell_lost", cell: cellNumber(1), tenant: tenantId("t"), loss, victims });
    assert.deepEqual(world.phases("t", "job"), ["stopped", "stopped", "stopped"]);
    assert.equal(world.last("service_deployment_failed").payload?.death.type, "cell_lost");
    assert.equal(world.status("t", "job").status, "ERROR");
  }
});

test("a first start that was at work when its cell died fails the deployment", () => {
  const world = World.of("t");
  world.deploy("t", "counter");
  world.ended(
    "t",
    world.alive("t", "counter"),
    { type: "cell_lost", loss: { type: "signal", signal: "SIGTRAP" }, inFlight: "yes" },
    false,
  );
  assert.equal(world.status("t", "counter").status, "ERROR");
});

test("a stopped or failed service is replaced, with counters from zero and incarnations that go on", () => {
  const world = World.of("t");
  world.run("t", "counter");
  const first = world.alive("t", "counter");
  world.ended("t", first);
  world.advance(100);
  const second = world.alive("t", "counter");
  world.started("t", second);
  world.kill("t", "counter");
  world.ended("t", second, normalEnd);
  const { born } = world.deploy("t", "counter");
  assert.deepEqual(born, [{ instance: 1, incarnation: 3 }]);
  const status = world.status("t", "counter");
  assert.deepEqual([status.restartCount, status.deaths, status.status], [0, [], "DEPLOYING"]);
  assert.deepEqual(outcomeOf(world.state, { tenant: t, service: counter, incarnation: first }), {
    name: "stopped",
    death: { type: "stopped", why: "replaced" },
  });
});

test("a service that is not stopped is not replaced", () => {
  const world = World.of("t");
  const exists = refused("SERVICE_EXISTS", { service: "counter" });
  world.deploy("t", "counter");
  assert.deepEqual(world.command(order()), exists);
  const incarnation = world.alive("t", "counter");
  world.started("t", incarnation);
  assert.deepEqual(world.command(order()), exists);
  world.kill("t", "counter");
  assert.deepEqual(world.command(order()), exists);
  world.ended("t", incarnation, normalEnd);
  world.done(order());
});

test("a tenant deploys into itself alone; another's is not there for it", () => {
  const world = World.of("t", "u");
  world.done(order(), { by: agent("t") });
  assert.equal(world.last("deployment_requested").actor, "tenant t");
  assert.deepEqual(world.command(order(), { by: agent("u") }), refused("TENANT_NOT_FOUND", { tenant: "t" }));
  assert.deepEqual(
    world.command(order({ tenant: tenantId("none") }), { by: agent("u") }),
    refused("TENANT_NOT_FOUND", { tenant: "none" }),
  );
});

test("a tenant that is not there, or is being deleted, takes no services", () => {
  const world = World.of("t");
  world.run("t", "other");
  assert.deepEqual(world.command(order({ tenant: tenantId("u") })), refused("TENANT_NOT_FOUND", { tenant: "u" }));
  world.done({ type: "delete_tenant", tenant: t });
  assert.deepEqual(world.command(order()), refused("TENANT_NOT_FOUND", { tenant: "t" }));
});

test("a service has at least one instance and at most the limit", () => {
  const world = World.of("t");
  for (const instances of [0, -1, 1.5, Number.NaN]) {
    assert.deepEqual(
      world.command(order({ instances })),
      refused("INVALID_ARGUMENT", { field: "instances", problem: "must be a whole number from 1" }),
    );
  }
  const limit = limits.instancesPerServiceMax;
  assert.deepEqual(
    world.command(order({ instances: limit + 1 })),
    refused("QUOTA_EXCEEDED", { what: "Instances of a service", limit, wanted: limit + 1 }),
  );
  assert.equal(world.done(order({ instances: limit })).born.length, limit);
});

test("a restart intensity that would fill the log is refused", () => {
  const world = World.of("t");
  for (const [intensity, problem] of [
    [{ restartsMax: 101, withinMs: 200_000 }, "may ask for at most 100 restarts"],
    [{ restartsMax: 1, withinMs: 86_400_001 }, "may look back at most 86400000 ms"],
    [{ restartsMax: 6, withinMs: 5_999 }, "may ask for at most 1 restart a second"],
  ] as const) {
    const supervision = { ...release().supervision, intensity };
    assert.deepEqual(
      world.command(order({ release: release({ supervision }) })),
      refused("INVALID_ARGUMENT", { field: "supervision.intensity", problem }),
    );
  }
});

test("a tenant has services up to the limit; a stopped one gives its place to a new one, the oldest first", () => {
  const world = World.of("t");
  const limit = limits.servicesPerTenantMax;
  for (let i = 0; i < limit; i++) world.run("t", `s${i}`);
  assert.deepEqual(
    world.command(order(), { by: admin }),
    refused("QUOTA_EXCEEDED", { what: "Services of a tenant", limit, wanted: limit + 1 }),
  );
  for (const name of ["s7", "s3"]) {
    const incarnation = world.alive("t", name);
    world.kill("t", name);
    world.ended("t", incarnation, normalEnd);
  }
  world.done(order());
  const services = world.state.tenants.get(t)?.services;
  assert.deepEqual(
    [services?.size, services?.has(serviceId("s3")), services?.has(serviceId("s7"))],
    [limit, false, true],
  );
  assert.equal(world.last("deployment_requested").payload?.forgets, "s3");
});
