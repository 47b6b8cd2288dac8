import assert from "node:assert/strict";
import { test } from "node:test";
import { LogLevel_Value, statusWord, type Event, type WatchResponse } from "../../src/api/index.ts";
import { cellNumber, isRefusal, limits, type Death } from "../../src/base/index.ts";
import type { Events } from "../../src/gateways/index.ts";
import type { Event as KernelEvent } from "../../src/kernel/index.ts";
import { admin, askerOf, bytes, counter, tenant, type Asker } from "./asking.ts";
import { makeWorld, type World } from "./world.ts";

const crashed: Death = {
  type: "crashed",
  where: "message",
  error: { name: "Error", message: "boom", stack: "Error: boom\n    at x.ts:1:1" },
};

/** Reads until `enough` says so, and leaves. */
async function readUntil<T>(
  stream: AsyncGenerator<T, unknown, undefined>,
  enough: (seen: readonly T[]) => boolean,
): Promise<readonly T[]> {
  const seen: T[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return seen;
    seen.push(next.value);
    if (enough(seen)) break;
  }
  await stream.return(undefined);
  return seen;
}

/** What the stream ended with, after all of its items. */
async function endOf<T>(stream: AsyncGenerator<T, unknown, undefined>): Promise<{ seen: T[]; end: unknown }> {
  const seen: T[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return { seen, end: next.value };
    seen.push(next.value);
  }
}

const lostIn = (seen: readonly WatchResponse[]): readonly bigint[] =>
  seen.flatMap(({ event }) => (event.case === "lost" ? [event.value.count] : []));

const nextCommit = ({ log }: World): Promise<void> =>
  new Promise((resolve) => {
    const stop = log.onCommitted(() => {
      stop();
      resolve();
    });
  });

const never = (): AbortSignal => new AbortController().signal;
const logsIn = (seen: readonly WatchResponse[]): readonly string[] =>
  seen.flatMap(({ event }) => (event.case === "log" ? [`${event.value.level} ${event.value.message}`] : []));
const changesIn = (seen: readonly WatchResponse[]): readonly string[] =>
  seen.flatMap(({ event }) => (event.case === "statusChange" ? [statusWord(event.value.newStatus)] : []));

test("a watcher first learns where the service stands, then its kept lines, then new ones, no less severe than asked", async (t) => {
  const world = await makeWorld(t);
  const { get, stream } = askerOf(world);
  await get(admin, "deploy", { serviceId: "counter", code: bytes(counter) });
  const home = await world.ports.read((state) => [...state.tenants.keys()][0]);
  assert.ok(home !== undefined);
  world.say(home, "counter", "old detail", "DEBUG");
  world.say(home, "counter", "old trouble", "ERROR");
  const watching = stream(
    admin,
    "watch",
    { serviceId: "counter", includeLogs: true, tailLines: 10, minLevel: LogLevel_Value.WARN },
    never(),
  );
  const first = await watching.next();
  assert.ok(first.done !== true && first.value.event.case === "statusChange");
  assert.equal(statusWord(first.value.event.value.newStatus), "RUNNING");
  world.say(home, "counter", "new chatter", "INFO");
  world.say(home, "counter", "new warning", "WARN");
  const seen = await readUntil(watching, (so) => logsIn(so).length === 2);
  assert.deepEqual(logsIn(seen), ["ERROR old trouble", "WARN new warning"]);
});

