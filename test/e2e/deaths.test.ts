/** Every end has its true reason, told to whoever asked, in Status and in the log, with the agent's own lines. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Status_Value, type ResourceLimits, type StatusResponse } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, gate, isRunning, refusalIn, refusalOf, service, untilStatus } from "./asking.ts";
import { call, example, Solo, until } from "./solo.ts";

let solo: Solo;
let tenant: SoloClient;

before(async () => {
  solo = await Solo.start();
  tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "neighbour", code: await example("counter") });
});
after(async () => {
  await solo[Symbol.asyncDispose]();
});

type Limits = Partial<Pick<ResourceLimits, "cpuTimeMs" | "startupTimeoutMs" | "messageQueueLimit" | "maxMemoryBytes">>;

const deploy = (serviceId: string, code: Buffer, resourceLimits: Limits = {}): Promise<unknown> =>
  tenant.deploy({ serviceId, code, resourceLimits });

/** The status after its first death, once it runs again. */
const afterDeath = (serviceId: string): Promise<StatusResponse> =>
  untilStatus(tenant, serviceId, "runs again", (seen) => seen.restartCount > 0 && isRunning(seen));

/** Lines 1 to 3 leave no trace in what is compiled, so that only a source map finds line 5. */
const typed = (body: string): Buffer =>
  Buffer.from(`import { Service } from "solo:service";
interface Shape { readonly width: number; }
type Unused = Shape | undefined;
export default class Typed extends Service {
  ${body}
}
`);

test("a start that fails is answered with the reason, the stack in the agent's own lines, and the last log lines", async () => {
  const cases: readonly (readonly [name: string, code: Buffer, why: RegExp, stack: RegExp | undefined])[] = [
    [
      "no-module",
      Buffer.from(`throw new Error("at the top");\nexport default 1;`),
      /crashed in load: Error: at the top/,
      /no-module\.ts:1:/,
    ],
    ["no-class", Buffer.from(`export default 7;`), /must `export default class (…|\.\.\.) extends Service`/, undefined],
    [
      "in-constructor",
      typed(`constructor() { super(); throw new TypeError("no"); }`),
      /crashed in init: TypeError: no/,
      /in-constructor\.ts:5:\d+/,
    ],
    [
      "in-init",
      typed(`init() { this.log.warn("any moment now"); throw new Error("no"); }`),
      /crashed in init: Error: no/,
      /init \(in-init\.ts:5:\d+\)/,
    ],
    [
      "in-async-init",
      typed(`async init() { await null; throw new Error("late"); }`),
      /crashed in init: Error: late/,
      /in-async-init\.ts:5:\d+/,
    ],
  ];
  for (const [serviceId, code, why, stack] of cases) {
    const refused = await refusalOf(deploy(serviceId, code));
    assert.deepEqual([refused.code, refused.status], ["STARTUP_FAILED", "FAILED_PRECONDITION"], serviceId);
    assert.match(refused.message, why);
    assert.equal(refused.death?.type, "crashed");
    if (stack !== undefined) assert.match(refused.guestStack ?? "", stack);
    const status = await tenant.status({ serviceId });
    assert.equal(status.status, Status_Value.ERROR, "it is not said to run");
    assert.match(status.reason, why);
    assert.equal(status.nextRestartMs, 0n, "what never started is not tried again");
    if (stack !== undefined) assert.match(status.deaths[0]?.stack ?? "", stack);
    if (serviceId === "in-init")
      assert.deepEqual(
        refused.logs.map(({ message }) => message),
        ["any moment now"],
      );
  }
  const failed = await eventsOf(tenant, ["service_deployment_failed"]);
  assert.deepEqual(
    failed.map(({ subject }) => subject),
    cases.map(([name]) => name),
  );
});

test("a start that takes too long is cut off, whether it waits or spins", async () => {
  for (const [serviceId, body] of [
    ["waits", `init() { return new Promise(() => {}); }`],
    ["spins", `init() { for (;;) {} }`],
    ["spins-at-load", `static x = (() => { for (;;) {} })();`],
  ] as const) {
    const refused = await refusalOf(deploy(serviceId, service(body), { startupTimeoutMs: 300 }));
    assert.equal(refused.code, "STARTUP_FAILED", serviceId);
    assert.equal(refused.death?.type, "startup_timeout");
    assert.equal(refused.death?.summary, "startup timeout: init did not finish within 300 ms");
  }
});

