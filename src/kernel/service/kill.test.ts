import assert from "node:assert/strict";
import { test } from "node:test";
import { incarnationNumber, isRefusal } from "../../base/index.ts";
import { outcomeOf } from "../read.ts";
import type { Command } from "../turn.ts";
import { agent, crash, release, serviceId, tenantId, World } from "../world.ts";

const killed = { type: "killed", by: "admin", forced: "no" } as const;
const killedNow = { type: "killed", by: "admin", forced: "yes" } as const;
const order = (tenant: string, service: string): Command => ({
  type: "kill",
  tenant: tenantId(tenant),
  service: serviceId(service),
  forced: false,
});
const at = { tenant: tenantId("t"), service: serviceId("counter"), incarnation: incarnationNumber(1) };
const running = (over: Parameters<World["run"]>[2] = {}): World => {
  const world = World.of("t");
  world.run("t", "counter", over);
  world.effects.length = 0;
  return world;
};

test("a killed service is stopping until its last incarnation has ended, and then stopped, by whom", () => {
  const world = running({ instances: 2 });
  const reply = world.kill("t", "counter");
  assert.deepEqual(reply.outcome, { name: "pending" });
  assert.deepEqual(
    reply.born.map(({ incarnation }) => incarnation),
    [1, 2],
  );
  assert.equal(world.status("t", "counter").status, "STOPPING");
  const stop = { type: "stop", tenant: "t", service: "counter", death: killed, graceMs: 30_000 };
  assert.deepEqual(world.effects, [
    { ...stop, incarnation: 2 },
    { ...stop, incarnation: 1 },
  ]);
  world.ended("t", incarnationNumber(2), killed);
  assert.equal(world.status("t", "counter").status, "STOPPING");
  assert.deepEqual(outcomeOf(world.state, at), { name: "pending" });
  world.ended("t", incarnationNumber(1), killed);
  assert.deepEqual(outcomeOf(world.state, at), { name: "stopped", death: killed });
  assert.deepEqual([world.status("t", "counter").status, world.status("t", "counter").reason], ["STOPPED", killed]);
  assert.equal(world.last("instance_stopped").causation, world.last("service_kill_requested").id);
  assert.equal(world.last("service_killed").causation, world.last("service_kill_requested").id);
  assert.equal(world.last("service_killed").actor, "admin");
});

test("an end while stopping is not a crash, and nothing is started again", () => {
  const world = running();
  world.kill("t", "counter");
  world.ended("t", at.incarnation, crash);
  assert.deepEqual(world.types().slice(-3), ["service_kill_requested", "instance_stopped", "service_killed"]);
  assert.deepEqual(world.status("t", "counter").deaths.at(-1)?.death, crash);
  world.advance(600_000);
  assert.equal(world.status("t", "counter").status, "STOPPED");
});

test("the grace is the release's shutdown timeout, or the caller's, or nothing if forced", () => {
  const grace = (over: Parameters<World["kill"]>[2]) => {
    const world = running();
    world.kill("t", "counter", over);
    return world.effects.map((effect) => effect.type === "stop" && effect.graceMs);
  };
  assert.deepEqual(grace({}), [30_000]);
  assert.deepEqual(grace({ graceMs: 5 }), [5]);
  assert.deepEqual(grace({ graceMs: 5, forced: true }), [0]);
});

test("a grace that is not a time within the limit is refused", () => {
  const world = running();
  for (const graceMs of [-1, 0.5, 600_001, Number.NaN]) {
    assert.deepEqual(world.command({ ...order("t", "counter"), graceMs } as Command), {
      refused: "INVALID_ARGUMENT",
      detail: { field: "grace_ms", problem: "must be a whole number in [0, 600000]" },
    });
  }
});

test("a forced kill hastens a graceful one, once", () => {
  const world = running();
  world.kill("t", "counter");
  assert.deepEqual(world.kill("t", "counter").outcome, { name: "pending" });
  assert.equal(world.effects.length, 1);
  world.kill("t", "counter", { forced: true });
  assert.deepEqual(world.effects.at(-1), {
    type: "stop",
    tenant: "t",
    service: "counter",
    incarnation: 1,
    death: killedNow,
    graceMs: 0,
  });
  world.kill("t", "counter", { forced: true });
  assert.equal(world.effects.length, 2);
  world.ended("t", at.incarnation, killedNow);
  assert.deepEqual(outcomeOf(world.state, at), { name: "stopped", death: killedNow });
});

