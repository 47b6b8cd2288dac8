import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../world.ts";

test("a deployment is requested, started and running", () => {
  const world = World.of("t");
  const reply = world.deploy("t", "counter");
  assert.deepEqual(reply, { born: [{ instance: 1, incarnation: 1 }], outcome: { name: "pending" }, repeated: false });
  assert.equal(world.status("t", "counter").status, "DEPLOYING");
  assert.deepEqual(
    world.effects.map(({ type }) => type),
    ["start"],
  );
  world.started("t", world.alive("t", "counter"));
  assert.equal(world.status("t", "counter").status, "RUNNING");
  assert.equal(world.last("service_deployed").causation, world.last("deployment_requested").id);
});
