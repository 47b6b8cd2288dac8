/** Watch and WatchEvents: what a watcher sees, in which order, and what becomes of one that is slow or one too many. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LogLevel_Value, statusWord, type Event, type LogEntry, type WatchResponse } from "../../src/api/index.ts";
import { limits } from "../../src/base/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, refusalOf, service } from "./asking.ts";
import { call, example, Solo, until } from "./solo.ts";

let solo: Solo;
let admin: SoloClient;
let tenant: SoloClient;

before(async () => {
  solo = await Solo.start();
  admin = await solo.client("admin");
  tenant = await solo.client("default");
});
after(() => solo[Symbol.asyncDispose]());

type Seen = WatchResponse["event"];

/** Reads a stream until `enough`, then leaves it. */
async function read<T>(stream: AsyncIterable<T>, enough: (all: readonly T[]) => boolean): Promise<T[]> {
  const all: T[] = [];
  for await (const item of stream) {
    all.push(item);
    if (enough(all)) break;
  }
  return all;
}

async function logsOf(
  request: NonNullable<Parameters<SoloClient["watch"]>[0]>,
  enough: (lines: readonly LogEntry[]) => boolean,
): Promise<LogEntry[]> {
  const lines: LogEntry[] = [];
  for await (const { event } of tenant.watch({ includeLogs: true, ...request })) {
    if (event.case !== "log") continue;
    lines.push(event.value);
    if (enough(lines)) break;
  }
  return lines;
}

const talker = service(`
  say(level: "error" | "warn" | "info" | "debug", text: string) { this.log[level](text); }
  all(from: number) { for (const level of ["error", "warn", "info", "debug"]) this.log[level](from + " " + level); }`);

test("Watch streams the lines that are at least as severe as asked, the kept ones first, in order", async () => {
  await tenant.deploy({ serviceId: "talker", code: talker, logLevel: LogLevel_Value.DEBUG });
  for (let i = 0; i < 5; i++) await call(tenant, "talker", "all", [i]);
  const everything = await logsOf({ serviceId: "talker", tailLines: 100 }, (lines) => lines.length === 20);
  assert.deepEqual(
    everything.map(({ level, message }) => `${level} ${message}`),
    Array.from({ length: 5 }, (_, i) =>
      ["ERROR", "WARN", "INFO", "DEBUG"].map((level) => `${level} ${i} ${level.toLowerCase()}`),
    ).flat(),
  );
  assert.ok(everything.every(({ pid }) => /^<0\.1\.\d+>$/.test(pid)));

  let seen = 0;
  const severe = logsOf({ serviceId: "talker", tailLines: 8, minLevel: LogLevel_Value.WARN }, (lines) => {
    seen = lines.length;
    return lines.some(({ message }) => message === "the end");
  });
  await until("the kept ones", () => seen >= 4);
  await call(tenant, "talker", "say", ["info", "not shown"]);
  await call(tenant, "talker", "say", ["error", "the end"]);
  const lines = await severe;
  assert.deepEqual(
    lines.map(({ message }) => message),
    ["3 error", "3 warn", "4 error", "4 warn", "the end"],
  );
  assert.ok(lines.every(({ level }) => level === "ERROR" || level === "WARN"));
});

test("between the kept lines and the new ones none is missing and none comes twice", async () => {
  await tenant.deploy({
    serviceId: "counting",
    code: service(`n = 0;\n  init() { this.every(1, 0); }\n  onMessage() { this.log.info(this.n++); }`),
  });
  await until("some lines", async () => (await logsOf({ serviceId: "counting", tailLines: 1 }, () => true)).length > 0);
  const watchers = Array.from({ length: 4 }, (_, i) =>
    logsOf({ serviceId: "counting", tailLines: 5 + i }, (lines) => lines.length === 60),
  );
  for (const lines of await Promise.all(watchers)) {
    const numbers = lines.map(({ message }) => Number(message));
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => (numbers[0] ?? 0) + i),
    );
  }
  await tenant.kill({ serviceId: "counting" });
});

test("metrics come at the interval asked for: memory, mailbox length, CPU that only grows", async () => {
  await tenant.deploy({
    serviceId: "worker",
    code: service(`work() { for (let i = 0; i < 1e6; i++); return new Promise((done) => setTimeout(done, 50)); }`),
  });
  let working = true;
  const work = (async () => {
    while (working) await Promise.all(Array.from({ length: 5 }, () => call(tenant, "worker", "work")));
  })();
  const metrics: NonNullable<Extract<Seen, { case: "metrics" }>["value"]["usage"]>[] = [];
  for await (const { event } of tenant.watch({ serviceId: "worker", includeMetrics: true, metricsIntervalMs: 100 })) {
    // A cell that is busy may not say in time.
    if (event.case !== "metrics" || event.value.usage?.memoryBytes === 0n) continue;
    if (event.value.usage !== undefined) metrics.push(event.value.usage);
    if (metrics.length === 6) break;
  }
  working = false;
  await work;
  assert.ok(
    metrics.some(({ messageQueueLen }) => messageQueueLen > 1),
    "calls wait in its mailbox",
  );
  const cpu = metrics.map(({ reductions }) => reductions);
  assert.ok(cpu.every((used, i) => used >= (cpu[i - 1] ?? 0n)) && (cpu.at(-1) ?? 0n) > (cpu[0] ?? 0n));
});

