/** Each limit that is watched, with each action that a service may choose: what happens when it is reached, and when it is left. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ResourceLimitAction_Value as Action, type LogEntry, type ResourceLimits } from "../../src/api/index.ts";
import { incarnationNumber } from "../../src/base/index.ts";
import type { SoloClient, SoloError } from "../../src/client/index.ts";
import { cellFor, service as cellService } from "../cell/cell-process.ts";
import { eventsOf, gate, isRunning, refusalIn, refusalOf, service, untilStatus } from "../e2e/asking.ts";
import { call, Solo, until } from "../e2e/solo.ts";

const mebibyte = 1024n * 1024n;
const tenantProcessesMax = 30;

let solo: Solo;
let tenant: SoloClient;

before(async () => {
  solo = await Solo.start({
    // How late this machine is by itself is not looked at here.
    config: { monitor_interval_ms: 100, event_loop_delay_ms_max: 60_000, tenant_processes_max: tenantProcessesMax },
  });
  tenant = await solo.client("default");
});
after(() => solo[Symbol.asyncDispose]());

// ------------------------------------------------------------------ services

async function makeGate(serviceId: string): Promise<() => Promise<unknown>> {
  await tenant.deploy({ serviceId, code: gate });
  return () => call(tenant, serviceId, "open");
}

/** Its mailbox is full as long as it holds. */
const holder = (gateId: string): Buffer =>
  service(`
    async hold() {
      const gate = await this.lookup("${gateId}");
      while (!(await gate.call.isOpen())) await new Promise((done) => setTimeout(done, 20));
    }
    ping() { return "pong"; }`);

/** Has as many processes within as it is told; lets go of them when it is told, or when the gate is open. */
const parent = (gateId: string): Buffer =>
  Buffer.from(`import { Service } from "solo:service";
class Child extends Service {}
export default class Parent extends Service {
  init() { return { children: [] }; }
  async grow(count) {
    try {
      for (let i = 0; i < count; i++) this.state.children.push(await this.spawn(Child));
    } catch (error) {
      return error.code;
    }
    return this.state.children.length;
  }
  shrink() { for (const child of this.state.children.splice(0)) this.stop(child); }
  shrinkLater() { this.every(20, "look"); }
  async onMessage() {
    if (await (await this.lookup("${gateId}")).call.isOpen()) this.shrink();
  }
  ping() { return "pong"; }
}
`);

type Limits = Partial<
  Pick<ResourceLimits, "maxMemoryBytes" | "messageQueueLimit" | "maxProcesses" | "limitExceededAction" | "cpuTimeMs">
>;

// ------------------------------------------------------------------ what is told

interface Told {
  readonly what: unknown;
  readonly phase: unknown;
  readonly action: unknown;
}

const told = async (serviceId: string, client = tenant): Promise<readonly Told[]> =>
  (await eventsOf(client, ["resource_violation"]))
    .filter(({ subject }) => subject === serviceId)
    .map(({ payload }) => ({ what: payload?.["what"], phase: payload?.["phase"], action: payload?.["action"] }));

/** A measurement changes what is taken in at once; the event of it is durable a little later. */
const untilTold = (serviceId: string, phase: "entered" | "left", client = tenant): Promise<void> =>
  until(`${serviceId} to have ${phase}`, async () =>
    (await told(serviceId, client)).some((one) => one.phase === phase),
  );

/** The line of a service's log that matches; it must come. */
async function lineOf(serviceId: string, pattern: RegExp): Promise<LogEntry> {
  for await (const { event } of tenant.watch({ serviceId, includeLogs: true, tailLines: 1_000 })) {
    if (event.case === "log" && pattern.test(event.value.message)) return event.value;
  }
  return assert.fail("the stream ended");
}

async function refusesWork(serviceId: string, why: RegExp): Promise<void> {
  let refused: SoloError | undefined;
  // It may have been told before the data plane has heard of it.
  await until(`${serviceId} to be throttled`, async () => {
    const [settled] = await Promise.allSettled([call(tenant, serviceId, "ping")]);
    refused = settled.status === "rejected" ? refusalIn(settled) : undefined;
    return refused?.code === "OVERLOADED";
  });
  assert.deepEqual(
    [refused?.status, refused?.executed, refused?.retry],
    ["RESOURCE_EXHAUSTED", "not_executed", "later"],
  );
  assert.match(refused?.message ?? "", why);
}

const untilTakesWork = (serviceId: string): Promise<void> =>
  until(`${serviceId} to take work`, () =>
    call(tenant, serviceId, "ping").then(
      (pong) => pong === "pong",
      () => false,
    ),
  );

