import assert from "node:assert/strict";
import { test } from "node:test";
import { cellNumber, incarnationNumber } from "../base/index.ts";
import {
  findIncarnation,
  findService,
  findTenant,
  incarnationsRunning,
  nextWake,
  servicesInStartOrder,
} from "./read.ts";
import { toTenantView } from "./tenant-view.ts";
import { crash, serviceId, tenantId, World } from "./world.ts";

const t = tenantId("t");

test("a service is found in its own tenant only", () => {
  const world = World.of("t", "u");
  world.run("t", "a");
  assert.equal(findService(world.state, { tenant: t, service: serviceId("a") })?.id, "a");
  assert.equal(findService(world.state, { tenant: tenantId("u"), service: serviceId("a") }), undefined);
  assert.equal(findTenant(world.state, tenantId("v")), undefined);
});

test("a living incarnation is found by its number, a dead one is not", () => {
  const world = World.of("t");
  world.run("t", "a", { instances: 2 });
  const at = { tenant: t, incarnation: incarnationNumber(2) };
  assert.deepEqual(findIncarnation(world.state, at), { service: "a", instance: 2 });
  world.ended("t", at.incarnation);
  assert.equal(findIncarnation(world.state, at), undefined);
});

test("what runs is listed in the order of deployment, with its cell", () => {
  const world = World.of("t", "u");
  world.run("u", "first");
  world.deploy("t", "second", { instances: 2 });
  world.started("t", world.alive("t", "second", 2), 9);
  assert.deepEqual(incarnationsRunning(world.state), [
    { tenant: "u", service: "first", instance: 1, incarnation: 1, cell: 1, deployedBy: 4 },
    { tenant: "t", service: "second", instance: 2, incarnation: 2, cell: cellNumber(9), deployedBy: 6 },
  ]);
});

test("services are in the order of their latest deployment", () => {
  const world = World.of("t");
  for (const name of ["b", "a", "c"]) world.run("t", name);
  const incarnation = world.alive("t", "b");
  world.kill("t", "b");
  world.ended("t", incarnation, crash);
  world.run("t", "b");
  const tenant = findTenant(world.state, t);
  assert.deepEqual(tenant && servicesInStartOrder(tenant).map(({ id }) => id), ["a", "c", "b"]);
});

test("the next wake is the soonest of all that wait", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.run("t", "b");
  assert.equal(nextWake(world.state), undefined);
  world.ended("t", world.alive("t", "a"));
  world.advance(20);
  world.ended("t", world.alive("t", "b"));
  assert.equal(nextWake(world.state), world.now + 30);
  world.kill("t", "a");
  assert.equal(nextWake(world.state), world.now + 50);
  world.take({ type: "node_stopped", outcome: "clean" });
  assert.equal(nextWake(world.state), undefined);
});

test("running is said only when every instance runs", () => {
  const world = World.of("t");
  world.deploy("t", "a", { instances: 2 });
  assert.equal(world.status("t", "a").status, "DEPLOYING");
  world.started("t", incarnationNumber(1));
  assert.equal(world.status("t", "a").status, "DEPLOYING");
  world.started("t", incarnationNumber(2));
  assert.equal(world.status("t", "a").status, "RUNNING");
  world.ended("t", incarnationNumber(1));
  assert.equal(world.status("t", "a").status, "ERROR");
  world.advance(50);
  assert.equal(world.status("t", "a").status, "ERROR");
  world.started("t", world.alive("t", "a", 1));
  const status = world.status("t", "a");
  assert.deepEqual([status.status, status.reason], ["RUNNING", undefined]);
});

test("the uptime is that of the incarnation that has run longest", () => {
  const world = World.of("t");
  world.run("t", "a", { instances: 2 });
  world.advance(5_000);
  world.ended("t", incarnationNumber(1));
  assert.equal(world.status("t", "a").uptimeMs, 5_000);
  world.ended("t", incarnationNumber(2));
  assert.equal(world.status("t", "a").uptimeMs, 0);
});

test("a tenant's view shows its own services, and nothing that tells of others", () => {
  const world = World.of("t", "u");
  world.run("u", "hidden");
  world.run("t", "a");
  world.ended("t", world.alive("t", "a"));
  const quiet = World.of("t");
  quiet.run("t", "a");
  quiet.ended("t", quiet.alive("t", "a"));
  assert.deepEqual(toTenantView(world.state, t), toTenantView(quiet.state, t));
  const json = JSON.stringify(toTenantView(world.state, t));
  for (const told of ["hidden", "because", 'cell"', 'event"', "deployedBy"]) assert.ok(!json.includes(told), told);
  assert.equal(toTenantView(world.state, tenantId("v")), undefined);
});