test("a watcher sees every change of status with its reason, across a crash, a restart and a kill", async (t) => {
  const world = await makeWorld(t);
  const { get, stream } = askerOf(world);
  await get(admin, "deploy", { serviceId: "counter", code: bytes(counter) });
  const home = await world.ports.read((state) => [...state.tenants.keys()][0]);
  assert.ok(home !== undefined);
  const watching = stream(admin, "watch", { serviceId: "counter" }, never());
  await watching.next();
  await world.end(home, "counter", crashed);
  const seen = await readUntil(watching, (so) => changesIn(so).includes("RUNNING"));
  assert.deepEqual(changesIn(seen), ["ERROR", "ERROR", "DEPLOYING", "RUNNING"]);
  const [first] = seen;
  assert.ok(first?.event.case === "statusChange");
  assert.equal(first.event.value.reason, "crashed in message: Error: boom");
  assert.equal(first.event.value.pid, "<0.1.1>");
  assert.ok(first.event.value.eventId > 0n);

  const again = stream(admin, "watch", { serviceId: "counter" }, never());
  await again.next();
  await get(admin, "kill", { serviceId: "counter" });
  const end = await readUntil(again, (so) => changesIn(so).at(-1) === "STOPPED" && changesIn(so).length >= 2);
  assert.deepEqual(changesIn(end).slice(0, 1), ["STOPPING"]);
});

test("metrics come at once and on their interval", async (t) => {
  const world = await makeWorld(t);
  const { get, stream } = askerOf(world);
  await get(admin, "deploy", { serviceId: "counter", code: bytes(counter) });
  const watching = stream(
    admin,
    "watch",
    { serviceId: "counter", includeMetrics: true, metricsIntervalMs: 100 },
    never(),
  );
  const metrics = (so: readonly WatchResponse[]) => so.filter(({ event }) => event.case === "metrics");
  const seen = metrics(await readUntil(watching, (so) => metrics(so).length === 3));
  const [one] = seen;
  assert.ok(one?.event.case === "metrics");
  assert.equal(one.event.value.usage?.memoryBytes, 1_000_000n);
});

test("a watcher that does not read loses lines, is told how many, and costs no more than its queue", async (t) => {
  const world = await makeWorld(t);
  const { get, stream } = askerOf(world);
  await get(admin, "deploy", { serviceId: "counter", code: bytes(counter) });
  const home = await world.ports.read((state) => [...state.tenants.keys()][0]);
  assert.ok(home !== undefined);
  const watching = stream(admin, "watch", { serviceId: "counter", includeLogs: true }, never());
  await watching.next();
  const reading = watching.next();
  world.say(home, "counter", "first");
  await reading;
  const written = limits.watchQueueMax + 500;
  for (let i = 0; i < written; i++) world.say(home, "counter", `line ${i}`);
  const seen = await readUntil(watching, (so) => lostIn(so).length > 0);
  assert.equal(logsIn(seen).length + Number(lostIn(seen)[0]), written);
  assert.ok(logsIn(seen).length <= limits.watchQueueMax);
});

test("nor do deaths with long stacks cost more: what they hold counts, and not only how many they are", async (t) => {
  const world = await makeWorld(t);
  const listeners: ((event: KernelEvent) => void)[] = [];
  const follow: Events["follow"] = (listener) => {
    listeners.push(listener);
    return world.ports.events.follow(listener);
  };
  const { get, stream } = askerOf({ ...world, ports: { ...world.ports, events: { ...world.ports.events, follow } } });
  await get(admin, "deploy", { serviceId: "counter", code: bytes(counter) });
  const home = await world.ports.read((state) => [...state.tenants.keys()][0]);
  assert.ok(home !== undefined);
  const stack = "x".repeat(8_000);
  const restarting = stream(admin, "watch", { serviceId: "counter" }, never());
  await restarting.next();
  await world.end(home, "counter", { ...crashed, error: { name: "Error", message: "boom", stack } });
  await readUntil(restarting, (so) => changesIn(so).includes("RUNNING"));
  const query = { types: ["service_crashed"], bySequence: false, newestFirst: true, limit: 1 };
  const page = await world.ports.events.query(query);
  assert.ok(!isRefusal(page) && page.events[0] !== undefined);
  const [crash] = page.events;

  const watching = stream(admin, "watch", { serviceId: "counter" }, never());
  await watching.next();
  const told = 1_000;
  for (let i = 0; i < told; i++) for (const listener of listeners) listener(crash);
  const crashes = (so: readonly WatchResponse[]): number =>
    so.filter(({ event }) => event.case === "statusChange" && event.value.death?.stack === stack).length;
  const seen = await readUntil(watching, (so) => lostIn(so).length > 0 || crashes(so) === told);
  assert.equal(crashes(seen) + Number(lostIn(seen)[0] ?? 0), told);
  assert.ok(crashes(seen) * stack.length * 2 <= 2 * 1024 * 1024, `${crashes(seen)} were held`);
  assert.ok(crashes(seen) >= 100, `only ${crashes(seen)} were held`);
});