// ------------------------------------------------------------------ memory

test("memory × kill: a service that rests over its limit ends by it, and starts again", async () => {
  // Buffers that the engine lets it have, and then a heap that it has not looked at since.
  await tenant.deploy({
    serviceId: "hoarder",
    resourceLimits: { maxMemoryBytes: 64n * mebibyte },
    code: service(`
      init() { return { buffers: [], numbers: [] }; }
      hoard() {
        this.state.buffers = Array.from({ length: 56 }, () => new Uint8Array(1024 * 1024).fill(1));
        for (let i = 0; i < 12; i++) this.state.numbers.push(new Array(128 * 1024).fill(i + 0.5));
        return "hoarded";
      }`),
  });
  assert.equal(await call(tenant, "hoarder", "hoard"), "hoarded");
  const { deaths, errors } = await untilStatus(
    tenant,
    "hoarder",
    "dies and runs again",
    (seen) => seen.deaths.length > 0 && isRunning(seen),
  );
  assert.deepEqual([deaths.length, deaths[0]?.type], [1, "limit_exceeded"]);
  assert.match(errors[0] ?? "", /^limit exceeded: 7\d{7} of at most 67108864 bytes of memory$/);
  assert.deepEqual(await told("hoarder"), [{ what: "memory", phase: "entered", action: "kill" }]);
  await lineOf(
    "hoarder",
    /^over its limit: 7\d{7} of at most 67108864 bytes of memory \(limit_exceeded_action: kill\)$/,
  );
  await tenant.kill({ serviceId: "hoarder", force: true });
});

test("a service that the engine finds past its limit when it is asked what it uses ends by that, and no neighbour of it", async (t) => {
  const { kernel, stderr } = await cellFor(t);
  const neighbour = await kernel.load(cellService(`ping() { return 1; }`), { service: "neighbour", incarnation: 2 });
  const id = await kernel.load(
    cellService(`
      init() { return { buffers: [], numbers: [] }; }
      hoard(count) { while (count-- > 0) this.state.numbers.push(new Array(128 * 1024).fill(count + 0.5)); }
      fill() { try { for (;;) this.state.buffers.push(new Uint8Array(1024 * 1024).fill(1)); } catch {} }`),
    { limits: { maxMemoryBytes: 64 * 1024 * 1024 } },
  );
  await kernel.result(id, "hoard", 30);
  await kernel.result(id, "fill");
  await kernel.result(id, "hoard", 4);
  const death = kernel.death(id);
  let asked = 0;
  await until("its end", async () => {
    kernel.send({ type: "inspect", id: ++asked });
    await kernel.until(() => kernel.all("inspected").find((one) => one.id === asked));
    return kernel.reports.some((report) => report.type === "ended");
  });
  assert.deepEqual(await death, { type: "out_of_memory", limitBytes: 64 * 1024 * 1024 });
  assert.equal(await kernel.result(neighbour, "ping"), 1);
  assert.equal(stderr(), "");
});

// ------------------------------------------------------------------ mailbox

async function fillMailbox(serviceId: string, limitExceededAction: Action): Promise<() => Promise<unknown>> {
  const open = await makeGate(`${serviceId}-gate`);
  const resourceLimits: Limits = { messageQueueLimit: 5, limitExceededAction, cpuTimeMs: 60_000 };
  await tenant.deploy({ serviceId, resourceLimits, code: holder(`${serviceId}-gate`) });
  await tenant.cast({ serviceId, method: "hold" });
  // With the fourth it is full, and may be throttled before the fifth.
  for (let i = 0; i < 4; i++) await tenant.cast({ serviceId, method: "ping" });
  await untilTold(serviceId, "entered");
  return open;
}

test("mailbox × throttle: no new work until it is emptied; then throttling ends", async () => {
  const open = await fillMailbox("full-throttled", Action.THROTTLE);
  await refusesWork("full-throttled", /full-throttled is full \(throttled: \d+ of at most 5 messages in its mailbox\)/);
  await open();
  await untilTold("full-throttled", "left");
  await untilTakesWork("full-throttled");
  assert.deepEqual(await told("full-throttled"), [
    { what: "mailbox", phase: "entered", action: "throttle" },
    { what: "mailbox", phase: "left", action: "throttle" },
  ]);
  assert.equal((await tenant.status({ serviceId: "full-throttled" })).restartCount, 0);
});

