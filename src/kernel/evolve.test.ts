import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cellNumber, type Death, eventId, incarnationNumber, instant, kernelEpoch } from "../base/index.ts";
import { type Event, type EventType, eventVersions, type Payloads } from "./event.ts";
import { evolve, initialState } from "./evolve.ts";
import { fromSnapshot, toSnapshot } from "./snapshot.ts";
import { crash, normalEnd, release, requestId, serviceId, tenantId, World } from "./world.ts";

const small = fc.integer({ min: 1, max: 4 });
const incarnation = small.map(incarnationNumber);
const service = fc.constantFrom("a", "b").map(serviceId);
const tenant = fc.constantFrom("t", "u").map(tenantId);
const when = fc.nat(1_000).map(instant);
const death = fc.constantFrom<Death>(crash, normalEnd, { type: "stopped", why: "shutdown" });
const cell = small.map(cellNumber);
const tookMs = fc.nat(10);
const born = fc.array(fc.record({ instance: small, incarnation }), { maxLength: 3 });
const instants = fc.array(fc.nat(1_000), { maxLength: 3 });
const mark = fc.record({ id: fc.constantFrom("p", "q").map(requestId), fingerprint: fc.constant("f") });
const request = fc.option(mark, { nil: undefined });
const marked = <T extends object>(of: fc.Arbitrary<T>) =>
  fc.tuple(of, request).map(([payload, by]) => (by === undefined ? payload : { ...payload, request: by }));
const life = { service, instance: small, incarnation };

const payloads: { readonly [T in EventType]: fc.Arbitrary<Payloads[T]> } = {
  kernel_started: fc.record({
    epoch: small.map(kernelEpoch),
    boot: fc.constantFrom("x", "y"),
    version: fc.constant("0"),
  }),
  system_stopped: fc.record(
    { outcome: fc.constantFrom("clean", "deadline"), misfits: fc.nat() },
    { requiredKeys: ["outcome"] },
  ),
  shutdown_requested: fc.record({ request: mark }),
  clock_jumped: fc.record({ fromMs: tookMs, toMs: tookMs }),
  tenant_created: marked(fc.constant({})),
  tenant_deletion_requested: marked(fc.constant({})),
  tenant_deletion_noted: fc.tuple(tenant, mark).map(([deletes, by]) => ({ deletes, request: by })),
  tenant_deleted: fc.constant({}),
  payload_erased: fc.record({ erased: tenant, through: small.map(eventId), count: small }),
  certificate_issued: marked(
    fc.record({ role: fc.constantFrom("admin", "tenant"), fingerprint: fc.constant("f"), notAfterMs: tookMs }),
  ),
  deployment_requested: marked(fc.record({ service, release: fc.constant(release()), born })),
  service_deployed: fc.record({ service, born, cell, tookMs }),
  instance_started: fc.record({ ...life, cell, tookMs }),
  service_deployment_failed: fc.record({ ...life, death }),
  service_kill_requested: marked(
    fc.record({ service, forced: fc.boolean(), graceMs: tookMs, by: fc.constant("admin") }),
  ),
  service_kill_noted: fc.record({ service, request: mark }),
  service_killed: fc.record({ service, death }),
  instance_stopped: fc.record({ ...life, death }),
  service_crashed: fc.record({ ...life, death, started: fc.boolean() }),
  service_restart_scheduled: fc.record({ service, instance: small, at: when, restarts: instants }),
  service_restarting: fc.record({ ...life, probation: fc.boolean() }),
  service_restarted: fc.record({ ...life, cell, tookMs }),
  service_rested: fc.record({ service, until: when, level: fc.constantFrom("service", "tenant"), restarts: instants }),
  cell_lost: fc.record({ cell, loss: fc.constant({ type: "node" as const }), victims: small }),
  resource_violation: fc.record({
    ...life,
    phase: fc.constantFrom("entered", "left"),
    what: fc.constantFrom("memory", "mailbox"),
    used: small,
    limit: small,
    peak: small,
    looks: small,
    action: fc.constantFrom("kill", "throttle", "warn"),
  }),
  circuit_breaker_opened: fc.record({ service, failures: small, retryMs: tookMs, why: fc.constant("crashed") }),
  circuit_breaker_closed: fc.record({ service, openMs: tookMs, refused: small }),
  pressure_rose: fc.record({
    what: fc.constant("disk" as const),
    percent: fc.constant(80 as const),
    used: small,
    limit: small,
  }),
  pressure_fell: fc.record({
    what: fc.constant("disk" as const),
    percent: fc.constant(90 as const),
    used: small,
    limit: small,
  }),
};

const types = Object.keys(eventVersions) as EventType[];
/** Any event in any order: sound ones, erased ones, and some of types that no Solo knows yet. */
const anyEvent = fc
  .record({
    type: fc.constantFrom(...types, "invented_later"),
    tenant: fc.option(tenant, { nil: undefined }),
    erased: fc.nat(9),
    at: when,
  })
  .chain(({ type, tenant: of, erased, at }) => {
    const payload: fc.Arbitrary<unknown> = Object.hasOwn(payloads, type) ? payloads[type as EventType] : fc.object();
    return payload.map((value) => ({
      type,
      subject: `cell ${at % 3}`,
      actor: "solo",
      timestamp: at,
      wallClockMs: 0,
      version: 1,
      ...(of === undefined ? {} : { tenant: of }),
      ...(erased === 0 ? {} : { payload: value }),
    }));
  });

test("evolve accepts any events in any order, erased and unknown ones too, and its snapshots are whole", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { minLength: 20, maxLength: 80, size: "max" }), (events) => {
      const state = initialState();
      events.forEach((event, i) => evolve(state, { ...event, id: eventId(i + 1) } as unknown as Event));
      assert.equal(state.lastEvent, events.length);
      assert.ok(fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(state)))) !== undefined);
    }),
    { numRuns: 200 },
  );
});

test("of an erased event the counters move, and nothing else", () => {
  const world = World.of("t");
  const before = structuredClone(world.state);
  for (const type of types) {
    if (type === "tenant_deletion_requested" || type === "tenant_deleted" || type === "system_stopped") continue;
    const id = eventId(world.state.lastEvent + 1);
    const header = {
      id,
      type,
      timestamp: instant(2_000_000),
      wallClockMs: 0,
      tenant: tenantId("t"),
      subject: "t",
      actor: "solo",
    };
    evolve(world.state, { ...header, version: 1 } as Event);
  }
  assert.ok(world.state.lastEvent > before.lastEvent);
  const { lastEvent, administered } = world.state;
  assert.deepEqual(world.state, { ...before, lastEvent, administered, instant: instant(2_000_000) });
});

test("an erased deletion still removes its tenant", () => {
  const world = World.of("t");
  const header = {
    timestamp: world.now,
    wallClockMs: 0,
    tenant: tenantId("t"),
    subject: "t",
    actor: "solo",
    version: 1,
  };
  evolve(world.state, { ...header, id: eventId(99), type: "tenant_deleted" });
  assert.equal(world.state.tenants.size, 0);
});

test("time and ids never go back", () => {
  const world = World.of("t");
  const { instant: now, lastEvent } = world.state;
  evolve(world.state, {
    id: eventId(1),
    timestamp: instant(5),
    wallClockMs: 0,
    type: "clock_jumped",
    subject: "node",
    actor: "solo",
    version: 1,
  });
  assert.deepEqual([world.state.instant, world.state.lastEvent], [now, lastEvent]);
});
