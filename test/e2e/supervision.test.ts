/** What supervisors make of ends: restarts, rests, siblings, lost cells, a lost builder; always with the true cause. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { RestartType, Status_Value, Strategy } from "../../src/api/index.ts";
import type { SoloClient, SoloError } from "../../src/client/index.ts";
import { eventsOf, isRunning, leadsTo, refusalIn, refusalOf, service, untilStatus } from "./asking.ts";
import { call, example, isAlive, kill9, Solo, until } from "./solo.ts";

let solo: Solo;
let admin: SoloClient;
let tenant: SoloClient;

before(async () => {
  solo = await Solo.start();
  admin = await solo.client("admin");
  tenant = await solo.client("default");
});
after(() => solo[Symbol.asyncDispose]());

test("a crash loop rests the service and not its neighbours, and the log has the whole history with its causes", async () => {
  const looper = await solo.tenant("looper");
  await looper.deploy({ serviceId: "neighbour", code: await example("counter") });
  await call(looper, "neighbour", "add", [3]);
  await looper.deploy({
    serviceId: "loop",
    code: service(`init() { this.after(1, "crash"); }\n  onMessage() { throw new Error("again"); }`),
    supervision: { maxRestarts: 2, withinMs: 60_000 },
  });
  // Its first rest is a second long, each further one twice as long.
  let refused: SoloError | undefined;
  const resting = await untilStatus(looper, "loop", "rests, and is called meanwhile", async (seen) => {
    if (seen.instances[0]?.phase !== "resting") return false;
    const [settled] = await Promise.allSettled([call(looper, "loop", "anything")]);
    refused = settled.status === "rejected" ? refusalIn(settled) : undefined;
    return refused?.code === "SERVICE_NOT_RUNNING";
  });
  assert.match(refused?.message ?? "", /rests/);
  assert.equal(resting.status, Status_Value.ERROR);
  assert.match(resting.reason, /restarted too often, rests until .*; before that: crashed in timer: Error: again/);
  assert.ok(resting.nextRestartMs > 0n);
  assert.ok(resting.restartCount >= 2);
  assert.equal(resting.deaths.length, resting.restartCount + 1);

  const neighbour = await looper.status({ serviceId: "neighbour" });
  assert.deepEqual([neighbour.restartCount, isRunning(neighbour)], [0, true]);
  assert.equal(await call(looper, "neighbour", "get"), 3);

  const events = (await eventsOf(looper)).filter(({ subject }) => subject === "loop");
  const types = events.map(({ eventType }) => eventType);
  const once = ["service_crashed", "service_restart_scheduled", "service_restarting", "service_restarted"];
  assert.deepEqual(types.slice(0, 12), [
    "deployment_requested",
    "service_deployed",
    ...once,
    ...once,
    "service_crashed",
    "service_rested",
  ]);
  const all = await eventsOf(looper);
  for (let at = 1; at < 12; at++) {
    const [from, to] = [events[at], events[at - 1]];
    assert.ok(from !== undefined && to !== undefined);
    assert.equal(from.causationId, to.id, `${from.eventType} is because of ${to.eventType}`);
  }
  const [requested, , , , , , , , , , , rested] = events;
  assert.ok(requested !== undefined && rested !== undefined && leadsTo(all, rested, requested));
  await untilStatus(
    looper,
    "loop",
    "is tried again after its rest",
    (seen) => seen.restartCount > resting.restartCount,
  );
  await looper.kill({ serviceId: "loop", force: true });
  const killed = await looper.status({ serviceId: "loop" });
  assert.deepEqual(
    [killed.status, killed.nextRestartMs],
    [Status_Value.STOPPED, 0n],
    "a killed service does not come back",
  );
});

test("a temporary service is not restarted; a transient one is after a crash", async () => {
  const code = await example("crasher");
  await tenant.deploy({ serviceId: "temporary", code, restart: RestartType.TEMPORARY });
  await refusalOf(call(tenant, "temporary", "crash", ["once"]));
  const ended = await untilStatus(tenant, "temporary", "has ended", ({ status }) => status === Status_Value.ERROR);
  assert.equal(ended.reason, "crashed in message: Error: crashed on purpose: once");
  assert.equal(ended.nextRestartMs, 0n);
  assert.equal((await refusalOf(call(tenant, "temporary", "work"))).code, "SERVICE_NOT_RUNNING");

  await tenant.deploy({ serviceId: "transient", code, restart: RestartType.TRANSIENT });
  await refusalOf(call(tenant, "transient", "crash", ["once"]));
  await untilStatus(tenant, "transient", "runs again", (seen) => seen.restartCount === 1 && isRunning(seen));
});

test("one_for_all restarts all instances, one_for_one the one that crashed", async () => {
  const code = await example("crasher");
  const pidsAfterCrash = async (serviceId: string, strategy: Strategy): Promise<readonly [string[], string[]]> => {
    const { pids } = await tenant.deploy({ serviceId, code, instances: 3, supervision: { strategy, maxRestarts: 10 } });
    await refusalOf(call(tenant, serviceId, "crash"));
    const status = await untilStatus(
      tenant,
      serviceId,
      "runs again",
      (seen) => isRunning(seen) && seen.restartCount > 0 && seen.instances.every(({ phase }) => phase === "running"),
    );
    return [pids, status.instances.map(({ pid }) => pid)];
  };
  const [before, after] = await pidsAfterCrash("alone", Strategy.ONE_FOR_ONE);
  assert.equal(after.filter((pid) => before.includes(pid)).length, 2);
  const [allBefore, allAfter] = await pidsAfterCrash("together", Strategy.ONE_FOR_ALL);
  assert.equal(allAfter.filter((pid) => allBefore.includes(pid)).length, 0);
});

test("a cell killed with -9: its services come back, the reason says so, and other tenants do not notice", async () => {
  const victim = await solo.tenant("victim");
  await victim.deploy({ serviceId: "idle", code: await example("counter") });
  await victim.deploy({
    serviceId: "at-work",
    code: service(
      `work() { return new Promise((done) => setTimeout(() => done(1), 30_000)); }\n  quick() { return 2; }`,
    ),
  });
  await tenant.deploy({ serviceId: "bystander", code: await example("counter") });
  await call(tenant, "bystander", "add", [8]);
  const working = refusalOf(call(victim, "at-work", "work", [], { timeoutMs: 30_000 }));
  await until(
    "it to work",
    async () => (await victim.status({ serviceId: "at-work" })).currentUsage?.messageQueueLen === 1,
  );
  const deployed = (await eventsOf(admin, ["service_deployed"])).filter(({ tenantId }) => tenantId === "victim");
  const cells = new Set(deployed.map(({ payload }) => Number(payload?.["cell"])));
  assert.equal(cells.size, 1, "both are in one cell");
  kill9(...[...cells].map((cell) => solo.cellPid(cell)));
  const lost = await working;
  assert.deepEqual([lost.code, lost.status, lost.executed], ["CALL_LOST", "UNAVAILABLE", "unknown"]);
  const idle = await untilStatus(victim, "idle", "runs again", (seen) => seen.restartCount === 1 && isRunning(seen));
  const atWork = await untilStatus(
    victim,
    "at-work",
    "runs again",
    (seen) => seen.restartCount === 1 && isRunning(seen),
  );
  // Whose method waits has no turn under way: nobody in the cell can have done it.
  assert.equal(idle.errors[0], "cell lost: ended by SIGKILL");
  // Unless that turn, in which it began to wait, had not quite ended.
  assert.match(atWork.errors[0] ?? "", /^cell lost(?: while it was at work, perhaps through it)?: ended by SIGKILL$/);
  assert.deepEqual(
    (await eventsOf(admin, ["service_restart_scheduled"]))
      .filter(({ tenantId }) => tenantId === "victim")
      .map(({ payload }) => payload?.["restarts"]),
    [[], []],
    "and nobody pays",
  );
  assert.equal(await call(victim, "at-work", "quick"), 2);
  assert.equal(await call(tenant, "bystander", "get"), 8);
  const all = await eventsOf(admin);
  const loss = all.find(({ eventType, tenantId }) => eventType === "cell_lost" && tenantId === "victim");
  const back = all.find(
    ({ eventType, subject, tenantId }) =>
      eventType === "service_restarted" && subject === "idle" && tenantId === "victim",
  );
  assert.ok(loss !== undefined && back !== undefined && leadsTo(all, back, loss));
});

function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[11]);
  } catch {
    return 0;
  }
}

test("a builder killed with -9 while it compiles: the deployment is refused or succeeds, and never hangs", async () => {
  const large = Buffer.concat([
    await example("counter"),
    Buffer.from(
      Array.from({ length: 40_000 }, (_, i) => `export const f${i} = (a: number): number => a * ${i};\n`).join(""),
    ),
  ]);
  const builder = (): number | undefined => solo.processes().find(({ role }) => role === "builder")?.pid;
  let refusals = 0;
  for (let round = 0; round < 3; round++) {
    let pid = 0;
    await until("a builder", () => (pid = builder() ?? 0) !== 0);
    const ticks = ticksOf(pid);
    let answered = false;
    const asked = { serviceId: `large-${round}`, code: Buffer.concat([large, Buffer.from(`// ${round}\n`)]) };
    const deploying = Promise.allSettled([tenant.deploy(asked, { retryForMs: 0 }).finally(() => (answered = true))]);
    await until("the builder to work", () => answered || ticksOf(pid) > ticks || !isAlive(pid));
    kill9(pid);
    const [settled] = await deploying;
    if (settled.status === "fulfilled") continue;
    const refused = refusalIn(settled);
    assert.deepEqual([refused.code, refused.status, refused.retry], ["BUILDER_UNAVAILABLE", "UNAVAILABLE", "later"]);
    refusals += 1;
  }
  assert.ok(refusals > 0, "it was killed while it worked");
  await until("the next builder to work", async () => {
    const [settled] = await Promise.allSettled([
      tenant.deploy({ serviceId: "after-builder", code: await example("counter") }),
    ]);
    if (settled.status === "rejected") assert.equal(refusalIn(settled).code, "BUILDER_UNAVAILABLE");
    return settled.status === "fulfilled";
  });
});

test("through all of it the log is whole", async () => {
  assert.equal((await admin.verifyLog({})).valid, true);
});
