import assert from "node:assert/strict";
import { test } from "node:test";
import { cellNumber, isRefusal, resourceLimitsDefault, type ResourceLimits } from "../../base/index.ts";
import { shedWaitMs } from "../defaults.ts";
import { release, serviceId, tenantId, World } from "../world.ts";

const tenant = tenantId("t");
const over = { what: "memory", used: 300, limit: 200, peak: 300, looks: 2 } as const;
const withAction = (limitExceededAction: ResourceLimits["limitExceededAction"]): ResourceLimits => ({
  ...resourceLimitsDefault,
  limitExceededAction,
});

function hog(action: ResourceLimits["limitExceededAction"]) {
  const world = World.of("t");
  world.run("t", "hog", { limits: withAction(action) });
  const at = { service: serviceId("hog"), instance: 1, incarnation: world.alive("t", "hog") };
  return { world, at, before: world.effects.length };
}

test("a violation ends a service whose action is kill, and its supervisor starts it again", () => {
  const { world, at, before } = hog("kill");
  world.take({ type: "violation", tenant, ...at, ...over, phase: "entered" });
  const death = { type: "limit_exceeded", what: "memory", used: 300, limit: 200 } as const;
  const { service, incarnation } = at;
  assert.deepEqual(world.effects.slice(before), [{ type: "stop", tenant, service, incarnation, death, graceMs: 0 }]);
  assert.deepEqual(world.last("resource_violation").payload, { ...at, ...over, phase: "entered", action: "kill" });
  world.ended("t", incarnation, death);
  assert.deepEqual(world.last("service_crashed").payload?.death, death);
  world.advance(50);
  assert.deepEqual(world.phases("t", "hog"), ["starting"]);
});

for (const action of ["throttle", "warn"] as const) {
  test(`a violation of a service whose action is ${action} is recorded, and ends nothing`, () => {
    const { world, at, before } = hog(action);
    world.take({ type: "violation", tenant, ...at, ...over, phase: "entered" });
    world.take({ type: "violation", tenant, ...at, ...over, looks: 9, phase: "left" });
    assert.equal(world.effects.length, before);
    assert.deepEqual(
      world.events.flatMap((event) => (event.type === "resource_violation" ? [event.payload?.phase] : [])),
      ["entered", "left"],
    );
    assert.deepEqual(world.phases("t", "hog"), ["running"]);
  });
}

test("a full mailbox ends in a mailbox overflow", () => {
  const { world, at, before } = hog("kill");
  world.take({ type: "violation", tenant, ...at, ...over, what: "mailbox", used: 9, limit: 9, phase: "entered" });
  const [effect] = world.effects.slice(before);
  assert.deepEqual(effect?.type === "stop" && effect.death, { type: "mailbox_overflow", limit: 9 });
});

test("a violation of what has ended since leads to nothing", () => {
  const { world, at } = hog("kill");
  world.ended("t", at.incarnation);
  const turn = world.take({ type: "violation", tenant, ...at, ...over, phase: "entered" });
  assert.deepEqual(turn, { events: [], effects: [] });
});

test("a tenant has so many processes and no more; system services do not count", () => {
  const world = World.of("t");
  const deploy = (name: string, instances: number, tier: "user" | "system" = "user") =>
    world.command({
      type: "deploy",
      tenant,
      service: serviceId(name),
      release: release({ tier }),
      instances,
      quota: { processesMax: 3 },
    });
  assert.ok(!isRefusal(deploy("sys", 3, "system")));
  assert.ok(!isRefusal(deploy("a", 2)));
  const refused = deploy("b", 2);
  assert.ok(isRefusal(refused));
  assert.deepEqual(refused, {
    refused: "QUOTA_EXCEEDED",
    detail: { what: "Processes of a tenant", limit: 3, wanted: 4 },
  });
  assert.ok(!isRefusal(deploy("c", 1)));
  for (const { incarnation } of [1, 2].map((instance) => ({ incarnation: world.alive("t", "a", instance) }))) {
    world.started("t", incarnation);
  }
  world.kill("t", "a", { forced: true });
  for (const instance of [1, 2]) {
    world.ended("t", world.alive("t", "a", instance), { type: "killed", by: "admin", forced: "yes" });
  }
  assert.ok(!isRefusal(deploy("b", 2)), "what is stopped does not count");
});

test("a service has no more instances than processes that it may have", () => {
  const world = World.of("t");
  const limits = { ...resourceLimitsDefault, maxProcesses: 2 };
  const refused = world.command({
    type: "deploy",
    tenant,
    service: serviceId("a"),
    release: release({ limits }),
    instances: 3,
  });
  assert.ok(isRefusal(refused) && refused.refused === "QUOTA_EXCEEDED");
});

test("to relieve a cell the newest user services in it end, and start again later at no cost", () => {
  const world = World.of("t");
  for (const [name, cell, tier] of [
    ["old", 1, "user"],
    ["elsewhere", 2, "user"],
    ["new", 1, "user"],
    ["sys", 1, "system"],
  ] as const) {
    world.deploy("t", name, { tier });
    world.started("t", world.alive("t", name), cell);
  }
  const before = world.effects.length;
  world.take({ type: "relieve", what: "memory_maps", percent: 91.6, count: 1, cell: cellNumber(1) });
  const [effect, ...others] = world.effects.slice(before);
  assert.ok(effect?.type === "stop" && others.length === 0);
  assert.equal(effect.service, "new");
  assert.deepEqual(effect.death, { type: "shed", what: "memory_maps", percent: 92 });
  world.ended("t", effect.incarnation, effect.death);
  assert.deepEqual(world.phases("t", "new"), ["waiting"]);
  world.advance(shedWaitMs - 1);
  assert.deepEqual(world.phases("t", "new"), ["waiting"]);
  world.advance(1);
  assert.deepEqual(world.phases("t", "new"), ["starting"]);
  const service = world.state.tenants.get(tenant)?.services.get(serviceId("new"));
  assert.deepEqual(service?.restarts, [], "it cost no restart");
});
