/**
 * The golden logs: histories with every type of event, as the format of their time wrote it. Old logs replay for ever, so a
 * file is never changed; when a format changes or a type is added, a further file joins them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellNumber, incarnationNumber, isRefusal } from "../base/index.ts";
import { type Event, eventVersions } from "./event.ts";
import { evolve, initialState } from "./evolve.ts";
import first from "./golden/log-1.json" with { type: "json" };
import endings from "./golden/log-3.json" with { type: "json" };
import repetitions from "./golden/log-4.json" with { type: "json" };
import resources from "./golden/log-2.json" with { type: "json" };
import shutdowns from "./golden/log-5.json" with { type: "json" };
import { toSnapshot } from "./snapshot.ts";
import { evolveVersion } from "./state.ts";
import { upcast } from "./upcast.ts";
import { crash, normalEnd, serviceId, tenantId, World } from "./world.ts";

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** A history in which everything happens that the first format knew. */
function firstHistory(): World {
  const world = World.of("agent_1", "agent_2");
  world.done(
    { type: "issue_certificate", role: "tenant", tenant: tenantId("agent_1"), fingerprint: "ab", notAfterMs: 7 },
    { request: "c" },
  );
  const supervision = {
    strategy: "one_for_all",
    intensity: { restartsMax: 1, withinMs: 30_000 },
    backoff: { firstMs: 50, factor: 4, waitMsMax: 5_000 },
  } as const;
  world.run("agent_1", "pair", { instances: 2, supervision });
  world.ended("agent_1", incarnationNumber(1), crash);
  world.ended("agent_1", incarnationNumber(2), { type: "stopped", why: "sibling" });
  world.advance(50);
  world.started("agent_1", incarnationNumber(3));
  world.started("agent_1", incarnationNumber(4), 2);
  const victims = [{ incarnation: incarnationNumber(3), inFlight: true }];
  const loss = { type: "memory", rssBytes: 2, limitBytes: 1 } as const;
  world.take({ type: "cell_lost", cell: cellNumber(1), tenant: tenantId("agent_1"), loss, victims });
  world.deploy("agent_1", "broken");
  world.ended("agent_1", world.alive("agent_1", "broken"), crash, false);
  world.run("agent_1", "steady");
  world.run("agent_1", "killed");
  world.kill("agent_1", "killed", { forced: true, request: "k" });
  world.ended("agent_1", world.alive("agent_1", "killed"), { type: "killed", by: "admin", forced: "yes" });
  world.run("agent_2", "doomed");
  world.done({ type: "delete_tenant", tenant: tenantId("agent_2") }, { request: "d" });
  world.ended("agent_2", world.alive("agent_2", "doomed"), normalEnd);
  world.take({ type: "retired", tenant: tenantId("agent_2"), through: world.state.lastEvent, count: 6 });
  world.take({ type: "clock_jumped", fromMs: 9, toMs: 5 });
  world.take({ type: "node_stopped", outcome: "clean" });
  world.boot({ boot: "boot-2" });
  return world;
}

/** Limits that are passed, breakers, and a node that runs short. */
function resourcesHistory(): World {
  const world = World.of("agent_1");
  const tenant = tenantId("agent_1");
  const service = serviceId("hog");
  world.run("agent_1", "hog");
  const at = { service, instance: 1, incarnation: world.alive("agent_1", "hog") };
  const over = { what: "memory", used: 300, limit: 200, peak: 300, looks: 2 } as const;
  world.take({ type: "violation", tenant, ...at, ...over, phase: "entered" });
  world.take({ type: "violation", tenant, ...at, ...over, used: 100, looks: 7, phase: "left" });
  world.ended("agent_1", at.incarnation, { type: "limit_exceeded", what: "memory", used: 300, limit: 200 });
  world.take({ type: "circuit_opened", tenant, service, failures: 5, retryMs: 30_000, why: "limit exceeded" });
  world.advance(50);
  world.started("agent_1", world.alive("agent_1", "hog"));
  world.take({ type: "circuit_closed", tenant, service, openMs: 30_001, refused: 3 });
  const maps = { what: "memory_maps", used: 60_000, limit: 65_530, cell: cellNumber(1) } as const;
  world.take({ type: "pressure", direction: "rose", ...maps, percent: 90 });
  world.take({ type: "relieve", what: "memory_maps", percent: 92, count: 1 });
  world.ended("agent_1", world.alive("agent_1", "hog"), { type: "shed", what: "memory_maps", percent: 92 });
  world.take({ type: "pressure", direction: "fell", ...maps, used: 50_000, percent: 90 });
  return world;
}

