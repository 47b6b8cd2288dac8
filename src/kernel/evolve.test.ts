import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as arbitrary from "../../test/arbitraries/base.ts";
import { fields, type Parts, word } from "../../test/arbitraries/typed.ts";
import { cellNumber, eventId, incarnationNumber, instant, kernelEpoch } from "../base/index.ts";
import { type Event, type EventType, eventVersions, type Payloads, type Release, sharedResources } from "./event.ts";
import { evolve, initialState } from "./evolve.ts";
import { fromSnapshot, toSnapshot } from "./snapshot.ts";
import { requestId, serviceId, tenantId, World } from "./world.ts";

const small = fc.integer({ min: 1, max: 4 });
const incarnation = small.map(incarnationNumber);
const service = fc.constantFrom("a", "b").map(serviceId);
const tenant = fc.constantFrom("t", "u").map(tenantId);
const when = fc.nat(1_000).map(instant);
const cell = small.map(cellNumber);
const tookMs = fc.nat(10);
const born = fc.array(fc.record({ instance: small, incarnation }), { maxLength: 3 });
const instants = fc.array(fc.nat(1_000), { maxLength: 3 });
const mark = fc.record({ id: fc.constantFrom("p", "q").map(requestId), fingerprint: fc.constant("f") });
const request = { request: mark };
const life = { service, instance: small, incarnation };

const anyRelease = fields<Release>([
  {
    id: arbitrary.release,
    format: word({ typescript: true, javascript: true }),
    source: arbitrary.artifact,
    compiled: arbitrary.artifact,
    sourceMap: arbitrary.artifact,
    limits: arbitrary.resourceLimits,
    restart: word({ permanent: true, transient: true, temporary: true }),
    supervision: fields<Release["supervision"]>([
      {
        strategy: word({ one_for_one: true, one_for_all: true, rest_for_one: true }),
        intensity: fc.record({ restartsMax: fc.nat(5), withinMs: fc.nat(5_000) }),
        backoff: fc.record({ firstMs: fc.nat(50), factor: small, waitMsMax: fc.nat(5_000) }),
      },
    ]),
    tier: word({ user: true, system: true }),
    logLevel: word({ ERROR: true, WARN: true, INFO: true, DEBUG: true }),
  },
  { environment: arbitrary.artifact },
]);

const pressure: Parts<Payloads["pressure_rose"]> = [
  {
    what: fc.constantFrom(...sharedResources),
    percent: fc.constantFrom(80 as const, 90 as const),
    used: small,
    limit: small,
  },
  { cell },
];

/** Every field of every event: one that is added to the types has no place to be forgotten in. */
const payloads: { readonly [T in EventType]: Parts<Payloads[T]> } = {
  kernel_started: [{ epoch: small.map(kernelEpoch), boot: fc.constantFrom("x", "y"), version: fc.constant("0") }],
  system_stopped: [{ outcome: word({ clean: true, deadline: true }) }, { misfits: fc.nat() }],
  shutdown_requested: [request],
  clock_jumped: [{ fromMs: tookMs, toMs: tookMs }],
  tenant_created: [{}, request],
  tenant_deletion_requested: [{}, request],
  tenant_deletion_noted: [{ deletes: tenant, ...request }],
  tenant_deleted: [{}],
  payload_erased: [{ erased: tenant, through: small.map(eventId), count: small }, { deletion: mark }],
  certificate_issued: [
    { role: word({ admin: true, tenant: true }), fingerprint: fc.constant("f"), notAfterMs: tookMs },
    request,
  ],
  deployment_requested: [
    { service, release: anyRelease, born },
    { forgets: service, ...request },
  ],
  service_deployed: [{ service, born, cell, tookMs }],
  instance_started: [{ ...life, cell, tookMs }],
  service_deployment_failed: [{ ...life, death: arbitrary.death }],
  service_kill_requested: [{ service, forced: fc.boolean(), graceMs: tookMs, by: fc.constant("admin") }, request],
  service_kill_noted: [{ service, ...request }],
  service_killed: [{ service, death: arbitrary.death }],
  instance_stopped: [{ ...life, death: arbitrary.death }, { resumes: fc.constant(true as const) }],
  service_crashed: [{ ...life, death: arbitrary.death, started: fc.boolean() }],
  service_restart_scheduled: [{ service, instance: small, at: when, restarts: instants }],
  service_restarting: [{ ...life, probation: fc.boolean() }],
  service_restarted: [{ ...life, cell, tookMs }],
  service_rested: [{ service, until: when, level: word({ service: true, tenant: true }), restarts: instants }],
  cell_lost: [{ cell, loss: arbitrary.cellLoss, victims: small }],
  resource_violation: [
    {
      ...life,
      phase: word({ entered: true, left: true }),
      what: word({ memory: true, mailbox: true, processes: true, tenant_memory: true, tenant_processes: true }),
      used: small,
      limit: small,
      peak: small,
      looks: small,
      action: word({ kill: true, throttle: true, warn: true }),
    },
  ],
  circuit_breaker_opened: [{ service, failures: small, retryMs: tookMs, why: fc.constant("crashed") }],
  circuit_breaker_closed: [{ service, openMs: tookMs, refused: small }],
  pressure_rose: pressure,
  pressure_fell: pressure,
};
const payloadOf = Object.fromEntries(
  Object.entries(payloads).map(([type, parts]) => [type, fields<object>(parts as unknown as Parts<object>)]),
);

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
    const payload: fc.Arbitrary<unknown> = payloadOf[type] ?? fc.object();
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

test("evolve meets every type of event, every death and every loss of a cell", () => {
  const seen = { events: new Set<string>(), deaths: new Set<string>(), losses: new Set<string>() };
  for (const { type, payload } of fc.sample(anyEvent, { numRuns: 4_000, seed: 1 })) {
    seen.events.add(type);
    const { death, loss } = (payload ?? {}) as { death?: { type: string }; loss?: { type: string } };
    if (death !== undefined) seen.deaths.add(death.type);
    if (loss !== undefined) seen.losses.add(loss.type);
  }
  assert.deepEqual([...seen.events].toSorted(), [...types, "invented_later"].toSorted());
  assert.deepEqual([...seen.deaths].toSorted(), arbitrary.deathKinds.toSorted());
  assert.deepEqual([...seen.losses].toSorted(), arbitrary.lossKinds.toSorted());
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
