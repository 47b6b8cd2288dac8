import assert from "node:assert/strict";
import { test } from "node:test";
import { later, limits } from "../base/index.ts";
import { abridgedDeath } from "./defaults.ts";
import { evolve, initialState } from "./evolve.ts";
import { fromSnapshot, toSnapshot } from "./snapshot.ts";
import type { Command } from "./turn.ts";
import { agent, crash, normalEnd, release, serviceId, tenantId, World } from "./world.ts";

const order = (service = "a", tenant = "t"): Command => ({
  type: "deploy",
  tenant: tenantId(tenant),
  service: serviceId(service),
  release: release(),
  instances: 1,
});
const end: Command = { type: "kill", tenant: tenantId("t"), service: serviceId("a"), forced: false };
const killed = { type: "killed", by: "admin", forced: "no" } as const;
const born = [{ instance: 1, incarnation: 1 }];

test("a repeated deployment is answered with its first answer and what became of it, and nothing is started", () => {
  const world = World.of("t");
  world.done(order(), { request: "r" });
  const events = world.events.length;
  assert.deepEqual(world.done(order(), { request: "r" }), { born, outcome: { name: "pending" }, repeated: true });
  world.started("t", world.alive("t", "a"));
  assert.deepEqual(world.done(order(), { request: "r" }), { born, outcome: { name: "running", born }, repeated: true });
  assert.equal(world.events.length, events + 1);
  assert.equal(world.effects.length, 1);
});

test("a repeated deployment that failed is answered with why, even after another took its place", () => {
  const world = World.of("t");
  world.done(order(), { request: "r" });
  world.ended("t", world.alive("t", "a"), crash, false);
  world.run("t", "a");
  assert.deepEqual(world.done(order(), { request: "r" }), {
    born,
    outcome: { name: "failed", death: crash },
    repeated: true,
  });
});

test("a repeated kill is answered with its first answer, and both see the end", () => {
  const world = World.of("t");
  world.done(order(), { request: "deploy" });
  world.done(end, { request: "kill" });
  assert.deepEqual(world.done(end, { request: "kill" }), { born, outcome: { name: "pending" }, repeated: true });
  world.ended("t", world.alive("t", "a"), normalEnd);
  const outcome = { name: "stopped", death: killed } as const;
  assert.deepEqual(world.done(end, { request: "kill" }), { born, outcome, repeated: true });
  assert.deepEqual(world.done(order(), { request: "deploy" }), { born, outcome, repeated: true });
});

test("a kill that found its service stopped is remembered: repeated after the next deployment, it changes nothing", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.kill("t", "a");
  world.ended("t", world.alive("t", "a"), killed);
  const first = world.done(end, { request: "again" });
  assert.deepEqual(first, { born: [], outcome: { name: "stopped", death: killed }, repeated: false });
  assert.equal(world.types().at(-1), "service_kill_noted");
  world.run("t", "a");
  const restored = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(world.state))));
  assert.deepEqual(restored, world.state);
  const events = world.events.length;
  assert.deepEqual(world.done(end, { request: "again" }), { ...first, repeated: true });
  assert.equal(world.events.length, events);
  assert.equal(world.status("t", "a").status, "RUNNING");
});

test("a kill that joins another is remembered, and both see the end", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.done(end, { request: "first" });
  const joined = { born, outcome: { name: "pending" }, repeated: false };
  assert.deepEqual(world.done(end, { request: "second" }), joined);
  assert.equal(world.effects.filter(({ type }) => type === "stop").length, 1);
  world.ended("t", world.alive("t", "a"), normalEnd);
  world.run("t", "a");
  for (const request of ["first", "second"]) {
    assert.deepEqual(world.done(end, { request }), {
      born,
      outcome: { name: "stopped", death: killed },
      repeated: true,
    });
  }
  assert.equal(world.status("t", "a").status, "RUNNING");
});

