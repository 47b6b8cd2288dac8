/** The kernel may die at any moment: services do not notice, and nothing that was acknowledged is lost. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import process from "node:process";
import { test } from "node:test";
import { type DeployResponse, Status_Value } from "../../src/api/index.ts";
import { SoloError, type SoloClient } from "../../src/client/index.ts";
import { eventsOf, isGapFree, isRunning, leadsTo, service, untilStatus } from "./asking.ts";
import { filesOf } from "./processes.ts";
import { call, example, isAlive, kill9, Solo, until } from "./solo.ts";

// A Solo for each: more than five ends of a kernel within half a minute are a crash loop, and end in safe mode.

/** Calls a method again and again until told to stop. */
class Caller {
  readonly errors: SoloError[] = [];
  results: number[] = [];
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(client: SoloClient, serviceId: string) {
    this.#done = this.#run(client, serviceId);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(client: SoloClient, serviceId: string): Promise<void> {
    while (!this.#stopped) {
      try {
        this.results.push(Number(await call(client, serviceId, "add", [1])));
      } catch (error) {
        if (!(error instanceof SoloError)) throw error;
        this.errors.push(error);
      }
    }
  }
}

const backAgain = (client: SoloClient): Promise<void> =>
  until("an answer", async () => {
    try {
      await client.list({}, { retryForMs: 0, timeoutMs: 1_000 });
      return true;
    } catch {
      return false;
    }
  });

test("a kernel killed with -9 again and again under load: same lives, same state, clear errors, a whole log", async (t) => {
  await using solo = await Solo.start();
  const admin = await solo.client("admin");
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "counter", code: await example("counter"), requestId: "counter" });
  const other = await solo.tenant("neighbour");
  await other.deploy({ serviceId: "counter", code: await example("counter") });
  const pids = async (): Promise<readonly string[]> =>
    (await admin.list({})).services.map(({ tenantId, pid }) => `${tenantId} ${pid}`).toSorted();
  const pidsBefore = await pids();
  const cellsBefore = cellsOf(solo);

  const callers = [
    new Caller(tenant, "counter"),
    new Caller(tenant, "counter"),
    new Caller(await solo.client("default"), "counter"),
  ];
  const neighbour = new Caller(other, "counter");
  for (let kills = 0; kills < 4; kills++) {
    const counts = [...callers, neighbour].map(({ results }) => results.length);
    const killedAt = performance.now();
    await solo.killKernel();
    await until("calls of every client to resume", () =>
      [...callers, neighbour].every(({ results }, i) => results.length > (counts[i] ?? 0) + 20),
    );
    t.diagnostic(`calls had resumed ${Math.round(performance.now() - killedAt)} ms after the kernel's end`);
  }
  await Promise.all([...callers, neighbour].map((caller) => caller.stop()));

  for (const { errors } of [...callers, neighbour]) {
    for (const error of errors) {
      assert.ok(error.status === "UNAVAILABLE", `${error.code}: ${error.message}`);
      assert.ok(["UNREACHABLE", "STARTING", "CALL_LOST"].includes(error.code), `${error.code}: ${error.message}`);
    }
  }
  const done = callers.flatMap(({ results }) => results);
  const lost = callers.reduce((sum, { errors }) => sum + errors.length, 0);
  assert.equal(new Set(done).size, done.length, "no call ran twice, and no state came back from the past");
  const count = Number(await call(tenant, "counter", "get"));
  assert.ok(count >= done.length && count <= done.length + lost, `${done.length} ≤ ${count} ≤ ${done.length + lost}`);
  assert.equal(
    Number(await call(other, "counter", "get")) - neighbour.results.length <= neighbour.errors.length,
    true,
    "a neighbour's state is its own",
  );
  assert.deepEqual(await pids(), pidsBefore, "every incarnation is the one that it was");
  assert.deepEqual(
    cellsOf(solo).filter((pid) => cellsBefore.includes(pid)),
    cellsBefore,
    "every cell still runs",
  );
  const events = await eventsOf(admin);
  assert.ok(isGapFree(events));
  assert.ok(
    !events.some(({ eventType }) => ["service_crashed", "cell_lost", "service_restarting"].includes(eventType)),
  );
  const epochs = events
    .filter(({ eventType }) => eventType === "kernel_started")
    .map(({ payload }) => Number(payload?.["epoch"]));
  assert.equal(epochs.length, 5);
  assert.deepEqual(
    epochs,
    epochs.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(epochs).size, epochs.length, "epochs only grow");
  assert.equal((await admin.verifyLog({})).valid, true);
});

const cellsOf = (of: Solo): readonly number[] =>
  of
    .processes()
    .filter(({ role }) => role === "cell")
    .map(({ pid }) => pid);

