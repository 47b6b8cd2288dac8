/** The end of a Solo in order: nothing new is taken, what runs finishes, services say goodbye, all within a deadline. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Status_Value, type WatchResponse } from "../../src/api/index.ts";
import { SoloError, type SoloClient } from "../../src/client/index.ts";
import { eventsOf, isRunning, refusalOf, service, untilStatus } from "./asking.ts";
import { call, example, Solo, until } from "./solo.ts";

/** Everything that services of a tenant ever logged. */
function logTextOf(solo: Solo, tenant: string): string {
  const dir = join(solo.dataDir, "log", "services", tenant);
  if (!existsSync(dir)) return "";
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}

const sleeper = service(`
  sleep(ms: number) { this.log.info("asleep"); return new Promise((done) => setTimeout(() => done("awake"), ms)); }
  terminate(reason: string) {
    this.log.info("sleeper says goodbye:", reason);
    return new Promise((done) => setTimeout(done, 2_000));
  }`);

/** Resolves once the service has begun to sleep. */
async function asleep(client: SoloClient): Promise<void> {
  for await (const { event } of client.watch({ serviceId: "sleeper", includeLogs: true, tailLines: 10 })) {
    if (event.case === "log" && event.value.message === "asleep") return;
  }
}

/** What a jail held ends a moment after the jail. */
const nothingLeft = (solo: Solo): Promise<void> =>
  until("the end of all its processes", () => solo.left().length === 0);

test("at SIGTERM deployments are refused, calls under way finish, services say goodbye, and Solo exits with 0", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  const admin = await solo.client("admin");
  await tenant.deploy({ serviceId: "sleeper", code: sleeper });
  await tenant.deploy({ serviceId: "counter", code: await example("counter") });
  await tenant.deploy({ serviceId: "chatty", code: await example("chatty") });
  const sleeping = call(tenant, "sleeper", "sleep", [400]);
  const watched: WatchResponse["event"][] = [];
  const watching = refusalOf(
    (async () => {
      for await (const { event } of tenant.watch({ serviceId: "counter" })) watched.push(event);
    })(),
  );
  await asleep(tenant);
  await until("the watcher to watch", () => watched.length > 0);

  solo.processes();
  process.kill(solo.initPid, "SIGTERM");
  const code = await example("counter");
  let refused: SoloError | undefined;
  await until("a deployment to be refused", async () => {
    try {
      await tenant.deploy({ serviceId: `late-${Math.random()}`.replace(".", ""), code }, { retryForMs: 0 });
      return false;
    } catch (error) {
      refused = error instanceof SoloError ? error : undefined;
      return true;
    }
  });
  assert.deepEqual([refused?.code, refused?.status], ["SHUTTING_DOWN", "UNAVAILABLE"]);
  assert.equal((await refusalOf(admin.createTenant({ tenantId: "late" }, { retryForMs: 0 }))).code, "SHUTTING_DOWN");
  assert.ok(isRunning(await tenant.status({ serviceId: "sleeper" })), "reads are answered to the end");
  assert.equal(await sleeping, "awake", "the call under way was finished");
  assert.equal((await watching).code, "SHUTTING_DOWN", "streams are told why they end");
  assert.equal(await solo.ended, 0);
  await nothingLeft(solo);
  assert.equal(existsSync(join(solo.dataDir, "run")), false, "no socket is left");
  const text = logTextOf(solo, "default");
  assert.match(text, /sleeper says goodbye: shutdown/);
  assert.match(text, /goodbye: shutdown/);

  await solo.startAgain();
  const again = await solo.client("default");
  await untilStatus(again, "counter", "runs again", isRunning);
  const [stopped] = await eventsOf(await solo.client("admin"), ["system_stopped"]);
  assert.deepEqual(stopped?.payload, { outcome: "clean", misfits: 0 });
});

test("SIGINT ends Solo as SIGTERM does", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "chatty", code: await example("chatty") });
  assert.equal(await solo.stop("SIGINT"), 0);
  assert.match(logTextOf(solo, "default"), /goodbye: shutdown/);
  await nothingLeft(solo);
});

