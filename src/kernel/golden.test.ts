/**
 * The golden log: one history with every type of event, as the first format wrote it. Old logs replay for ever, so the file
 * is never changed; when a format changes, a further file joins it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellNumber, incarnationNumber, isRefusal } from "../base/index.ts";
import { type Event, eventVersions } from "./event.ts";
import { evolve, initialState } from "./evolve.ts";
import golden from "./golden/log-1.json" with { type: "json" };
import { toSnapshot } from "./snapshot.ts";
import { upcast } from "./upcast.ts";
import { crash, normalEnd, tenantId, World } from "./world.ts";

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** A history in which everything happens. */
function history(): World {
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

test("the golden log has every type of event", () => {
  const types = new Set(golden.events.map(({ type }) => type));
  assert.deepEqual(
    Object.keys(eventVersions).filter((type) => !types.has(type)),
    [],
  );
});

test("the golden log replays to the state that it made", () => {
  const state = initialState();
  for (const event of golden.events as unknown as Event[]) {
    const current = upcast(event);
    assert.ok(!isRefusal(current));
    evolve(state, current);
  }
  assert.deepEqual(json(toSnapshot(state)), golden.state);
});

test("the same history is written in the same words today", () => {
  assert.deepEqual(json(history().events), golden.events);
});