test("a kill of what failed to deploy is remembered with the words of the failure cut short", () => {
  const world = World.of("t");
  world.deploy("t", "a");
  const message = "x".repeat(abridgedDeath.messageLengthMax + 1);
  const error = { name: "Error", message, stack: "" };
  world.ended("t", world.alive("t", "a"), { type: "crashed", where: "init", error }, false);
  world.done(end, { request: "k" });
  world.run("t", "a");
  const { outcome } = world.done(end, { request: "k" });
  assert.ok(outcome.name === "stopped" && outcome.death.type === "crashed");
  assert.ok(outcome.death.error.message.length < message.length);
});

test("a kill without a name that changes nothing leaves no trace", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.done(end);
  const events = world.events.length;
  world.done(end);
  assert.equal(world.events.length, events);
});

test("however many kills join one, so many wait for its end as are remembered, and a snapshot holds them", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.run("t", "b");
  for (let i = 0; i <= limits.requestsRememberedMax; i++) world.done(end, { request: `r${i}` });
  assert.equal(
    world.state.tenants.get(tenantId("t"))?.services.get(serviceId("a"))?.awaiting.length,
    limits.requestsRememberedMax,
  );
  assert.ok(fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(world.state)))) !== undefined);
  world.ended("t", world.alive("t", "a"), normalEnd);
  assert.deepEqual(world.done(end, { request: "r1" }).outcome, { name: "stopped", death: killed });
});

test("a name that was pushed out of memory, and used again for another service, is not answered with the first one's end", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.run("t", "b");
  world.done(end, { request: "r" });
  for (let i = 0; i < limits.requestsRememberedMax; i++) {
    world.done(
      { type: "deploy", tenant: tenantId("t"), service: serviceId("c"), release: release(), instances: 1 },
      {
        request: `d${i}`,
      },
    );
    world.ended("t", world.alive("t", "c"), crash, false);
  }
  const other = { type: "kill", tenant: tenantId("t"), service: serviceId("b"), forced: false } as const;
  world.done(other, { request: "r" });
  world.ended("t", world.alive("t", "a"), normalEnd);
  assert.deepEqual(world.done(other, { request: "r" }).outcome, { name: "pending" });
});

test("a deletion that finds one under way is remembered: repeated later, it does not delete another tenant of the name", () => {
  const world = World.of("u");
  const remove: Command = { type: "delete_tenant", tenant: tenantId("u") };
  world.run("u", "a");
  world.done(remove, { request: "first" });
  assert.deepEqual(world.done(remove, { request: "second" }), {
    born: [],
    outcome: { name: "pending" },
    repeated: false,
  });
  assert.equal(world.last("tenant_deletion_noted").tenant, undefined, "it is not erased with the tenant");
  world.ended("u", world.alive("u", "a"), normalEnd);
  const gone = { born: [], outcome: { name: "stopped", death: { type: "stopped", why: "tenant_deleted" } } };
  assert.deepEqual(world.done(remove, { request: "second" }), { ...gone, repeated: true });
  const through = world.state.lastEvent;
  world.take({ type: "retired", tenant: tenantId("u"), through, count: 2 });
  assert.equal(world.last("payload_erased").payload?.deletion?.id, "first");
  world.done({ type: "create_tenant", tenant: tenantId("u") });
  for (const request of ["first", "second"])
    assert.deepEqual(world.done(remove, { request }), { ...gone, repeated: true });
  assert.ok(world.state.tenants.has(tenantId("u")), "the namesake stays");
  assert.deepEqual(fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(world.state)))), world.state);
  const replayed = initialState();
  for (const event of world.events) {
    const { payload: _, ...header } = event;
    evolve(replayed, event.tenant === "u" && event.id <= through ? header : event);
  }
  assert.deepEqual(replayed, world.state);
});