test("a watch ends when its service's tenant is deleted", async (t) => {
  const world = await makeWorld(t);
  const { get, stream } = askerOf(world);
  const one = await world.createTenant("one");
  await get(tenant(one), "deploy", { serviceId: "counter", code: bytes(counter) });
  const watching = stream(tenant(one), "watch", { serviceId: "counter" }, never());
  await watching.next();
  const ended = endOf(watching);
  await get(admin, "deleteTenant", { tenantId: "one" });
  const { seen, end } = await ended;
  assert.equal(end, undefined);
  const last = seen.at(-1);
  assert.ok(last?.event.case === "statusChange");
  assert.equal(last.event.value.reason, "its tenant was deleted");
});

test("what cannot be watched is refused, and another's service as if it were not there", async (t) => {
  const world = await makeWorld(t);
  const { get, stream } = askerOf(world);
  const [one, two] = [await world.createTenant("one"), await world.createTenant("two")];
  await get(tenant(one), "deploy", { serviceId: "counter", code: bytes(counter) });
  const refusedWith = async (who: Parameters<Asker["stream"]>[0], request: object): Promise<string> => {
    const { end } = await endOf(stream(who, "watch", request, never()));
    assert.ok(isRefusal(end));
    return `${end.refused} ${JSON.stringify(end.detail)}`;
  };
  assert.equal(await refusedWith(tenant(two), { serviceId: "counter" }), 'SERVICE_NOT_FOUND {"service":"counter"}');
  assert.equal(await refusedWith(tenant(two), { serviceId: "ghost" }), 'SERVICE_NOT_FOUND {"service":"ghost"}');
  assert.equal(
    await refusedWith(tenant(two), { serviceId: "x", tenantId: "one" }),
    'TENANT_NOT_FOUND {"tenant":"one"}',
  );
  assert.equal(await refusedWith(admin, { serviceId: "x", tenantId: "ghost" }), 'TENANT_NOT_FOUND {"tenant":"ghost"}');
  assert.match(await refusedWith(admin, { serviceId: "" }), /INVALID_ARGUMENT.*service_id/);
  assert.match(await refusedWith(admin, { serviceId: "x", minLevel: 9 }), /INVALID_ARGUMENT.*min_level/);
  assert.match(await refusedWith(admin, { serviceId: "x", tailLines: -1 }), /INVALID_ARGUMENT.*tail_lines/);
  assert.match(
    await refusedWith(admin, { serviceId: "x", metricsIntervalMs: 5 }),
    /INVALID_ARGUMENT.*metrics_interval_ms/,
  );
});

test("a principal may hold so many streams and no more; one that ends makes room", async (t) => {
  const world = await makeWorld(t);
  const { get, stream } = askerOf(world);
  await get(admin, "deploy", { serviceId: "counter", code: bytes(counter) });
  const open = Array.from({ length: limits.watchersMax }, () =>
    stream(admin, "watch", { serviceId: "counter" }, never()),
  );
  for (const one of open) await one.next();
  const { end } = await endOf(stream(admin, "watchEvents", {}, never()));
  assert.ok(isRefusal(end) && end.refused === "QUOTA_EXCEEDED");
  await open[0]?.return(undefined);
  const next = stream(admin, "watch", { serviceId: "counter" }, never());
  assert.notEqual((await next.next()).done, true);
  for (const one of [...open, next]) await one.return(undefined);
});