test("changes of status come with their reasons, pids and events, through crash, restart, kill and a new deployment", async () => {
  const code = await example("crasher");
  const { pid } = await tenant.deploy({ serviceId: "life", code });
  const changes: {
    readonly status: string;
    readonly reason: string;
    readonly pid: string;
    readonly eventId: bigint;
  }[] = [];
  const watching = (async () => {
    for await (const { event } of tenant.watch({ serviceId: "life" })) {
      if (event.case !== "statusChange") continue;
      const { newStatus, reason, pid: of, eventId } = event.value;
      changes.push({ status: statusWord(newStatus), reason, pid: of, eventId });
      if (changes.filter(({ reason: why }) => why === "deployed").length === 1) return;
    }
  })();
  await until("the first look", () => changes.length === 1);
  await refusalOf(call(tenant, "life", "crash", ["now"]));
  await until("the restart", () => changes.some(({ reason }) => reason === "restarted"));
  await tenant.kill({ serviceId: "life" });
  await tenant.deploy({ serviceId: "life", code });
  await watching;
  assert.deepEqual(
    changes.map(({ status, reason }) => `${status} ${reason.replace(/at \d.*/, "at …")}`),
    [
      "RUNNING ",
      "ERROR crashed in message: Error: crashed on purpose: now",
      "ERROR starts again at …",
      "DEPLOYING starting again",
      "RUNNING restarted",
      "STOPPING kill requested by tenant default",
      "STOPPED killed by tenant default",
      "STOPPED killed by tenant default",
      "DEPLOYING deployment requested",
      "RUNNING deployed",
    ],
  );
  assert.equal(changes[0]?.pid, pid);
  const ids = changes.slice(1).map(({ eventId }) => eventId);
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => Number(a - b)),
  );
  const events = new Map((await eventsOf(tenant)).map((event) => [event.id, event.eventType]));
  assert.equal(events.get(ids[0] ?? 0n), "service_crashed");
});

test("a guest that logs too fast loses lines, and its watcher is told how many", async () => {
  const line = "x".repeat(1_000);
  await tenant.deploy({
    serviceId: "flood",
    code: service(
      `flood(n: number) { for (let i = 0; i < n; i++) this.log.info(i, "${line}"); }\n  after() { this.log.info("after"); }`,
    ),
  });
  let lost = 0n;
  let kept = 0;
  let flooded = false;
  for await (const { event } of tenant.watch({ serviceId: "flood", includeLogs: true })) {
    if (event.case === "statusChange") {
      await call(tenant, "flood", "flood", [1_000]);
      flooded = true;
    }
    if (event.case === "lost") lost += event.value.count;
    if (event.case !== "log") continue;
    if (event.value.message === "after") break;
    kept += 1;
    // Once there is room again, a line gets through and says what was lost before it.
    if (flooded && kept > 100) await call(tenant, "flood", "after");
  }
  assert.ok(lost > 0n);
  assert.equal(BigInt(kept) + lost >= 1_000n, true, `${kept} kept, ${lost} lost`);
});

test("a watcher that reads slowly loses items, is told how many, and then sees what is new", async () => {
  const instances = 40;
  const lines = 28;
  await tenant.deploy({
    serviceId: "chorus",
    instances,
    code: service(`
      sing() { for (let i = 0; i < ${lines}; i++) this.log.info(i + " " + "la".repeat(4_000)); }
      end() { this.log.info("the end"); }`),
  });
  const stream = tenant.watch({ serviceId: "chorus", includeLogs: true });
  const { value: first } = await stream.next();
  assert.equal(first?.event.case, "statusChange");
  // Nobody reads while all of them sing; each instance is called once.
  await Promise.all(Array.from({ length: instances }, () => call(tenant, "chorus", "sing", [], { timeoutMs: 20_000 })));
  await call(tenant, "chorus", "end");
  let kept = 0;
  let lost = 0n;
  for await (const { event } of stream) {
    if (event.case === "lost") lost += event.value.count;
    if (event.case !== "log") continue;
    if (event.value.message === "the end") break;
    kept += 1;
    if (lost > 0n) await call(tenant, "chorus", "end");
  }
  assert.ok(lost > 0n, `${kept} lines were kept`);
  assert.ok(BigInt(kept) + lost >= BigInt(instances * lines), `${kept} kept, ${lost} lost of ${instances * lines}`);
  await tenant.kill({ serviceId: "chorus" });
});

