/** A call of a service outlives the kernel that passed it on: it runs once, and its caller has its one result. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import process from "node:process";
import { test } from "node:test";
import { SoloError, type SoloClient } from "../../src/client/index.ts";
import { isRunning, refusalOf, service, untilStatus } from "./asking.ts";
import { call, isAlive, kill9, Solo, until } from "./solo.ts";

const counter = service(`
  init() { return 0; }
  add(n = 1) { return (this.state += n); }
  addSlowly(n, ms) {
    this.log.info("begun");
    return new Promise((done) => setTimeout(() => done(this.add(n)), ms));
  }
  refuse() { this.state += 1; throw new Refusal("NO", "it does not want to"); }
  get() { return this.state; }
`);

const argsOf = (...args: readonly unknown[]): Buffer => Buffer.from(JSON.stringify(args));
const valueOf = ({ result }: { readonly result: Uint8Array }): unknown => JSON.parse(Buffer.from(result).toString());

/** Resolves when the service has written "begun". */
async function begun(client: SoloClient): Promise<void> {
  const controller = new AbortController();
  for await (const { event } of client.watch({ serviceId: "counter", includeLogs: true, tailLines: 10 }, controller)) {
    if (event.case !== "log" || event.value.message !== "begun") continue;
    return controller.abort();
  }
}

test("a call under way when the kernel is killed with -9 has its one result, and ran once", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "counter", code: counter });
  const asked = tenant.call({ serviceId: "counter", method: "addSlowly", args: argsOf(7, 1_500), timeoutMs: 60_000 });
  await begun(await solo.client("default"));
  await solo.killKernel();
  assert.equal(valueOf(await asked), 7);
  assert.equal(await call(tenant, "counter", "get"), 7);
});

test("so has one that ended before its kernel did, and one that took longer than a client goes on asking", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "counter", code: counter });
  const askedAt = performance.now();
  const asked = tenant.call({ serviceId: "counter", method: "addSlowly", args: argsOf(7, 300), timeoutMs: 60_000 });
  await begun(await solo.client("default"));
  const kernel = solo.kernelPid();
  // It passes on nothing any more.
  process.kill(kernel, "SIGSTOP");
  await until("the client to have waited for longer than it asks again", () => performance.now() - askedAt > 3_100);
  kill9(kernel);
  assert.equal(valueOf(await asked), 7);
  assert.equal(await call(tenant, "counter", "get"), 7);
});

test("callers lose none of their calls to kernels that are killed, and none runs twice", async (t) => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "counter", code: counter });
  await tenant.deploy({ serviceId: "wide", code: counter, instances: 3 });
  let stopped = false;
  const results = { counter: [] as number[], wide: [] as number[] };
  const errors: SoloError[] = [];
  const run = async (client: SoloClient, serviceId: "counter" | "wide"): Promise<void> => {
    while (!stopped) {
      try {
        // However long a machine that has much to do takes for a kernel.
        results[serviceId].push(
          Number(valueOf(await client.call({ serviceId, method: "add", timeoutMs: 60_000 }, { retryForMs: 30_000 }))),
        );
      } catch (error) {
        if (!(error instanceof SoloError)) throw error;
        errors.push(error);
      }
    }
  };
  const clients = await Promise.all(Array.from({ length: 4 }, () => solo.client("default")));
  const callers = clients.map((client, n) => run(client, n % 2 === 0 ? "counter" : "wide"));
  // A service that has just been started may have been so after the call was sent: that is not what is asked here.
  const deployedAt = performance.now();
  await until("the services to have run for a while", () => performance.now() - deployedAt > 1_500);
  for (let kills = 0; kills < 4; kills++) {
    const count = results.counter.length;
    await until("calls to flow", () => results.counter.length > count + 50);
    await solo.killKernel();
  }
  const count = results.counter.length;
  await until("calls to flow again", () => results.counter.length > count + 50);
  stopped = true;
  await Promise.all(callers);
  t.diagnostic(`${results.counter.length} and ${results.wide.length} calls`);
  assert.deepEqual(
    errors.map(({ code, message }) => `${code}: ${message}`),
    [],
  );
  assert.equal(Number(await call(tenant, "counter", "get")), results.counter.length, "each ran once");
  assert.equal(new Set(results.counter).size, results.counter.length, "each has a result of its own");
  // Instances count for themselves: the highest of each is how often it ran.
  let sum = 0;
  for (let asked = 0; asked < 3; asked++) sum += Number(await call(tenant, "wide", "get"));
  assert.equal(sum, results.wide.length, "each ran once in one of the instances");
});

test("an answered call that is asked for again is answered as before; nobody else is told", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  const admin = await solo.client("admin");
  await tenant.deploy({ serviceId: "counter", code: counter });
  const requestId = randomUUID();
  const request = { serviceId: "counter", method: "add", args: argsOf(5), requestId };
  assert.equal(valueOf(await tenant.call(request)), 5);
  assert.equal(valueOf(await tenant.call(request)), 5);
  await solo.killKernel();
  assert.equal(valueOf(await tenant.call({ ...request, ageMs: 60_000 })), 5, "the next kernel's cell knows it too");
  assert.equal(valueOf(await admin.call(request)), 10, "another's call of that name is another call");
  assert.equal(valueOf(await tenant.call({ ...request, args: argsOf(6) })), 16, "and so is one with other arguments");
  const refused = { serviceId: "counter", method: "refuse", requestId };
  const first = await refusalOf(tenant.call(refused));
  assert.deepEqual(
    [(await refusalOf(tenant.call(refused))).message, first.executed],
    [first.message, "executed"],
    "a refusal is an answer",
  );
  assert.equal(await call(tenant, "counter", "get"), 17);
});

test("a service that was started anew does not run a call again, and says that its outcome is not known", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  const { pid } = await tenant.deploy({ serviceId: "counter", code: counter });
  const asked = refusalOf(tenant.call({ serviceId: "counter", method: "addSlowly", args: argsOf(7, 60_000) }));
  await begun(await solo.client("default"));
  const kernel = solo.kernelPid();
  // The kernel cannot see the cell's end before its own.
  process.kill(kernel, "SIGSTOP");
  kill9(...solo.processes().flatMap(({ role, pid: process }) => (role === "cell" ? [process] : [])), kernel);
  await until("the kernel's end", () => !isAlive(kernel));
  const { code, executed } = await asked;
  assert.deepEqual([code, executed], ["CALL_LOST", "unknown"]);
  await untilStatus(tenant, "counter", "runs again", (seen) => seen.pid !== pid && isRunning(seen));
  assert.equal(await call(tenant, "counter", "get"), 0);
});
