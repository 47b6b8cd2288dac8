/**
 * Supervisor × restart type × reason of the end, as a table that asks no function of ours: which ends are crashes, which are
 * followed by a restart, and who pays for it. The rules are OTP's (permanent always, transient after abnormal ends, temporary
 * never), and, of who pays, those of docs/decisions/0006: another's fault costs nothing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CellLoss, type Death, sayDeath } from "../base/index.ts";
import { World } from "./world.ts";

type Row<D> = readonly [death: Omit<D, "type">, event: "crash" | "end" | "resumed", pays: "pays" | "free"];
type Table<U extends { readonly type: string }> = {
  readonly [T in U["type"]]: readonly Row<Extract<U, { readonly type: T }>>[];
};

/** What each loss of a cell costs whoever was in it: at work, and not. */
const losses: {
  readonly [T in CellLoss["type"]]: readonly [loss: Omit<Extract<CellLoss, { readonly type: T }>, "type">, ...Costs];
} = {
  signal: [{ signal: "SIGTRAP" }, "pays", "free"],
  exit: [{ code: 1 }, "pays", "free"],
  seccomp: [{}, "pays", "free"],
  memory: [{ rssBytes: 2, limitBytes: 1 }, "pays", "free"],
  hang: [{ silentMs: 2_000 }, "pays", "free"],
  protocol: [{ problem: "a frame too long" }, "pays", "free"],
  // Nobody's fault; but free, it would be tried for ever.
  spawn: [{ problem: "no more processes" }, "pays", "pays"],
  // Solo's doing, or the node's, whatever was under way.
  node: [{}, "free", "free"],
  closed: [{}, "free", "free"],
  unknown: [{}, "pays", "free"],
};
type Costs = readonly [atWork: "pays" | "free", idle: "pays" | "free"];

const deaths: Table<Exclude<Death, { readonly type: "cell_lost" }>> = {
  crashed: [
    [{ where: "message", error: { name: "Error", message: "boom", stack: "" } }, "crash", "pays"],
    [{ where: "rejection", error: { name: "Error", message: "boom", stack: "" } }, "crash", "pays"],
  ],
  out_of_memory: [[{ limitBytes: 1 }, "crash", "pays"]],
  cpu_timeout: [[{ limitMs: 1_000 }, "crash", "pays"]],
  startup_timeout: [[{ limitMs: 5_000 }, "crash", "pays"]],
  mailbox_overflow: [[{ limit: 10 }, "crash", "pays"]],
  limit_exceeded: [[{ what: "memory", used: 2, limit: 1 }, "crash", "pays"]],
  shed: [[{ what: "memory_maps", percent: 92 }, "crash", "free"]],
  shutdown_timeout: [[{ limitMs: 30_000 }, "crash", "pays"]],
  killed: [
    [{ by: "admin", forced: "no" }, "end", "pays"],
    [{ by: "admin", forced: "yes" }, "end", "pays"],
  ],
  stopped: [
    [{ why: "normal" }, "end", "pays"],
    [{ why: "sibling" }, "end", "pays"],
    [{ why: "replaced" }, "end", "pays"],
    [{ why: "escalated" }, "end", "pays"],
    [{ why: "tenant_deleted" }, "end", "pays"],
    // With its node: no supervisor decides, the next kernel resumes it.
    [{ why: "shutdown" }, "resumed", "free"],
  ],
};

const rows: readonly (readonly [Death, "crash" | "end" | "resumed", "pays" | "free"])[] = [
  ...Object.entries(deaths).flatMap(([type, each]) =>
    each.map(([death, event, pays]) => [{ type, ...death } as unknown as Death, event, pays] as const),
  ),
  ...Object.entries(losses).flatMap(([type, [loss, atWork, idle]]) =>
    (["yes", "no"] as const).map((inFlight) => {
      const death = { type: "cell_lost", loss: { type, ...loss } as CellLoss, inFlight } as const;
      return [death, "crash", inFlight === "yes" ? atWork : idle] as const;
    }),
  ),
  // The first doubt costs nothing, whoever was at work; who is in doubt again pays, at work or not.
  ...(["yes", "no"] as const).flatMap((inFlight) => {
    const death = { type: "cell_lost", loss: { type: "signal", signal: "SIGTRAP" }, inFlight } as const;
    return [
      [{ ...death, suspect: "first" }, "crash", "free"] as const,
      [{ ...death, suspect: "again" }, "crash", "pays"] as const,
    ];
  }),
];

const again = {
  permanent: { crash: true, end: true, resumed: false },
  transient: { crash: true, end: false, resumed: false },
  temporary: { crash: false, end: false, resumed: false },
} as const;

for (const restart of ["permanent", "transient", "temporary"] as const) {
  test(`a ${restart} service is restarted, and pays, as its end deserves`, () => {
    for (const [death, event, pays] of rows) {
      const world = World.of("t");
      world.run("t", "a", { restart });
      const before = world.events.length;
      world.ended("t", world.alive("t", "a"), death);
      const recorded = event === "crash" ? "service_crashed" : "instance_stopped";
      const restarts = again[restart][event];
      const types = restarts ? [recorded, "service_restart_scheduled"] : [recorded];
      assert.deepEqual(world.types(before), types, sayDeath(death));
      if (!restarts) continue;
      const counted = world.last("service_restart_scheduled").payload?.restarts.length;
      assert.equal(counted, pays === "pays" ? 1 : 0, sayDeath(death));
    }
  });
}