test("WatchEvents replays and goes on without a gap or a duplicate while events are written", async () => {
  const code = await example("counter");
  const start = (await eventsOf(tenant)).length;
  let writing = true;
  const writers = Array.from({ length: 4 }, async (_, w) => {
    for (let i = 0; writing; i++) {
      await tenant.deploy({ serviceId: `w-${w}`, code });
      await tenant.kill({ serviceId: `w-${w}`, force: i % 2 === 0 });
    }
  });
  const ids = async (client: SoloClient, afterId: number, count: number): Promise<readonly bigint[]> =>
    (await read(client.watchEvents({ afterId: BigInt(afterId) }), (all) => all.length >= count)).map(({ id }) => id);
  const watched = await Promise.all([
    ids(tenant, 0, start + 250),
    ids(tenant, start - 3, 250),
    ids(admin, 0, start + 300),
    ids(admin, -1, 200),
    ids(tenant, -1, 100),
  ]);
  writing = false;
  await Promise.all(writers);
  for (const [i, seen] of watched.entries()) {
    const first = seen[0] ?? 0n;
    assert.deepEqual(
      seen,
      seen.map((_, at) => first + BigInt(at)),
      `watcher ${i}`,
    );
  }
  assert.deepEqual([watched[0]?.[0], watched[1]?.[0], watched[2]?.[0]], [1n, BigInt(start - 2), 1n]);
});

test("WatchEvents shows only what its filter lets through", async () => {
  const seen = read<Event>(
    tenant.watchEvents({ afterId: -1n, filter: { eventTypes: ["service_killed"], subject: "filtered" } }),
    (all) => all.length === 2,
  );
  const code = await example("counter");
  const others = ["filtered", "unfiltered"];
  let done = false;
  void seen.finally(() => (done = true));
  await until("both", async () => {
    for (const serviceId of others) {
      await tenant.deploy({ serviceId, code });
      await tenant.kill({ serviceId });
    }
    return done;
  });
  assert.ok((await seen).every(({ eventType, subject }) => eventType === "service_killed" && subject === "filtered"));
});

test("a stream ends with its tenant", async () => {
  const brief = await solo.tenant("brief");
  await brief.deploy({ serviceId: "counter", code: await example("counter") });
  const statuses: Seen[] = [];
  const events: Event[] = [];
  const ends = Promise.all([
    (async () => {
      for await (const { event } of brief.watch({ serviceId: "counter" })) statuses.push(event);
    })(),
    (async () => {
      for await (const event of brief.watchEvents({ afterId: 0n })) events.push(event);
    })(),
  ]);
  await until("both to watch", () => statuses.length > 0 && events.length > 0);
  await admin.deleteTenant({ tenantId: "brief" });
  await ends;
  const last = statuses.at(-1);
  assert.equal(last?.case === "statusChange" && last.value.reason, "its tenant was deleted");
});

test("so many streams may a principal have open at once; one more is refused; leaving one makes room", async () => {
  const crowd = await solo.tenant("crowd");
  await crowd.deploy({ serviceId: "counter", code: await example("counter") });
  const streams = Array.from({ length: limits.watchersMax }, () => crowd.watch({ serviceId: "counter" }));
  for (const first of await Promise.all(streams.map((stream) => stream.next()))) assert.equal(first.done, false);
  const refused = await refusalOf(read(crowd.watch({ serviceId: "counter" }), () => true));
  assert.deepEqual([refused.code, refused.status], ["QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED"]);
  assert.equal((await refusalOf(read(crowd.watchEvents({ afterId: 0n }), () => true))).code, "QUOTA_EXCEEDED");
  assert.equal((await read(tenant.watchEvents({ afterId: 0n }), () => true)).length, 1, "others are not affected");
  await streams[0]?.return();
  await until("room for one", async () => {
    try {
      return (await read(crowd.watch({ serviceId: "counter" }), () => true)).length === 1;
    } catch {
      return false;
    }
  });
  for (const stream of streams) await stream.return();
});

test("a service that is not there cannot be watched", async () => {
  assert.equal((await refusalOf(read(tenant.watch({ serviceId: "nobody" }), () => true))).code, "SERVICE_NOT_FOUND");
  assert.equal(
    (await refusalOf(read(tenant.watch({ serviceId: "talker", metricsIntervalMs: 5 }), () => true))).code,
    "INVALID_ARGUMENT",
  );
});