test("a tenant sees its own events, numbered without gaps, with causes of its own numbering", async (t) => {
  const world = await makeWorld(t);
  const { get } = askerOf(world);
  const [one, two] = [await world.createTenant("one"), await world.createTenant("two")];
  await get(tenant(two), "deploy", { serviceId: "b", code: bytes(counter) });
  await get(tenant(one), "deploy", { serviceId: "a", code: bytes(counter) });
  await get(tenant(two), "kill", { serviceId: "b" });
  await get(tenant(one), "kill", { serviceId: "a" });
  const { events, nextCursor } = await get(tenant(one), "queryEvents", {});
  assert.equal(nextCursor, 0n);
  assert.deepEqual(
    events.map(({ id }) => Number(id)),
    events.map((_, at) => at + 1),
  );
  assert.ok(events.every(({ tenantId }) => tenantId === "one"));
  const deployed = events.find(({ eventType }) => eventType === "service_deployed");
  const requested = events.find(({ eventType }) => eventType === "deployment_requested");
  assert.equal(deployed?.causationId, requested?.id);
  // Nothing node-wide is told: neither whose cell it was nor how many there are.
  assert.equal(deployed?.payload?.["cell"], undefined);

  const all = await get(admin, "queryEvents", { limit: 1_000 });
  assert.ok(all.events.some(({ tenantId }) => tenantId === "two"));
  assert.notEqual(all.events.find(({ eventType }) => eventType === "service_deployed")?.payload?.["cell"], undefined);
});

test("a tenant is told that its cell was lost, and not which one", async (t) => {
  const world = await makeWorld(t);
  const { get, refusal } = askerOf(world);
  const one = await world.createTenant("one");
  await get(tenant(one), "deploy", { serviceId: "a", code: bytes(counter) });
  const [incarnation] = world.turns.state.index.living.get(one)?.keys() ?? [];
  assert.ok(incarnation !== undefined);
  const loss = { type: "closed" } as const;
  const victims = [{ incarnation, inFlight: false }];
  await world.turns.submit({ type: "cell_lost", tenant: one, cell: cellNumber(4_711), loss, victims });
  const filter = { eventTypes: ["cell_lost"] };
  const { events: seen } = await get(tenant(one), "queryEvents", { filter });
  assert.deepEqual(
    seen.map(({ subject, payload }) => [subject, Object.keys(payload ?? {}).toSorted()]),
    [["cell", ["loss", "victims"]]],
  );
  const { events: ofNode } = await get(admin, "queryEvents", { filter });
  assert.deepEqual(
    ofNode.map(({ subject }) => subject),
    ["cell 4711"],
  );
  const probe = { filter: { subject: "cell 4711" } };
  await refusal(tenant(one), "queryEvents", probe, "INVALID_ARGUMENT");
  assert.equal((await get(admin, "queryEvents", probe)).events.length, 1);
});

test("a tenant sees nothing of an earlier one of its name: neither events nor states", async (t) => {
  const world = await makeWorld(t);
  const { get, refusal, stream } = askerOf(world);
  const earlier = await world.createTenant("phoenix");
  await get(tenant(earlier), "deploy", { serviceId: "secret", code: bytes(counter) });
  const { events: theirs } = await get(tenant(earlier), "queryEvents", {});
  await get(admin, "deleteTenant", { tenantId: earlier });
  while (world.turns.state.tenants.has(earlier) || world.turns.state.retiring.has(earlier)) await nextCommit(world);
  const later = await world.createTenant("phoenix");
  const { events } = await get(tenant(later), "queryEvents", {});
  assert.deepEqual(
    events.map(({ eventType }) => eventType),
    ["tenant_created"],
  );
  const [born] = events;
  assert.ok(born !== undefined);
  for (const query of [
    { newestFirst: true },
    { filter: { subject: "secret" } },
    { filter: { eventTypes: ["service_deployed"] } },
  ]) {
    const found = await get(tenant(later), "queryEvents", query);
    assert.ok(found.events.every(({ id }) => id >= born.id));
  }
  const watched = stream(tenant(later), "watchEvents", { afterId: 0n }, new AbortController().signal);
  const { value: first } = await watched.next();
  assert.ok(first !== undefined && !isRefusal(first));
  assert.equal(first.id, born.id);
  await watched.return(undefined);
  for (const { id } of theirs) await refusal(tenant(later), "replayState", { eventId: id }, "EVENT_NOT_FOUND");
  assert.equal((await get(tenant(later), "replayState", { eventId: born.id })).eventId, born.id);
  const all = await get(admin, "queryEvents", { filter: { tenantId: "phoenix" }, limit: 1_000 });
  assert.ok(all.events.length > events.length, "an administrator sees both");
});