test("a service that does not end is cut off at the deadline, and the others still say goodbye", async () => {
  await using solo = await Solo.start({ args: ["--shutdown-ms", "10000"] });
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "chatty", code: await example("chatty") });
  await tenant.deploy({ serviceId: "stubborn", code: service(`terminate() { return new Promise(() => {}); }`) });
  await tenant.deploy({
    serviceId: "spinner",
    code: service(`terminate() { for (;;) {} }`),
    resourceLimits: { cpuTimeMs: 60_000 },
  });
  const began = performance.now();
  assert.equal(await solo.stop(), 0);
  const tookMs = performance.now() - began;
  // The kernel's share of the deadline, and what the machine may add. They themselves would have half a minute.
  assert.ok(tookMs > 1_000 && tookMs < 25_000, `${Math.round(tookMs)} ms`);
  assert.match(solo.stderr, /did not end in time and were cut off/);
  assert.match(logTextOf(solo, "default"), /goodbye: shutdown/);
  await nothingLeft(solo);

  await solo.startAgain();
  const admin = await solo.client("admin");
  const [stopped] = await eventsOf(admin, ["system_stopped"]);
  assert.deepEqual(stopped?.payload, { outcome: "deadline", misfits: 2 });
  const again = await solo.client("default");
  for (const serviceId of ["chatty", "stubborn", "spinner"])
    await untilStatus(again, serviceId, "runs again", isRunning);
  const ends = async (serviceId: string): Promise<string> => (await again.status({ serviceId })).errors[0] ?? "";
  const goodbye = await ends("chatty");
  assert.match(goodbye, /shut ?down/, "who said goodbye is not said to have been cut off");
  for (const serviceId of ["stubborn", "spinner"]) assert.notEqual(await ends(serviceId), goodbye);
  await again.kill({ serviceId: "stubborn", force: true });
  await again.kill({ serviceId: "spinner", force: true });
});

test("a service's own shutdown timeout is shorter than the node's: it is cut off then, and nobody waits for more", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  await tenant.deploy({
    serviceId: "stubborn",
    code: service(`terminate() { return new Promise(() => {}); }`),
    resourceLimits: { shutdownTimeoutMs: 200 },
  });
  const began = performance.now();
  assert.equal(await solo.stop(), 0);
  assert.ok(performance.now() - began < 25_000, "30 s would have been the node's own");
  assert.match(solo.stderr, /did not end in time and were cut off/);
});

test("a second signal hastens the end", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "stubborn", code: service(`terminate() { return new Promise(() => {}); }`) });
  const began = performance.now();
  solo.processes();
  process.kill(solo.initPid, "SIGTERM");
  await until("the shutdown to begin", async () => {
    try {
      await tenant.deploy({ serviceId: "stubborn", code: Buffer.from("x") }, { retryForMs: 0 });
      return false;
    } catch (error) {
      return error instanceof SoloError && error.code === "SHUTTING_DOWN";
    }
  });
  process.kill(solo.initPid, "SIGTERM");
  assert.equal(await solo.ended, 0);
  assert.ok(performance.now() - began < 25_000, "30 s would have been its own");
  await nothingLeft(solo);
});

test("Shutdown is for administrators, is answered when the services have ended, and ends every process with exit code 0", async () => {
  await using solo = await Solo.start();
  const tenant = await solo.client("default");
  const admin = await solo.client("admin");
  await tenant.deploy({ serviceId: "chatty", code: await example("chatty") });
  const refused = await refusalOf(tenant.shutdown({}));
  assert.deepEqual([refused.code, refused.status], ["NOT_ADMIN", "PERMISSION_DENIED"]);
  assert.equal((await tenant.status({ serviceId: "chatty" })).status, Status_Value.RUNNING);
  solo.processes();
  const { outcome, actualShutdownTimeSeconds } = await admin.shutdown({ timeoutSeconds: 20 });
  assert.equal(outcome, "clean");
  assert.ok(actualShutdownTimeSeconds <= 20);
  assert.equal(await solo.ended, 0);
  assert.match(logTextOf(solo, "default"), /goodbye: shutdown/);
  await nothingLeft(solo);
});

test("Shutdown with the same request_id after the next start answers as the first did, and ends nothing", async () => {
  await using solo = await Solo.start();
  const request = { timeoutSeconds: 20, requestId: "end-it-once" };
  const first = await (await solo.client("admin")).shutdown(request);
  assert.equal(await solo.ended, 0);
  await solo.startAgain();
  const admin = await solo.client("admin");
  assert.deepEqual(await admin.shutdown(request), first);
  const other = await refusalOf(admin.shutdown({ ...request, timeoutSeconds: 21 }));
  assert.equal(other.code, "REQUEST_ID_REUSED");
  await (await solo.client("default")).deploy({ serviceId: "counter", code: await example("counter") });
  assert.equal((await eventsOf(admin, ["shutdown_requested"])).length, 1);
});