test("a kernel killed in the middle of deployments: repeating each request gives the first answer and one life", async () => {
  await using solo = await Solo.start();
  const admin = await solo.client("admin");
  const tenant = await solo.client("default");
  const code = await example("counter");
  const requests: { serviceId: string; code: Buffer; requestId: string }[] = [];
  const first = new Map<string, DeployResponse>();
  const kernel = solo.kernelPid();
  let killed = false;
  // Whoever is answered asks for the next, so that some are always under way.
  const workers = Array.from({ length: 8 }, async () => {
    while (!killed) {
      const i = requests.length;
      const request = { serviceId: `mid-${i}`, code, requestId: `mid-${i}-${randomUUID()}` };
      requests.push(request);
      first.set(request.serviceId, await tenant.deploy(request, { retryForMs: 0 }));
      if (first.size !== 12) continue;
      killed = true;
      kill9(kernel);
    }
  });
  const failures = (await Promise.allSettled(workers)).filter((settled) => settled.status === "rejected");
  for (const { reason } of failures) assert.equal(reason instanceof SoloError && reason.status, "UNAVAILABLE");
  assert.ok(failures.length > 0, "some were under way");
  await backAgain(tenant);

  const again = await Promise.all(requests.map((request) => tenant.deploy(request)));
  for (const [i, answer] of again.entries()) {
    assert.equal(answer.status, Status_Value.RUNNING);
    const before = first.get(`mid-${i}`);
    if (before !== undefined) assert.deepEqual(answer, before);
  }
  const events = await eventsOf(tenant, ["deployment_requested", "service_deployed", "service_restarting"]);
  for (const [i, { pid }] of again.entries()) {
    const own = events.filter(({ subject }) => subject === `mid-${i}`);
    assert.deepEqual(
      own.map(({ eventType }) => eventType),
      ["deployment_requested", "service_deployed"],
    );
    assert.equal(await call(tenant, `mid-${i}`, "add", [1]), 1);
    assert.equal((await tenant.status({ serviceId: `mid-${i}` })).pid, pid);
  }
  assert.equal((await admin.verifyLog({})).valid, true);
});

test("no acknowledged change is lost: deployments, kills, tenants, certificates and the events that record them", async () => {
  await using solo = await Solo.start();
  const admin = await solo.client("admin");
  const tenant = await solo.client("default");
  const code = await example("counter");
  const deployed: string[] = [];
  const killed: string[] = [];
  const tenants: string[] = [];
  const fingerprints: string[] = [];
  let changing = true;
  const changes = async (name: string): Promise<void> => {
    for (let i = 0; changing; i++) {
      const serviceId = `${name}-${i}`;
      try {
        await tenant.deploy({ serviceId, code }, { retryForMs: 0 });
        deployed.push(serviceId);
        if (i % 2 === 1) {
          await tenant.kill({ serviceId }, { retryForMs: 0 });
          killed.push(serviceId);
        }
        const { tenantId } = await admin.createTenant({ tenantId: serviceId }, { retryForMs: 0 });
        tenants.push(tenantId);
        fingerprints.push((await admin.issueCertificate({ tenantId }, { retryForMs: 0 })).fingerprint);
      } catch (error) {
        changing &&= error instanceof SoloError && error.status === "UNAVAILABLE";
        assert.ok(changing, String(error));
        await backAgain(admin);
      }
    }
  };
  const changers = [changes("keep-a"), changes("keep-b")];
  for (let kills = 0; kills < 3; kills++) {
    const count = fingerprints.length;
    await until("changes to flow", () => fingerprints.length >= count + 3);
    const seen = await eventsOf(admin);
    await solo.killKernel();
    await backAgain(admin);
    const now = await eventsOf(admin);
    assert.deepEqual(now.slice(0, seen.length), seen, "what was once read of the log is still in it");
  }
  changing = false;
  await Promise.all(changers);

  const services = new Map((await tenant.list({})).services.map(({ serviceId, status }) => [serviceId, status]));
  for (const serviceId of deployed) assert.ok(services.has(serviceId), serviceId);
  for (const serviceId of killed) assert.equal(services.get(serviceId), Status_Value.STOPPED, serviceId);
  const there = new Set((await admin.listTenants({})).tenants.map(({ tenantId }) => tenantId));
  for (const tenantId of tenants) assert.ok(there.has(tenantId), tenantId);
  const events = await eventsOf(admin);
  assert.ok(isGapFree(events));
  const recorded = new Set(events.map(({ eventType, subject }) => `${eventType} ${subject}`));
  for (const serviceId of deployed) assert.ok(recorded.has(`service_deployed ${serviceId}`), serviceId);
  for (const serviceId of killed) assert.ok(recorded.has(`service_killed ${serviceId}`), serviceId);
  for (const tenantId of tenants) assert.ok(recorded.has(`tenant_created ${tenantId}`), tenantId);
  const issued = new Set(events.map(({ payload }) => payload?.["fingerprint"]));
  for (const fingerprint of fingerprints) assert.ok(issued.has(fingerprint), fingerprint);
  assert.equal((await admin.verifyLog({})).valid, true);
});

