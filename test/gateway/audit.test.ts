import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { refuse } from "../../src/base/index.ts";
import { admin, askerOf, tenant } from "./asking.ts";
import { makeWorld, type World } from "./world.ts";

interface Finding {
  readonly about: string;
  readonly level: string;
  readonly says: string;
  readonly remedy: string;
}
type Component = Readonly<Record<string, unknown>> & { readonly status: string; readonly findings: readonly Finding[] };

async function auditOf(world: World) {
  const { status, components } = await askerOf(world).get(admin, "audit", {});
  return { status, components: components as unknown as Readonly<Record<string, Component>> };
}

test("where all holds the node is healthy, and says what it looked at", async (t) => {
  const world = await makeWorld(t);
  const { status, components } = await auditOf(world);
  assert.equal(status, "healthy");
  assert.deepEqual(Object.keys(components), ["node", "sandbox", "log", "limits", "builder", "cells", "certificates"]);
  for (const component of Object.values(components)) {
    assert.deepEqual([component.status, component.findings], ["healthy", []]);
  }
  const { id, hash } = world.log.head();
  const { log, certificates, node } = components;
  assert.deepEqual(
    [log?.["headId"], log?.["headHash"], log?.["checkpoint"], log?.["walked"]],
    [id, hash, `${id}:${hash}`, { from: 1, events: id, valid: true }],
  );
  const listed = certificates?.["listed"] as readonly { readonly name: string; readonly notAfterMs: number }[];
  assert.deepEqual(
    listed.map(({ name }) => name),
    ["ca", "server", "admin", "default"],
  );
  assert.ok(listed.every(({ notAfterMs }) => notAfterMs > Date.now()));
  assert.deepEqual([node?.["kernelEpoch"], node?.["boot"], node?.["takesChanges"]], [1, "boot-1", true]);
});

test("a layer that is missing degrades the node, and says what it means; no sandbox at all is critical", async (t) => {
  const world = await makeWorld(t);
  const missing = { layer: "memory", active: false, why: "managed by another", means: "found by looking" };
  world.node.inspection = {
    ...world.node.inspection,
    sandbox: { tier: "launcher", layers: [missing], passedOver: [{ tier: "bubblewrap", why: "not installed" }] },
  };
  const degraded = await auditOf(world);
  assert.equal(degraded.status, "degraded");
  assert.deepEqual(
    degraded.components["sandbox"]?.findings.map(({ about, level, says, remedy }) => [about, level, says, remedy]),
    [
      ["stronger sandbox", "warn", "bubblewrap: not installed", "Solo takes the strongest that holds."],
      ["layer memory", "warn", "missing: managed by another", "It means: found by looking."],
    ],
  );
  world.node.inspection = { ...world.node.inspection, sandbox: { tier: "none", layers: [], passedOver: [] } };
  const bare = await auditOf(world);
  assert.equal(bare.status, "critical");
  assert.match(bare.components["sandbox"]?.findings[0]?.says ?? "", /^NONE\. Cells run WITHOUT/);
});

test("a node that takes no changes, runs short or has no builder says so", async (t) => {
  const world = await makeWorld(t);
  world.node.readOnly = refuse("SAFE_MODE", { why: "replay stops at event 7" });
  world.node.inspection = {
    ...world.node.inspection,
    isBuilderUp: false,
    pressing: [{ what: "memory_maps", used: 95, limit: 100 }],
  };
  const { status, components } = await auditOf(world);
  assert.equal(status, "critical");
  assert.match(components["node"]?.findings[0]?.says ?? "", /replay stops at event 7/);
  assert.equal(components["limits"]?.findings[0]?.says, "95 of 100: nothing new is taken in");
  assert.deepEqual(
    ["node", "limits", "builder", "sandbox"].map((name) => components[name]?.status),
    ["critical", "degraded", "degraded", "healthy"],
  );
});

test("an event that was altered is found, and makes it critical", async (t) => {
  const world = await makeWorld(t);
  {
    using database = new DatabaseSync(join(world.dir, "log.sqlite"));
    database.prepare("UPDATE payloads SET json = json || ' ' WHERE id = (SELECT max(id) FROM payloads)").run();
  }
  const { status, components } = await auditOf(world);
  assert.equal(status, "critical");
  assert.equal(components["log"]?.status, "critical");
  assert.match(components["log"]?.findings[0]?.says ?? "", /^event \d+: .*altered/);
});

test("a certificate that ends soon, or has ended, is named", async (t) => {
  const world = await makeWorld(t);
  const [one] = world.ports.certificates.held();
  assert.ok(one !== undefined);
  const day = 86_400_000;
  const held = [
    { ...one, name: "soon", notAfterMs: Date.now() + 3 * day },
    { ...one, name: "ended", notAfterMs: Date.now() - day },
    { ...one, name: "early", notBeforeMs: Date.now() + day },
  ];
  const ports = { ...world.ports, certificates: { ...world.ports.certificates, held: () => held } };
  const { components } = await auditOf({ ...world, ports });
  assert.deepEqual(
    components["certificates"]?.findings.map(({ about, level }) => [about, level]),
    [
      ["certificate soon", "warn"],
      ["certificate ended", "fail"],
      ["certificate early", "fail"],
    ],
  );
});

test("it is the administrator's alone", async (t) => {
  const world = await makeWorld(t);
  await askerOf(world).refusal(tenant(await world.createTenant("ada")), "audit", {}, "NOT_ADMIN");
});
