/** What the state says of the lives that references name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { incarnationNumber } from "../../src/base/index.ts";
import { crash, serviceId, tenantId, World } from "../../src/kernel/world.ts";
import { lifeOf } from "../../src/daemon/absence.ts";

const t = tenantId("t");
const of = (world: World, service: string, number: number, tenant = t) =>
  lifeOf(world.state, { tenant, service: serviceId(service), incarnation: incarnationNumber(number) });

test("a life lives from its start to its stop, by its own service's name and in its own tenant", () => {
  const world = World.of("t", "u");
  world.deploy("t", "a");
  assert.equal(of(world, "a", 1), "lives", "it starts");
  assert.equal(of(world, "a", 2), "unknown", "nobody has this number yet");
  assert.equal(of(world, "b", 1), "unknown");
  assert.equal(of(world, "a", 1, tenantId("u")), "unknown");
  assert.equal(of(world, "a", 1, tenantId("v")), "unknown");
  world.started("t", incarnationNumber(1));
  assert.equal(of(world, "a", 1), "lives");
  world.kill("t", "a");
  assert.equal(of(world, "a", 1), "ended", "it takes nothing more");
  world.ended("t", incarnationNumber(1));
  assert.equal(of(world, "a", 1), "ended");
});

test("a life that crashed stays ended when its service lives again", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.ended("t", incarnationNumber(1), crash);
  world.advance(60_000);
  assert.equal(world.alive("t", "a"), 2);
  assert.deepEqual([of(world, "a", 1), of(world, "a", 2), of(world, "a", 3)], ["ended", "lives", "unknown"]);
});