/** A deletion that is repeated after the erasure, and a shutdown in which not all ended well. */
function endingsHistory(): World {
  const world = World.of("agent_1", "agent_2");
  world.run("agent_1", "steady");
  world.run("agent_1", "stubborn");
  world.done({ type: "delete_tenant", tenant: tenantId("agent_2") }, { request: "d" });
  world.take({ type: "retired", tenant: tenantId("agent_2"), through: world.state.lastEvent, count: 3 });
  const tenant = tenantId("agent_1");
  const death = { type: "cell_lost", loss: { type: "closed" }, inFlight: "no" } as const;
  const misfits = [{ tenant, incarnation: world.alive("agent_1", "stubborn"), death }];
  world.take({ type: "node_stopped", outcome: "deadline", misfits });
  world.boot({ boot: "boot-2" });
  return world;
}

/** Kills and deletions that change nothing, and are remembered; a stop that its cell's loss forestalls. */
function repetitionsHistory(): World {
  const world = World.of("agent_1", "agent_2");
  const remove = { type: "delete_tenant", tenant: tenantId("agent_2") } as const;
  world.run("agent_1", "steady");
  world.run("agent_1", "stopped");
  world.kill("agent_1", "stopped", { request: "k1" });
  world.kill("agent_1", "stopped", { request: "k2" });
  world.ended("agent_1", world.alive("agent_1", "stopped"), { type: "killed", by: "admin", forced: "no" });
  world.kill("agent_1", "stopped", { request: "k3" });
  world.run("agent_1", "stopped");
  world.kill("agent_1", "stopped", { request: "k3" });
  world.run("agent_2", "doomed");
  world.done(remove, { request: "d1" });
  world.done(remove, { request: "d2" });
  world.ended("agent_2", world.alive("agent_2", "doomed"), normalEnd);
  world.take({ type: "retired", tenant: tenantId("agent_2"), through: world.state.lastEvent, count: 4 });
  world.kill("agent_1", "steady");
  const victims = [{ incarnation: world.alive("agent_1", "steady"), inFlight: true }];
  const loss = { type: "signal", signal: "SIGKILL" } as const;
  world.take({ type: "cell_lost", cell: cellNumber(1), tenant: tenantId("agent_1"), loss, victims });
  world.take({ type: "cell_lost", cell: cellNumber(1), loss, victims: [] });
  return world;
}

/** Shutdowns that are remembered: one that was asked for, and one that the node's end forestalled. */
function shutdownsHistory(): World {
  const world = World.of("agent_1");
  world.run("agent_1", "steady");
  world.done({ type: "shut_down" }, { request: "s1" });
  world.advance(1_500);
  world.take({ type: "node_stopped", outcome: "clean" });
  world.boot({ boot: "boot-2" });
  world.done({ type: "shut_down" }, { request: "s1" });
  world.done({ type: "shut_down" }, { request: "s2" });
  world.boot({ boot: "boot-3" });
  return world;
}

/** As the first format, which had no `deletion`, would have written them. */
const beforeDeletions = (events: readonly Event[]): readonly unknown[] =>
  events.map((event) => {
    if (event.type !== "payload_erased" || event.payload === undefined) return event;
    const { deletion: _, ...payload } = event.payload;
    return { ...event, payload };
  });
const asToday = (events: readonly Event[]): readonly unknown[] => events;

const goldens = [
  { file: "log-1.json", golden: first, history: firstHistory, words: beforeDeletions },
  { file: "log-2.json", golden: resources, history: resourcesHistory, words: asToday },
  { file: "log-3.json", golden: endings, history: endingsHistory, words: asToday },
  { file: "log-4.json", golden: repetitions, history: repetitionsHistory, words: asToday },
  { file: "log-5.json", golden: shutdowns, history: shutdownsHistory, words: asToday },
];

test("the golden logs have every type of event", () => {
  const types = new Set(goldens.flatMap(({ golden }) => golden.events.map(({ type }) => type)));
  assert.deepEqual(
    Object.keys(eventVersions).filter((type) => !types.has(type)),
    [],
  );
});

for (const { file, golden, history, words } of goldens) {
  test(`the golden ${file} replays to the state that it made`, () => {
    const state = initialState();
    for (const event of golden.events as unknown as Event[]) {
      const current = upcast(event);
      assert.ok(!isRefusal(current));
      evolve(state, current);
    }
    // Of a snapshot's own format the number tells, which grows; the goldens are of the first.
    const { administered: _, lost: _1, ...snapshot } = toSnapshot(state);
    assert.deepEqual(json(snapshot), { ...golden.state, evolveVersion });
  });

  test(`the history of ${file} is written in the same words today`, () => {
    assert.deepEqual(json(words(history().events)), golden.events);
  });
}
