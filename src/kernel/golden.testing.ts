/** The histories that the golden logs tell, and the words that their time had for them. None is changed; further ones join them. */
import { type CellLoss, cellNumber, type Death, defined, incarnationNumber, parseArtifactHash } from "../base/index.ts";
import type { Event } from "./event.ts";
import { crash, normalEnd, release, serviceId, tenantId, World } from "./world.ts";

/** A history in which everything happens that the first format knew. */
export function firstHistory(): World {
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
export function resourcesHistory(): World {
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
export function endingsHistory(): World {
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
export function repetitionsHistory(): World {
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
export function shutdownsHistory(): World {
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

/** Every death and every loss of a cell that the histories before do not have, and what else of a release they leave out. */
export function deathsHistory(): World {
  const world = World.of("agent_1");
  const tenant = tenantId("agent_1");
  const end = (service: string, death: Death): void => {
    world.run("agent_1", service);
    world.ended("agent_1", world.alive("agent_1", service), death);
  };
  end("leaks", { type: "out_of_memory", limitBytes: 134_217_728 });
  end("spins", { type: "cpu_timeout", limitMs: 1_000, method: "spin" });
  end("floods", { type: "mailbox_overflow", limit: 10_000 });
  end("lingers", { type: "shutdown_timeout", limitMs: 30_000 });
  world.deploy("agent_1", "dawdles");
  world.ended("agent_1", world.alive("agent_1", "dawdles"), { type: "startup_timeout", limitMs: 5_000 }, false);

  // One is at work and two are not: it is the culprit.
  world.run("agent_1", "breaks", {
    format: "javascript",
    environment: defined(parseArtifactHash("b".repeat(64)), "an artifact"),
    restart: "transient",
    logLevel: "DEBUG",
  });
  world.run("agent_1", "falls", { tier: "system", restart: "temporary", logLevel: "WARN" });
  world.run("agent_1", "falls_too", {
    logLevel: "ERROR",
    supervision: {
      strategy: "rest_for_one",
      intensity: { restartsMax: 100, withinMs: 600_000 },
      backoff: { firstMs: 0, factor: 1, waitMsMax: 0 },
    },
  });
  const victims = ["breaks", "falls", "falls_too"].map((service) => ({
    incarnation: world.alive("agent_1", service),
    inFlight: service === "breaks",
  }));
  const lastWords = "# Fatal error in , line 0";
  const abort = { type: "signal", signal: "SIGTRAP", lastWords } as const;
  world.take({ type: "cell_lost", cell: cellNumber(1), tenant, loss: abort, turns: 1, victims });

  const losses: readonly CellLoss[] = [
    { type: "exit", code: 1, lastWords },
    { type: "signal", signal: "SIGKILL" },
    { type: "seccomp", lastWords },
    { type: "hang", silentMs: 2_000 },
    { type: "protocol", problem: "a frame of 9 + 9437184 bytes" },
    { type: "spawn", problem: "no more processes" },
    { type: "node" },
  ];
  for (const [n, loss] of losses.entries()) {
    world.advance(2_000);
    const incarnation = world.alive("agent_1", "falls_too");
    world.started("agent_1", incarnation, n + 2);
    world.take({
      type: "cell_lost",
      cell: cellNumber(n + 2),
      tenant,
      loss,
      victims: [{ incarnation, inFlight: false }],
    });
  }
  world.advance(2_000);
  world.started("agent_1", world.alive("agent_1", "falls_too"), 9);
  world.boot({ survivors: [] });

  world.done({ type: "create_tenant", tenant: tenantId("agent_2") }, { request: "t" });
  const order = { tenant: tenantId("agent_2"), service: serviceId("named"), release: release(), instances: 1 };
  world.done({ type: "deploy", ...order }, { request: "d" });
  world.started("agent_2", world.alive("agent_2", "named"), 10);

  world.run("agent_1", "old");
  world.kill("agent_1", "old");
  world.ended("agent_1", world.alive("agent_1", "old"), { type: "killed", by: "admin", forced: "no" });
  world.run("agent_1", "new");
  return world;
}

/** As it is written where a tenant has as many services as it may, for which a thousand would have to be deployed here. */
export const withoutRoom = (events: readonly Event[]): readonly unknown[] =>
  events.map((event) =>
    event.type === "deployment_requested" && event.subject === "new"
      ? { ...event, payload: { ...event.payload, forgets: "old" } }
      : event,
  );

/** As the first format, which had no `deletion`, would have written them. */
export const beforeDeletions = (events: readonly Event[]): readonly unknown[] =>
  events.map((event) => {
    if (event.type !== "payload_erased" || event.payload === undefined) return event;
    const { deletion: _, ...payload } = event.payload;
    return { ...event, payload };
  });
export const asToday = (events: readonly Event[]): readonly unknown[] => events;