/** For longer than the next one takes there is no kernel that does anything. */
async function absent(kernel: number): Promise<void> {
  process.kill(kernel, "SIGSTOP");
  const stoppedAt = performance.now();
  await until("some time to pass", () => performance.now() - stoppedAt > 1_000);
  kill9(kernel);
  await until("the kernel's end", () => !isAlive(kernel));
}

test("services go on while there is no kernel: their timers, their calls to each other", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "adder", code: await example("counter") });
  await tenant.deploy({
    serviceId: "ticker",
    code: service(`
      ticks = 0;
      async init() { this.adder = await this.lookup("adder"); this.every(5, "tick"); }
      async onMessage() { this.ticks = await this.adder.call.add(1); }
      now() { return { ticks: this.ticks, pid: this.pid }; }`),
  });
  const now = (): Promise<unknown> => call(tenant, "ticker", "now");
  const before = await now();
  await absent(solo.kernelPid());
  await backAgain(tenant);
  const later = await now();
  assert.ok(isTicks(before) && isTicks(later));
  assert.equal(later.pid, before.pid);
  assert.ok(later.ticks - before.ticks >= 10, `it ticked ${later.ticks - before.ticks} times in more than a second`);
});

const isTicks = (value: unknown): value is { readonly ticks: number; readonly pid: string } =>
  typeof value === "object" && value !== null && "ticks" in value && "pid" in value;

test("a service that crashes while there is no kernel is restarted by the next one, with its true reason", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "crasher", code: await example("crasher") });
  const kernel = solo.kernelPid();
  await tenant.cast({ serviceId: "crasher", method: "crashLater", args: Buffer.from("[500]") });
  await absent(kernel);
  await backAgain(tenant);
  const status = await untilStatus(
    tenant,
    "crasher",
    "runs again",
    (seen) => seen.restartCount === 1 && isRunning(seen),
  );
  assert.equal(status.deaths.length, 1);
  assert.equal(status.deaths[0]?.summary, "crashed in timer: Error: crashed on purpose: a timer said so");
});

test("a cell that dies together with the kernel: its services come back, and the reason is the cell's", async () => {
  await using solo = await Solo.start();
  const admin = await solo.client("admin");
  const twin = await solo.tenant("twin");
  await twin.deploy({ serviceId: "counter", code: await example("counter") });
  const before = await twin.status({ serviceId: "counter" });
  const kernel = solo.kernelPid();
  // The kernel cannot see the cell's end before its own.
  process.kill(kernel, "SIGSTOP");
  kill9(...cellsOf(solo), kernel);
  await until("the kernel's end", () => !isAlive(kernel));
  await backAgain(twin);
  const status = await untilStatus(twin, "counter", "runs again", (seen) => seen.pid !== before.pid && isRunning(seen));
  assert.equal(status.deaths[0]?.type, "cell_lost");
  assert.match(status.deaths[0]?.summary ?? "", /ended by SIGKILL/);
  assert.equal(await call(twin, "counter", "add", [1]), 1, "a new life has a new state");
  const events = await eventsOf(twin);
  const crashed = events.find(({ eventType }) => eventType === "service_crashed");
  const restarted = events.find(({ eventType }) => eventType === "service_restarted");
  assert.ok(crashed !== undefined && restarted !== undefined && leadsTo(events, restarted, crashed));
  assert.equal((await admin.verifyLog({})).valid, true);
});

test("a loaded kernel waits in reserve, holds nothing of the data directory, and takes over", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  const heir = async (): Promise<number> => {
    let found: number | undefined;
    await until("a kernel in reserve", () => {
      found = solo.processes().find(({ role }) => role === "heir")?.pid;
      return found !== undefined;
    });
    return found ?? 0;
  };
  const first = await heir();
  assert.deepEqual(
    filesOf(first).filter((file) => file.startsWith(solo.dataDir) && !file.includes("/log/")),
    [],
  );
  await solo.killKernel();
  await backAgain(tenant);
  assert.equal(solo.kernelPid(), first, "it is the kernel now");
  const second = await heir();
  assert.notEqual(second, first);
  const kernel = solo.kernelPid();
  kill9(second);
  await until("the end of the one in reserve", () => !isAlive(second));
  await tenant.list({});
  assert.equal(solo.kernelPid(), kernel, "the kernel did not notice");
  await solo.killKernel();
  await backAgain(tenant);
});

test("a kernel that hangs without dying is ended, and the next one takes over; services do not notice", async () => {
  await using solo = await Solo.start({ args: ["--kernel-silent-ms", "1500"] });
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "counter", code: await example("counter") });
  assert.equal(await call(tenant, "counter", "add", [1]), 1);
  const kernel = solo.kernelPid();
  process.kill(kernel, "SIGSTOP");
  await until("the end of the one that hangs", () => !isAlive(kernel));
  await backAgain(tenant);
  assert.equal(await call(tenant, "counter", "add", [1]), 2);
  assert.match(solo.processLog, /the kernel hangs: it has said nothing for [0-9]+ ms/);
});