test("a repeated shutdown is answered as the first one went, and tells no later boot to end", () => {
  const end = { type: "shut_down" } as const;
  for (const { how, death } of [
    { how: "clean", death: { type: "stopped", why: "shutdown" } },
    { how: "deadline", death: { type: "cell_lost", loss: { type: "closed" }, inFlight: "no" } },
    { how: "lost", death: { type: "cell_lost", loss: { type: "node" }, inFlight: "no" } },
  ] as const) {
    const world = World.of("t");
    assert.deepEqual(world.done(end, { request: "s" }), { born: [], outcome: { name: "pending" }, repeated: false });
    world.boot();
    assert.deepEqual(world.done(end, { request: "s" }), { born: [], outcome: { name: "pending" }, repeated: true });
    world.now = later(world.now, 1_500);
    if (how !== "lost") world.take({ type: "node_stopped", outcome: how });
    world.boot({ boot: "boot-2" });
    const restored = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(world.state))));
    assert.deepEqual(restored, world.state);
    const events = world.events.length;
    assert.deepEqual(world.done(end, { request: "s" }), {
      born: [],
      outcome: { name: "stopped", death },
      repeated: true,
      tookMs: 1_500,
    });
    assert.equal(world.events.length, events);
    assert.deepEqual(world.done(end, { request: "another" }).outcome, { name: "pending" });
  }
});

test("a shutdown is an administrator's to ask for, and without a name it leaves no trace", () => {
  const world = World.of("t");
  const by = agent("t");
  assert.partialDeepStrictEqual(world.command({ type: "shut_down" }, { by, request: "s" }), { refused: "NOT_ADMIN" });
  const events = world.events.length;
  world.done({ type: "shut_down" });
  assert.equal(world.events.length, events);
});

test("repeating what an administrator did to tenants is answered from memory too", () => {
  const world = World.of();
  const create: Command = { type: "create_tenant", tenant: tenantId("t") };
  const remove: Command = { type: "delete_tenant", tenant: tenantId("t") };
  const certificate: Command = {
    type: "issue_certificate",
    role: "tenant",
    tenant: tenantId("t"),
    fingerprint: "f",
    notAfterMs: 1,
  };
  for (const [command, request] of [
    [create, "c"],
    [certificate, "i"],
  ] as const) {
    assert.equal(world.done(command, { request }).repeated, false);
    assert.deepEqual(world.done(command, { request }), {
      born: [],
      outcome: { name: "running", born: [] },
      repeated: true,
    });
  }
  world.run("t", "a");
  world.done(remove, { request: "d" });
  assert.deepEqual(world.done(remove, { request: "d" }).outcome, { name: "pending" });
  world.ended("t", world.alive("t", "a"), normalEnd);
  assert.deepEqual(world.done(remove, { request: "d" }).outcome, {
    name: "stopped",
    death: { type: "stopped", why: "tenant_deleted" },
  });
});

test("another request under a used id is refused", () => {
  const world = World.of("t");
  world.done(order(), { request: "r", fingerprint: "one" });
  assert.deepEqual(world.command(order("b"), { request: "r", fingerprint: "two" }), {
    refused: "REQUEST_ID_REUSED",
    detail: { requestId: "r" },
  });
});

test("each tenant has its own ids, and cannot ask for another's", () => {
  const world = World.of("t", "u");
  world.done(order(), { request: "r", by: agent("t") });
  assert.equal(world.done(order("a", "u"), { request: "r", by: agent("u"), fingerprint: "other" }).repeated, false);
  assert.deepEqual(world.command(order(), { request: "r", by: agent("u") }), {
    refused: "TENANT_NOT_FOUND",
    detail: { tenant: "t" },
  });
});

test("a refused request is not remembered: it may be repeated until it succeeds", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.command(order(), { request: "r", fingerprint: "one" });
  assert.equal(world.done(order("b"), { request: "r", fingerprint: "two" }).repeated, false);
});