test("replays are made one at a time, and a tenant may ask for so many at once", async (t) => {
  const world = await makeWorld(t);
  const { get, ask } = askerOf(world);
  const [one, two] = [tenant(await world.createTenant("one")), tenant(await world.createTenant("two"))];
  const asked = Array.from({ length: limits.replaysPerTenantMax + 1 }, () => ask(one, "replayState", {}));
  const [other, ofNode, ...answers] = await Promise.all([
    get(two, "replayState", {}),
    get(admin, "replayState", { tenantId: "one" }),
    ...asked,
  ]);
  assert.deepEqual([other.eventId, ofNode.eventId], [1n, 1n]);
  const refused = answers.filter(isRefusal);
  assert.deepEqual(
    refused.map((failure) => failure.refused),
    ["OVERLOADED"],
  );
  await get(one, "replayState", {});
});

test("events are read page by page, from either end, and filtered", async (t) => {
  const world = await makeWorld(t);
  const { get, refusal } = askerOf(world);
  const one = tenant(await world.createTenant("one"));
  for (const serviceId of ["a", "b", "c"]) await get(one, "deploy", { serviceId, code: bytes(counter) });
  for (const who of [one, admin]) {
    const forward: Event[] = [];
    for (let cursor = 0n, more = true; more;) {
      const page = await get(who, "queryEvents", { limit: 2, cursor });
      forward.push(...page.events);
      cursor = page.nextCursor;
      more = cursor !== 0n;
    }
    const backward: Event[] = [];
    for (let cursor = 0n, more = true; more;) {
      const page = await get(who, "queryEvents", { limit: 3, cursor, newestFirst: true });
      backward.push(...page.events);
      cursor = page.nextCursor;
      more = cursor !== 0n;
    }
    const ids = forward.map(({ id }) => id);
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => Number(a - b)),
    );
    assert.deepEqual(backward.map(({ id }) => id).toReversed(), ids);
    assert.ok(ids.length >= 7);
  }
  const some = await get(one, "queryEvents", { filter: { subject: "b", eventTypes: ["service_deployed"] } });
  assert.deepEqual(
    some.events.map(({ subject, eventType }) => [subject, eventType]),
    [["b", "service_deployed"]],
  );
  await refusal(one, "queryEvents", { filter: { eventTypes: ["no_such"] } }, "INVALID_ARGUMENT");
  await refusal(one, "queryEvents", { filter: { subject: "x".repeat(257) } }, "INVALID_ARGUMENT");
  await refusal(one, "queryEvents", { filter: { fromMs: -1n } }, "INVALID_ARGUMENT");
  await refusal(one, "queryEvents", { cursor: -1n }, "INVALID_ARGUMENT");
  await refusal(one, "queryEvents", { limit: 1_001 }, "INVALID_ARGUMENT");
});

test("watching events replays and goes on live, without a gap or a duplicate", async (t) => {
  const world = await makeWorld(t);
  const { get, stream } = askerOf(world);
  const one = tenant(await world.createTenant("one"));
  await get(one, "deploy", { serviceId: "a", code: bytes(counter) });
  const watching = stream(one, "watchEvents", {}, never());
  const replayed = [await watching.next(), await watching.next()];
  assert.deepEqual(
    replayed.map(({ value }) => (value !== undefined && "eventType" in value ? value.eventType : "")),
    ["tenant_created", "deployment_requested"],
  );
  const live = readUntil(watching, (so) => so.at(-1)?.eventType === "service_killed");
  for (let i = 0; i < 20; i++) await get(one, "deploy", { serviceId: `s${i}`, code: bytes(counter) });
  await get(one, "kill", { serviceId: "a" });
  const numbers = (await live).map(({ id }) => Number(id));
  assert.deepEqual(
    numbers,
    numbers.map((_, at) => at + 3),
  );
});