test("mailbox × warn: an event and a line in its log, and it goes on", async () => {
  const open = await fillMailbox("full-warned", Action.WARN);
  const line = await lineOf("full-warned", /over its limit: 5 of at most 5 messages in its mailbox \(.*: warn\)/);
  assert.equal(line.level, "WARN");
  const refused = await refusalOf(call(tenant, "full-warned", "ping"));
  assert.equal(refused.code, "MAILBOX_FULL", "it is full, and not throttled");
  await open();
  await untilTold("full-warned", "left");
  await lineOf("full-warned", /^back under its limit: \d of at most 5 messages in its mailbox$/);
  assert.equal(await call(tenant, "full-warned", "ping"), "pong");
  assert.deepEqual(await told("full-warned"), [
    { what: "mailbox", phase: "entered", action: "warn" },
    { what: "mailbox", phase: "left", action: "warn" },
  ]);
  assert.equal((await tenant.status({ serviceId: "full-warned" })).restartCount, 0);
});

// ------------------------------------------------------------------ processes

test("a service's processes are those that it spawned, too, and Status tells how many", async () => {
  await makeGate("counted-gate");
  await tenant.deploy({ serviceId: "counted", instances: 2, code: parent("counted-gate") });
  const processes = async (): Promise<number | undefined> =>
    (await tenant.status({ serviceId: "counted" })).currentUsage?.processes;
  // A cell that is busy may not say in time.
  await until("it to be counted", async () => (await processes()) === 2);
  assert.equal(await call(tenant, "counted", "grow", [3]), 3);
  await until("them to be counted", async () => (await processes()) === 5);
  await until("them to be listed", async () => {
    const { services } = await tenant.list({});
    return services.find(({ serviceId }) => serviceId === "counted")?.currentUsage?.processes === 5;
  });
  await tenant.kill({ serviceId: "counted", force: true });
});

test("processes × kill: an instance spawns no more than the limit; when all have more together, one ends", async () => {
  await makeGate("kill-gate");
  const resourceLimits: Limits = { maxProcesses: 4 };
  await tenant.deploy({ serviceId: "crowded", instances: 2, resourceLimits, code: parent("kill-gate") });
  assert.equal(await call(tenant, "crowded", "grow", [10]), "QUOTA_EXCEEDED");
  const { deaths } = await untilStatus(
    tenant,
    "crowded",
    "dies and runs again",
    (seen) => seen.deaths.length > 0 && isRunning(seen),
  );
  assert.deepEqual(
    deaths.map(({ type, summary }) => [type, summary]),
    [["limit_exceeded", "limit exceeded: 5 of at most 4 processes"]],
  );
  assert.deepEqual(await told("crowded"), [{ what: "processes", phase: "entered", action: "kill" }]);
  await tenant.kill({ serviceId: "crowded", force: true });
});

test("processes × throttle: no new work until enough of them have ended; then throttling ends", async () => {
  const open = await makeGate("throttle-gate");
  await tenant.deploy({
    serviceId: "fertile",
    resourceLimits: { maxProcesses: 3, limitExceededAction: Action.THROTTLE },
    code: parent("throttle-gate"),
  });
  await call(tenant, "fertile", "shrinkLater");
  assert.equal(await call(tenant, "fertile", "grow", [4]), 4, "there is room to be over");
  await untilTold("fertile", "entered");
  await refusesWork("fertile", /fertile is full \(throttled: [45] of at most 3 processes\)/);
  await open();
  await untilTold("fertile", "left");
  await untilTakesWork("fertile");
  const status = await untilStatus(tenant, "fertile", "is alone", ({ currentUsage }) => currentUsage?.processes === 1);
  assert.deepEqual([status.restartCount, status.violations.length], [0, 0]);
  await tenant.kill({ serviceId: "fertile", force: true });
});

test("processes × warn: an event and a line in its log, and it goes on", async () => {
  await makeGate("warn-gate");
  await tenant.deploy({
    serviceId: "warned",
    resourceLimits: { maxProcesses: 3, limitExceededAction: Action.WARN },
    code: parent("warn-gate"),
  });
  assert.equal(await call(tenant, "warned", "grow", [4]), 4);
  await untilTold("warned", "entered");
  const line = await lineOf("warned", /^over its limit: 5 of at most 3 processes \(limit_exceeded_action: warn\)$/);
  const { pid, violations, restartCount } = await tenant.status({ serviceId: "warned" });
  assert.deepEqual([line.level, line.pid, restartCount], ["WARN", pid, 0]);
  assert.deepEqual(
    violations.map(({ summary }) => summary),
    ["5 of at most 3 processes"],
  );
  assert.equal(await call(tenant, "warned", "ping"), "pong");
  await call(tenant, "warned", "shrink");
  await untilTold("warned", "left");
  await tenant.kill({ serviceId: "warned", force: true });
});

