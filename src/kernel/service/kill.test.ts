import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../world.ts";

const killed = { type: "killed", by: "admin", forced: "no" } as const;

test("a killed service is stopping until its last incarnation has ended, and then stopped by whom", () => {
  const world = World.of("t");
  world.run("t", "counter");
  const reply = world.kill("t", "counter");
  assert.equal(reply.outcome.name, "pending");
  assert.equal(world.status("t", "counter").status, "STOPPING");
  assert.deepEqual(world.effects.at(-1), {
    type: "stop",
    tenant: "t",
    service: "counter",
    incarnation: 1,
    death: killed,
    graceMs: 30_000,
  });
  world.ended("t", world.alive("t", "counter"), killed);
  assert.equal(world.status("t", "counter").status, "STOPPED");
  assert.deepEqual(world.status("t", "counter").reason, killed);
  assert.equal(world.last("service_killed").causation, world.last("service_kill_requested").id);
});