test("watching from now on shows what comes and nothing that was", async (t) => {
  const world = await makeWorld(t);
  const { get, stream } = askerOf(world);
  await get(admin, "deploy", { serviceId: "a", code: bytes(counter) });
  const watching = stream(
    admin,
    "watchEvents",
    { afterId: -1n, filter: { eventTypes: ["service_deployed"] } },
    never(),
  );
  const reading = watching.next();
  await get(admin, "deploy", { serviceId: "b", code: bytes(counter) });
  const { value } = await reading;
  assert.ok(value !== undefined && "subject" in value);
  assert.equal(value.subject, "b");
  await watching.return(undefined);
});

test("a tenant's event stream ends with its tenant; a signal ends any", async (t) => {
  const world = await makeWorld(t);
  const { get, stream } = askerOf(world);
  const one = tenant(await world.createTenant("one"));
  const ended = endOf(stream(one, "watchEvents", {}, never()));
  const leaving = new AbortController();
  const left = endOf(stream(admin, "watchEvents", { afterId: -1n }, leaving.signal));
  await get(admin, "deleteTenant", { tenantId: "one" });
  const { seen, end } = await ended;
  assert.equal(end, undefined);
  assert.equal(seen.at(-1)?.eventType, "tenant_deleted");
  leaving.abort();
  assert.equal((await left).end, undefined);
});

test("the log verifies; an expectation that it does not hold makes it invalid", async (t) => {
  const world = await makeWorld(t);
  const { get, refusal } = askerOf(world);
  await get(admin, "deploy", { serviceId: "a", code: bytes(counter) });
  const sound = await get(admin, "verifyLog", {});
  assert.equal(sound.valid, true);
  assert.equal(sound.eventsChecked, sound.headId);
  const noted = { expectedId: sound.headId, expectedHash: sound.headHash };
  assert.equal((await get(admin, "verifyLog", noted)).valid, true);
  const wrong = await get(admin, "verifyLog", { ...noted, expectedHash: "0".repeat(64) });
  assert.equal(wrong.valid, false);
  assert.equal(wrong.firstBadId, sound.headId);
  await refusal(admin, "verifyLog", { expectedId: 1n }, "INVALID_ARGUMENT");
  await refusal(admin, "verifyLog", { expectedHash: "0".repeat(64) }, "INVALID_ARGUMENT");
  await refusal(admin, "verifyLog", { expectedId: 1n, expectedHash: "xyz" }, "INVALID_ARGUMENT");
});

test("the state is replayed as of an event, each tenant's by its own numbers", async (t) => {
  const world = await makeWorld(t);
  const { get, refusal } = askerOf(world);
  const one = tenant(await world.createTenant("one"));
  await get(one, "deploy", { serviceId: "a", code: bytes(counter) });
  await get(one, "kill", { serviceId: "a" });
  const now = await get(one, "replayState", {});
  assert.match(JSON.stringify(now.state), /"a"/);
  const before = await get(one, "replayState", { eventId: 1n });
  assert.equal(before.eventId, 1n);
  assert.doesNotMatch(JSON.stringify(before.state), /"a"/);
  await refusal(one, "replayState", { eventId: 999n }, "EVENT_NOT_FOUND");
  await refusal(admin, "replayState", { eventId: 999n }, "EVENT_NOT_FOUND");
  await refusal(one, "replayState", { eventId: -1n }, "INVALID_ARGUMENT");
  await refusal(admin, "replayState", { tenantId: "ghost" }, "TENANT_NOT_FOUND");
});