test("a crash in a handler: the caller, Status and the log learn it, with the line that threw", async () => {
  await deploy("handler", typed(`work(shape: Shape): never { throw new RangeError(\`too wide: \${shape.width}\`); }`));
  const before = await tenant.status({ serviceId: "handler" });
  const refused = await refusalOf(call(tenant, "handler", "work", [{ width: 9 }]));
  assert.deepEqual([refused.code, refused.status, refused.executed], ["CALL_FAILED", "ABORTED", "executed"]);
  assert.match(refused.message, /handler\.work threw RangeError: too wide: 9/);
  assert.match(refused.guestStack ?? "", /at Typed\.work \(handler\.ts:5:\d+\)/);
  const status = await afterDeath("handler");
  assert.notEqual(status.pid, before.pid);
  assert.deepEqual(status.errors, ["crashed in message: RangeError: too wide: 9"]);
  const [death] = status.deaths;
  assert.deepEqual([death?.type, death?.pid], ["crashed", before.pid]);
  assert.match(death?.stack ?? "", /handler\.ts:5:\d+/);
  const { events } = await tenant.queryEvents({ filter: { subject: "handler", eventTypes: ["service_crashed"] } });
  assert.equal(events[0]?.id, death?.eventId);
});

test("a crash in a timer, in a message to itself, and a rejection that nobody handles end the service truthfully", async () => {
  for (const [serviceId, body, summary] of [
    ["in-timeout", `arm() { setTimeout(() => { throw new Error("tick"); }, 1); }`, "crashed in timer: Error: tick"],
    [
      "in-after",
      `arm() { this.after(1, "now"); }\n  onMessage() { throw new Error("boom"); }`,
      "crashed in timer: Error: boom",
    ],
    ["in-rejection", `arm() { void Promise.reject(new Error("lonely")); }`, "crashed in rejection: Error: lonely"],
    [
      "in-later-rejection",
      `arm() { void this.later(); }\n  async later() { await null; throw new Error("later"); }`,
      "crashed in rejection: Error: later",
    ],
  ] as const) {
    await deploy(serviceId, service(body));
    const [arming] = await Promise.allSettled([call(tenant, serviceId, "arm")]);
    // Whoever armed it may hear that it ended, but never that it was not asked.
    if (arming.status === "rejected") {
      assert.notEqual(refusalIn(arming).executed, "not_executed", serviceId);
    }
    const status = await afterDeath(serviceId);
    assert.equal(status.deaths[0]?.summary, summary, serviceId);
    assert.match(status.deaths[0]?.stack ?? "", new RegExp(`${serviceId}\\.ts:\\d+:\\d+`));
  }
});

test("a service that takes too much memory dies of it alone", async () => {
  await deploy("hungry", service(`eat() { const all = []; for (;;) all.push(new Array(10_000).fill(1.5)); }`), {
    maxMemoryBytes: 32n * 1024n * 1024n,
    cpuTimeMs: 20_000,
  });
  const cells = cellsOf();
  const refused = await refusalOf(call(tenant, "hungry", "eat", [], { timeoutMs: 30_000 }));
  assert.equal(refused.status, "UNAVAILABLE");
  assert.deepEqual([refused.code, refused.executed], ["CALL_LOST", "unknown"]);
  const status = await afterDeath("hungry");
  assert.equal(status.deaths[0]?.type, "out_of_memory");
  assert.match(status.errors[0] ?? "", /out of memory \(limit 33554432 bytes\)/);
  assert.ok(
    cells.every((pid) => cellsOf().includes(pid)),
    "its cell lives on",
  );
  assert.equal(await call(tenant, "neighbour", "get"), 0);
});

const cellsOf = (): readonly number[] =>
  solo
    .processes()
    .filter(({ role }) => role === "cell")
    .map(({ pid }) => pid);

test("a message that runs too long is cut off, also where the engine makes loops hard to stop", async () => {
  for (const [serviceId, loop] of [
    ["loop", "for (;;) {}"],
    ["spread-loop", "for (;;) [...Array(40)];"],
    ["regex", `/^(a+)+$/.test("a".repeat(40) + "b");`],
  ] as const) {
    await deploy(serviceId, service(`spin() { ${loop} }`), { cpuTimeMs: 300 });
    const refused = await refusalOf(call(tenant, serviceId, "spin", [], { timeoutMs: 20_000 }));
    assert.deepEqual(
      [refused.code, refused.status, refused.executed],
      ["CALL_LOST", "UNAVAILABLE", "unknown"],
      serviceId,
    );
    const status = await afterDeath(serviceId);
    assert.equal(status.deaths[0]?.type, "cpu_timeout", serviceId);
    assert.equal(status.deaths[0]?.summary, "CPU timeout: one message ran longer than 300 ms in spin");
  }
  assert.equal(await call(tenant, "neighbour", "get"), 0);
});

/** Shut until it is opened: what comes before happens as long as it is. */
async function makeGate(serviceId: string): Promise<() => Promise<unknown>> {
  await deploy(serviceId, gate);
  return () => call(tenant, serviceId, "open");
}

