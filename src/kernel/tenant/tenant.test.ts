import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/index.ts";
import { outcomeOf } from "../read.ts";
import type { Command } from "../turn.ts";
import { agent, normalEnd, serviceId, tenantId, World } from "../world.ts";

const create = (name: string): Command => ({ type: "create_tenant", tenant: tenantId(name) });
const remove = (name: string): Command => ({ type: "delete_tenant", tenant: tenantId(name) });
const certificate = (over: Partial<Extract<Command, { type: "issue_certificate" }>> = {}): Command => ({
  type: "issue_certificate",
  role: "tenant",
  tenant: tenantId("t"),
  fingerprint: "ab:cd",
  notAfterMs: 5,
  ...over,
});
const gone = { type: "stopped", why: "tenant_deleted" } as const;

test("an administrator makes a tenant, once", () => {
  const world = World.of();
  assert.deepEqual(world.command(create("t")), { born: [], outcome: { name: "running", born: [] }, repeated: false });
  assert.equal(world.last("tenant_created").actor, "admin");
  assert.deepEqual(world.command(create("t")), { refused: "TENANT_EXISTS", detail: { tenant: "t" } });
});

test("a tenant makes, deletes and certifies no tenants, and learns nothing from trying", () => {
  const world = World.of("t", "u");
  for (const [command, operation] of [
    [create("v"), "CreateTenant"],
    [create("u"), "CreateTenant"],
    [remove("t"), "DeleteTenant"],
    [remove("u"), "DeleteTenant"],
    [certificate(), "IssueCertificate"],
  ] as const) {
    assert.deepEqual(world.command(command, { by: agent("t") }), { refused: "NOT_ADMIN", detail: { operation } });
  }
});

test("there are at most so many tenants, the ones not yet cleared away among them", () => {
  const world = World.of();
  for (let i = 0; i < limits.tenantsMax; i++) world.done(create(`t${i}`));
  const refusal = {
    refused: "QUOTA_EXCEEDED",
    detail: { what: "Tenants", limit: limits.tenantsMax, wanted: limits.tenantsMax + 1 },
  };
  assert.deepEqual(world.command(create("more")), refusal);
  world.done(remove("t0"));
  assert.deepEqual(world.command(create("more")), refusal);
  world.take({ type: "retired", tenant: tenantId("t0"), through: world.state.lastEvent, count: 2 });
  world.done(create("more"));
});

test("deleting a tenant stops everything of it, and only then is it gone", () => {
  const world = World.of("t", "u");
  const { born } = world.run("t", "runs");
  world.run("t", "waits");
  world.ended("t", world.alive("t", "waits"));
  world.deploy("t", "starts");
  world.run("u", "other");
  world.effects.length = 0;
  const reply = world.done(remove("t"));
  assert.deepEqual(reply.outcome, { name: "pending" });
  assert.deepEqual(
    world.effects.map((effect) => effect.type === "stop" && [effect.service, effect.death, effect.graceMs]),
    [
      ["runs", gone, 30_000],
      ["starts", gone, 30_000],
    ],
  );
  world.effects.length = 0;
  world.advance(600_000);
  world.ended("t", world.alive("t", "runs"), gone);
  const [first] = born;
  assert.ok(first !== undefined);
  const at = { tenant: tenantId("t"), service: serviceId("runs"), incarnation: first.incarnation };
  assert.deepEqual(outcomeOf(world.state, at), { name: "stopped", death: gone });
  assert.deepEqual(world.effects, []);
  world.ended("t", world.alive("t", "starts"), gone);
  assert.deepEqual(world.effects, [{ type: "retire_tenant", tenant: "t" }]);
  assert.equal(world.last("tenant_deleted").causation, world.last("tenant_deletion_requested").id);
  assert.deepEqual([...world.state.tenants.keys()], ["u"]);
  assert.deepEqual(outcomeOf(world.state, at), { name: "stopped", death: gone });
  assert.equal(world.status("u", "other").status, "RUNNING");
});

test("deleting an empty tenant is done at once, and deleting it twice is once", () => {
  const world = World.of("t", "u");
  assert.deepEqual(world.done(remove("t")).outcome, { name: "stopped", death: gone });
  assert.deepEqual(world.command(remove("t")), { refused: "TENANT_NOT_FOUND", detail: { tenant: "t" } });
  world.run("u", "a");
  world.done(remove("u"));
  const events = world.events.length;
  assert.deepEqual(world.done(remove("u")), { born: [], outcome: { name: "pending" }, repeated: false });
  assert.equal(world.events.length, events);
});

test("a kill during a deletion changes nothing", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.done(remove("t"));
  const events = world.events.length;
  assert.equal(world.kill("t", "a", { forced: true }).outcome.name, "pending");
  assert.equal(world.events.length, events);
});

test("a deletion takes over from a kill that was under way", () => {
  const world = World.of("t");
  world.run("t", "a");
  world.kill("t", "a");
  world.done(remove("t"));
  world.ended("t", world.alive("t", "a"), normalEnd);
  assert.equal(world.types().includes("service_killed"), false);
  assert.equal(world.types().at(-1), "tenant_deleted");
});

test("a deleted tenant's name is free when nothing of it is left; clearing away is asked for until it is reported", () => {
  const world = World.of("t");
  world.done(remove("t"));
  assert.deepEqual(world.command(create("t")), { refused: "TENANT_EXISTS", detail: { tenant: "t" } });
  world.effects.length = 0;
  world.boot();
  assert.deepEqual(world.effects, [{ type: "retire_tenant", tenant: "t" }]);
  const through = world.state.lastEvent;
  world.take({ type: "retired", tenant: tenantId("t"), through, count: 3 });
  assert.deepEqual(world.last("payload_erased").payload, { erased: "t", through, count: 3 });
  assert.deepEqual(world.take({ type: "retired", tenant: tenantId("t"), through, count: 3 }), {
    events: [],
    effects: [],
  });
  world.done(create("t"));
});

test("a certificate is recorded for an active tenant, or for an administrator without one", () => {
  const world = World.of("t");
  world.done(certificate());
  const { tenant, payload } = world.last("certificate_issued");
  assert.deepEqual([tenant, payload], ["t", { role: "tenant", fingerprint: "ab:cd", notAfterMs: 5 }]);
  world.done({ type: "issue_certificate", role: "admin", fingerprint: "ef", notAfterMs: 5 });
  assert.equal(world.last("certificate_issued").tenant, undefined);
});

test("a certificate is refused for a tenant that is not there, not named, or not meant", () => {
  const world = World.of("t");
  assert.deepEqual(world.command(certificate({ tenant: tenantId("v") })), {
    refused: "TENANT_NOT_FOUND",
    detail: { tenant: "v" },
  });
  assert.deepEqual(world.command({ type: "issue_certificate", role: "tenant", fingerprint: "f", notAfterMs: 5 }), {
    refused: "INVALID_ARGUMENT",
    detail: { field: "tenant", problem: "is missing" },
  });
  assert.deepEqual(world.command(certificate({ role: "admin" })), {
    refused: "INVALID_ARGUMENT",
    detail: { field: "tenant", problem: "must be absent for an administrator" },
  });
});