test("a tenant that is over its total of processes, spawned ones among them, loses who has most of them", async () => {
  const crowd = await solo.tenant("crowd");
  for (const serviceId of ["modest", "fertile"]) await crowd.deploy({ serviceId, code: parent("none") });
  assert.equal(await call(crowd, "modest", "grow", [12]), 12);
  assert.deepEqual(await told("modest", crowd), []);
  assert.equal(await call(crowd, "fertile", "grow", [20]), 20);
  const { deaths } = await untilStatus(
    crowd,
    "fertile",
    "dies and runs again",
    (seen) => seen.restartCount > 0 && isRunning(seen),
  );
  assert.deepEqual(
    deaths.map(({ type, summary }) => [type, summary]),
    [
      [
        "limit_exceeded",
        `limit exceeded: its tenant has 34 of at most ${tenantProcessesMax} processes, most of them here`,
      ],
    ],
  );
  assert.deepEqual(await told("fertile", crowd), [{ what: "tenant_processes", phase: "entered", action: "kill" }]);
  const modest = await untilStatus(
    crowd,
    "modest",
    "has all that it had",
    ({ currentUsage }) => currentUsage?.processes === 13,
  );
  assert.equal(modest.restartCount, 0);
});

test("what is done about a tenant's total is the choice of who has most of it", async () => {
  const choosy = await solo.tenant("choosy");
  for (const [serviceId, limitExceededAction] of [
    ["patient", Action.THROTTLE],
    ["modest", Action.KILL],
  ] as const) {
    await choosy.deploy({ serviceId, resourceLimits: { limitExceededAction }, code: parent("gate") });
  }
  await choosy.deploy({ serviceId: "gate", code: gate });
  await call(choosy, "patient", "shrinkLater");
  await call(choosy, "modest", "grow", [9]);
  await call(choosy, "patient", "grow", [tenantProcessesMax]);
  const isThrottled = async (): Promise<boolean> => {
    const [settled] = await Promise.allSettled([call(choosy, "patient", "ping")]);
    return settled.status === "rejected" && refusalIn(settled).code === "OVERLOADED";
  };
  await until("it to be throttled", isThrottled);
  const { reason, violations } = await choosy.status({ serviceId: "patient" });
  assert.match(reason, /^throttled: its tenant has \d+ of at most 30 processes, most of them here$/);
  assert.deepEqual(
    violations.map(({ what, action }) => [what, action]),
    [["tenant_processes", Action.THROTTLE]],
  );
  await call(choosy, "gate", "open");
  await untilTold("patient", "left", choosy);
  await until("it to take work", async () => !(await isThrottled()));
  assert.deepEqual(
    (await told("patient", choosy)).map(({ what, phase, action }) => [what, phase, action]),
    [
      ["tenant_processes", "entered", "throttle"],
      ["tenant_processes", "left", "throttle"],
    ],
  );
  for (const serviceId of ["patient", "modest"]) {
    assert.equal((await choosy.status({ serviceId })).restartCount, 0, serviceId);
  }
});

// ------------------------------------------------------------------ throttle, in the cell

test("a cell that is told to throttle a service gives it a quarter of its share of the processor", async (t) => {
  const { kernel } = await cellFor(t);
  // Their limit keeps them in the threaded lane, in which only a few run at once.
  const limits = { cpuTimeMs: 5_000 };
  const worker = cellService(
    `work() { const end = Date.now() + 8; while (Date.now() < end); }\n done() { return true; }`,
  );
  const all = Array.from({ length: 8 }, (_, i) => i + 1);
  const slowed = [5, 6, 7, 8].map(incarnationNumber);
  for (const incarnation of all) await kernel.load(worker, { service: `s${incarnation}`, incarnation, limits });
  for (const incarnation of slowed) kernel.send({ type: "throttle", incarnation, throttled: true });
  for (let i = 0; i < 12; i++) for (const incarnation of all) kernel.cast(incarnation, "work");
  const others = [1, 2, 3, 4].map((incarnation) => kernel.result(incarnation, "done"));
  await Promise.race(others);
  kernel.send({ type: "inspect", id: 1, incarnations: slowed });
  const { usages } = await kernel.until(() => kernel.all("inspected")[0]);
  const left = usages.reduce((sum, { usage }) => sum + usage.mailboxLength, 0);
  assert.ok(left >= 12, `${left} of 48 were left`);
  await Promise.all([...others, ...slowed.map((incarnation) => kernel.result(incarnation, "done"))]);
});