test("killing a deployment stops it, and that is its outcome", () => {
  const world = World.of("t");
  world.deploy("t", "counter");
  world.kill("t", "counter");
  world.started("t", at.incarnation);
  assert.equal(world.status("t", "counter").status, "STOPPING");
  world.ended("t", at.incarnation, killed);
  assert.deepEqual(outcomeOf(world.state, at), { name: "stopped", death: killed });
});

test("what waits for its restart is stopped at once", () => {
  const world = running();
  world.ended("t", at.incarnation);
  assert.deepEqual(world.kill("t", "counter").outcome, { name: "stopped", death: killed });
  assert.equal(world.last("service_killed").causation, world.last("service_kill_requested").id);
  world.advance(600_000);
  assert.deepEqual(world.effects, []);
});

test("what rests is stopped at once", () => {
  const world = running({
    supervision: {
      strategy: "one_for_one",
      intensity: { restartsMax: 0, withinMs: 1 },
      backoff: { firstMs: 0, factor: 1, waitMsMax: 0 },
    },
  });
  world.ended("t", at.incarnation);
  assert.deepEqual(world.phases("t", "counter"), ["resting"]);
  assert.deepEqual(world.kill("t", "counter").outcome, { name: "stopped", death: killed });
});

test("killing what is stopped changes nothing and says how it ended", () => {
  const world = running();
  world.kill("t", "counter");
  world.ended("t", at.incarnation, killed);
  const events = world.events.length;
  assert.deepEqual(world.kill("t", "counter"), {
    born: [],
    outcome: { name: "stopped", death: killed },
    repeated: false,
  });
  assert.equal(world.events.length, events);
});

test("killing a failed deployment says how it failed; while its siblings still stop, it is a kill", () => {
  const world = World.of("t");
  world.deploy("t", "counter", { instances: 2 });
  world.ended("t", at.incarnation, crash, false);
  assert.deepEqual(world.kill("t", "counter").outcome, { name: "pending" });
  world.ended("t", incarnationNumber(2), killed);
  assert.deepEqual(world.kill("t", "counter").outcome, { name: "stopped", death: killed });

  world.deploy("t", "counter");
  world.ended("t", world.alive("t", "counter"), crash, false);
  assert.deepEqual(world.kill("t", "counter").outcome, { name: "stopped", death: crash });
});

test("a service that is not there, or is another tenant's, is refused in the same words", () => {
  const world = World.of("t", "u");
  world.run("t", "counter");
  const refusal = { refused: "SERVICE_NOT_FOUND", detail: { service: "counter" } };
  assert.deepEqual(world.command(order("u", "counter"), { by: agent("u") }), refusal);
  assert.deepEqual(world.command(order("t", "counter"), { by: agent("u") }), refusal);
  assert.deepEqual(world.command(order("nobody", "counter"), { by: agent("u") }), refusal);
  assert.deepEqual(world.command(order("u", "counter")), refusal);
  assert.deepEqual(world.command(order("nobody", "counter")), {
    refused: "TENANT_NOT_FOUND",
    detail: { tenant: "nobody" },
  });
  assert.equal(world.status("t", "counter").status, "RUNNING");
});

test("a tenant kills its own", () => {
  const world = running();
  assert.ok(!isRefusal(world.command(order("t", "counter"), { by: agent("t") })));
  assert.deepEqual(world.last("service_kill_requested").payload?.by, "tenant t");
});

test("a tenant cannot kill a system service, nor deploy one, nor take the place of one; an administrator can", () => {
  const world = World.of("t");
  const by = agent("t");
  const refused = { refused: "NOT_ADMIN" };
  const deploy = (tier: "user" | "system") =>
    world.command(
      { type: "deploy", tenant: tenantId("t"), service: serviceId("s"), release: release({ tier }), instances: 1 },
      { by },
    );
  assert.partialDeepStrictEqual(deploy("system"), refused);
  world.run("t", "s", { tier: "system" });
  const kill = { type: "kill", tenant: tenantId("t"), service: serviceId("s"), forced: true } as const;
  assert.partialDeepStrictEqual(world.command(kill, { by }), refused);
  world.done(kill);
  world.ended("t", world.alive("t", "s"), { type: "killed", by: "admin", forced: "yes" });
  assert.partialDeepStrictEqual(deploy("user"), refused);
});
