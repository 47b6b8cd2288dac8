import assert from "node:assert/strict";
import { test } from "node:test";
import { eventId, type EventId, instant, isRefusal, kernelEpoch } from "../../base/index.ts";
import type { Event } from "../event.ts";
import { initialState } from "../evolve.ts";
import { place } from "../place.ts";
import type { Effect, Input } from "../turn.ts";
import { admin, crash, release, serviceId, tenantId } from "../world.ts";
import { type TurnLog, Turns } from "./turns.ts";

/** A log that is durable as far as it is told. */
function makeLog() {
  let newest = 0;
  let durable = 0;
  const waiters: { readonly id: number; readonly resolve: () => void }[] = [];
  const log: TurnLog & { room: boolean } = {
    room: true,
    get newest(): EventId {
      return eventId(newest);
    },
    hasRoom: () => log.room,
    append: (events, stamp): readonly Event[] => {
      const first = eventId(newest + 1);
      return events.map((event) => place(event, { id: eventId(++newest), ...stamp }, first));
    },
    whenDurable: (id) => (id <= durable ? Promise.resolve() : new Promise((resolve) => waiters.push({ id, resolve }))),
  };
  const fsync = async (): Promise<void> => {
    durable = newest;
    for (const { resolve } of waiters.splice(0)) resolve();
    await settled();
  };
  return { log, fsync };
}

/** All that follows at once from promises that were kept. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

async function running() {
  const { log, fsync } = makeLog();
  const carried: Effect[] = [];
  const timers: { readonly delayMs: number; readonly ring: () => void; cancelled: boolean }[] = [];
  const clock = { ms: 1_000 };
  const turns = new Turns({
    state: initialState(),
    log,
    clock: { now: () => instant(clock.ms), wallMs: () => clock.ms },
    after: (delayMs, ring) => {
      const timer = { delayMs, ring, cancelled: false };
      timers.push(timer);
      return () => {
        timer.cancelled = true;
      };
    },
    carryOut: (effect) => carried.push(effect),
    evolved: () => undefined,
  });
  const booted: Input = { type: "booted", epoch: kernelEpoch(1), boot: "b", version: "0", survivors: [] };
  const command = (of: Extract<Input, { readonly type: "command" }>["command"]) =>
    turns.command({ type: "command", principal: admin, command: of });
  void turns.submit(booted);
  void command({ type: "create_tenant", tenant: tenantId("t") });
  await fsync();
  turns.begin();
  const deploy = () =>
    command({ type: "deploy", tenant: tenantId("t"), service: serviceId("a"), release: release(), instances: 1 });
  return { turns, log, fsync, carried, timers, clock, deploy };
}

test("state runs ahead of the disk; answers, refusals, reads and effects wait for what they saw", async () => {
  const { turns, fsync, carried, deploy } = await running();
  const heard: string[] = [];
  void deploy().then(() => heard.push("answer"));
  void deploy().then((answer) => heard.push(isRefusal(answer) ? "refusal" : "answer"));
  void turns
    .read(({ tenants }) => tenants.get(tenantId("t"))?.services.size)
    .then((size) => heard.push(`read ${size ?? 0}`));
  await settled();
  assert.equal(turns.state.tenants.get(tenantId("t"))?.services.size, 1);
  assert.deepEqual([heard, carried], [[], []]);
  await fsync();
  assert.deepEqual(heard, ["answer", "refusal", "read 1"]);
  assert.deepEqual(
    carried.map(({ type }) => type),
    ["start"],
  );
});

test("a command is refused when the queue for the disk is full; a report is not", async () => {
  const { turns, log, deploy, fsync } = await running();
  void deploy();
  await fsync();
  log.room = false;
  const answer = await deploy();
  assert.ok(isRefusal(answer));
  assert.equal(answer.refused, "OVERLOADED");
  const before = log.newest;
  const [[incarnation] = []] = turns.state.index.living.get(tenantId("t")) ?? [];
  assert.ok(incarnation !== undefined);
  void turns.submit({ type: "ended", tenant: tenantId("t"), incarnation, death: crash, started: false });
  assert.ok(log.newest > before);
});

test("what waits is woken when it is due, however late or early its timer rings", async () => {
  const { turns, fsync, timers, clock, deploy, carried } = await running();
  void deploy();
  const [[incarnation] = []] = turns.state.index.living.get(tenantId("t")) ?? [];
  assert.ok(incarnation !== undefined);
  const tenant = tenantId("t");
  void turns.submit({ type: "started", tenant, incarnation, cell: 1 as never, tookMs: 1 });
  void turns.submit({ type: "ended", tenant, incarnation, death: crash, started: true });
  await fsync();
  carried.length = 0;
  const first = timers.at(-1);
  assert.equal(first?.delayMs, 50);
  first.ring();
  await fsync();
  assert.deepEqual(carried, [], "it rang too early");
  const second = timers.at(-1);
  assert.notEqual(second, first, "and is set again");
  clock.ms += 1_000;
  second?.ring();
  await fsync();
  assert.deepEqual(
    carried.map(({ type }) => type),
    ["start"],
  );
});

test("a loop that is disposed carries nothing out any more", async () => {
  const { turns, fsync, carried, deploy } = await running();
  void deploy();
  turns[Symbol.dispose]();
  await fsync();
  assert.deepEqual(carried, []);
});