test("so many requests are remembered, the newest", () => {
  const world = World.of();
  const create = (i: number): Command => ({ type: "create_tenant", tenant: tenantId(`t${i % 900}`) });
  for (let i = 0; i < limits.requestsRememberedMax + 1; i++) {
    if (i >= 900) {
      world.done({ type: "issue_certificate", role: "admin", fingerprint: "f", notAfterMs: 1 }, { request: `r${i}` });
    } else world.done(create(i), { request: `r${i}` });
  }
  assert.equal(world.state.requests.size, limits.requestsRememberedMax);
  assert.equal(world.done(create(1), { request: "r1" }).repeated, true);
  assert.deepEqual(world.command(create(0), { request: "r0" }), { refused: "TENANT_EXISTS", detail: { tenant: "t0" } });
});

test("a request is forgotten after a day", () => {
  const world = World.of("t");
  world.done(order(), { request: "r" });
  world.advance(limits.requestRememberedMsMax);
  assert.equal(world.done(order(), { request: "r" }).repeated, true);
  world.advance(1);
  assert.deepEqual(world.command(order(), { request: "r" }), { refused: "SERVICE_EXISTS", detail: { service: "a" } });
  world.done(order("b"), { request: "s" });
  assert.deepEqual([...(world.state.tenants.get(tenantId("t"))?.requests.keys() ?? [])], ["s"]);
});

test("what an erased request had pushed out of memory stays forgotten in a replay without it", () => {
  for (const { wait, changes } of [
    { wait: limits.requestRememberedMsMax + 1, changes: 1 },
    { wait: 0, changes: limits.requestsRememberedMax },
  ]) {
    const world = World.of("t");
    const certify: Command = { type: "issue_certificate", role: "admin", fingerprint: "f", notAfterMs: 1 };
    world.done(certify, { request: "old" });
    world.advance(wait);
    for (let i = 1; i < changes; i++) world.done(certify, { request: `r${i}` });
    world.done({ type: "create_tenant", tenant: tenantId("u") }, { request: "u" });
    world.done({ type: "delete_tenant", tenant: tenantId("u") });
    const through = world.state.lastEvent;
    world.take({ type: "retired", tenant: tenantId("u"), through, count: 3 });
    const replayed = initialState();
    for (const event of world.events) {
      const { payload: _, ...header } = event;
      evolve(replayed, event.tenant === "u" && event.id <= through ? header : event);
    }
    assert.deepEqual(replayed, world.state);
  }
});

test("a repeated deletion is answered as the first was, after the tenant's payloads are erased and its name is taken again", () => {
  const world = World.of("u");
  const remove: Command = { type: "delete_tenant", tenant: tenantId("u") };
  const first = world.done(remove, { request: "d" });
  const through = world.state.lastEvent;
  world.take({ type: "retired", tenant: tenantId("u"), through, count: 2 });
  assert.equal(world.last("payload_erased").payload?.deletion?.id, "d");
  const again = { ...first, repeated: true };
  assert.deepEqual(world.done(remove, { request: "d" }), again);
  world.done({ type: "create_tenant", tenant: tenantId("u") });
  assert.deepEqual(world.done(remove, { request: "d" }), again);
  assert.ok(world.state.tenants.has(tenantId("u")), "the namesake stays");
  const replayed = initialState();
  for (const event of world.events) {
    const { payload: _, ...header } = event;
    evolve(replayed, event.tenant === "u" && event.id <= through ? header : event);
  }
  assert.deepEqual(replayed, world.state);
  world.done(remove, { request: "e" });
  world.take({ type: "retired", tenant: tenantId("u"), through: world.state.lastEvent, count: 2 });
  assert.deepEqual(world.done(remove, { request: "d" }), again, "of another life of the name");
});

test("a request that the end of the kernel interrupted is still known", () => {
  const world = World.of("t");
  world.done(order(), { request: "r" });
  world.boot();
  assert.deepEqual(world.done(order(), { request: "r" }), { born, outcome: { name: "pending" }, repeated: true });
});