/** A line of a service: it goes on when the gate is open. */
const untilOpen = (gateId: string): string =>
  `while (!(await (await this.lookup("${gateId}")).call.isOpen())) await new Promise((done) => setTimeout(done, 20));`;

test("calls that wait behind a crash end with a clear error that says they were not executed", async () => {
  const open = await makeGate("queue-gate");
  await deploy(
    "queue",
    service(`
      async crash() { ${untilOpen("queue-gate")} throw new Error("now"); }
      quick() { return 1; }`),
  );
  const patience = { timeoutMs: 60_000 };
  const crashing = refusalOf(call(tenant, "queue", "crash", [], patience));
  const waiting = Array.from({ length: 5 }, () => refusalOf(call(tenant, "queue", "quick", [], patience)));
  await untilStatus(tenant, "queue", "holds them", ({ currentUsage }) => currentUsage?.messageQueueLen === 6);
  await open();
  assert.equal((await crashing).code, "CALL_FAILED");
  for (const refused of await Promise.all(waiting)) {
    assert.deepEqual([refused.code, refused.status, refused.executed], ["CALL_LOST", "UNAVAILABLE", "not_executed"]);
  }
  assert.equal(await call(tenant, "queue", "quick"), 1, "a call made while it restarts waits for it");
});

test("a full mailbox refuses its senders, and does not end the service", async () => {
  const open = await makeGate("busy-gate");
  await deploy("busy", service(`async sleep() { ${untilOpen("busy-gate")} return "awake"; }`), {
    messageQueueLimit: 3,
  });
  let ended = 0;
  const calls = Array.from({ length: 8 }, () =>
    call(tenant, "busy", "sleep", [], { timeoutMs: 60_000 }).finally(() => ended++),
  );
  const settling = Promise.allSettled(calls);
  await until("those to be refused for which there is no room", () => ended >= 5);
  await open();
  const refused = (await settling).filter((one) => one.status === "rejected").map(refusalIn);
  assert.equal(refused.length, 5);
  for (const one of refused) {
    assert.deepEqual(
      [one.code, one.status, one.executed, one.retry],
      ["MAILBOX_FULL", "RESOURCE_EXHAUSTED", "not_executed", "later"],
    );
    assert.match(one.message, /holds 3 messages/);
  }
  const status = await tenant.status({ serviceId: "busy" });
  assert.ok(isRunning(status));
  assert.equal(status.restartCount, 0);
});

test("a kill waits for what runs and for terminate; forced, it waits for nothing; too slow, it is cut off", async () => {
  const open = await makeGate("sleep-gate");
  const slow = service(`
    async sleep() { ${untilOpen("sleep-gate")} return "awake"; }
    terminate(reason: string) { this.log.info("goodbye:", reason); }`);
  await deploy("gentle", slow);
  const sleeping = call(tenant, "gentle", "sleep", [], { timeoutMs: 60_000 });
  await until(
    "it to sleep",
    async () => (await tenant.status({ serviceId: "gentle" })).currentUsage?.messageQueueLen === 1,
  );
  const killing = tenant.kill({ serviceId: "gentle" });
  await untilStatus(tenant, "gentle", "is stopping", ({ status }) => status === Status_Value.STOPPING);
  await open();
  assert.equal((await killing).finalStatus, Status_Value.STOPPED);
  assert.equal(await sleeping, "awake");

  await deploy("forced", service(`sleep() { return new Promise(() => {}); }`));
  const lost = refusalOf(call(tenant, "forced", "sleep", [], { timeoutMs: 60_000 }));
  await until(
    "it to sleep",
    async () => (await tenant.status({ serviceId: "forced" })).currentUsage?.messageQueueLen === 1,
  );
  const forced = await tenant.kill({ serviceId: "forced", force: true });
  assert.equal(forced.reason, "killed by tenant default (forced)");
  assert.equal((await lost).code, "CALL_LOST");

  await deploy("stubborn", service(`terminate() { return new Promise(() => {}); }`));
  await tenant.kill({ serviceId: "stubborn", timeoutMs: 200 });
  const status = await tenant.status({ serviceId: "stubborn" });
  assert.equal(status.status, Status_Value.STOPPED);
  assert.equal(status.errors[0], "shutdown timeout: did not end within 200 ms and was cut off");
});

test("no end disturbed the neighbour", async () => {
  const status = await tenant.status({ serviceId: "neighbour" });
  assert.ok(isRunning(status));
  assert.deepEqual([status.restartCount, status.deaths.length], [0, 0]);
  assert.equal((await (await solo.client("admin")).verifyLog({})).valid, true);
});
