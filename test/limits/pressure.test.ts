/** The node runs short of what everybody shares: it says so, takes nothing new in, and sheds the newest user services. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { SoloClient, SoloError } from "../../src/client/index.ts";
import { eventsOf, gate, refusalIn, refusalOf, service, untilStatus } from "../e2e/asking.ts";
import { filesOf } from "../e2e/processes.ts";
import { call, Solo, until } from "../e2e/solo.ts";

const code = service(`ping() { return "pong"; }`);
/** Ends only when the gate is open. */
const clinging = service(`
  async terminate() {
    const gate = await this.lookup("gate");
    while (!(await gate.call.isOpen())) await new Promise((done) => setTimeout(done, 20));
  }`);

/** Whatever else this machine does, its pace is not looked at here. */
const patient = { monitor_interval_ms: 100, event_loop_delay_ms_max: 60_000 };
const mebibyte = 1024 * 1024;

/** What was said of pressure, as `rose 80 of disk`. */
const told = async (admin: SoloClient): Promise<readonly string[]> =>
  (await eventsOf(admin, ["pressure_rose", "pressure_fell"])).map(({ eventType, payload }) =>
    `${eventType.replace("pressure_", "")} ${Number(payload?.["percent"])} of ${JSON.stringify(payload?.["what"])}`.replaceAll(
      '"',
      "",
    ),
  );
const untilTold = (admin: SoloClient, what: string): Promise<void> =>
  until(what, async () => (await told(admin)).includes(what));

const shedOf = (client: SoloClient, serviceId: string) =>
  untilStatus(client, serviceId, "is shed", ({ deaths }) => deaths.some(({ type }) => type === "shed"));

/** So many services are ended at once. One that was just about to run is newer than they are, and stays. */
const shedAtOnce = 8;

/** The first that was shed, of those in a cell or of all: when it ended, it was among the newest. */
async function firstShed(admin: SoloClient, client: SoloClient, cell?: unknown) {
  let [newest, first]: [readonly string[], string | undefined] = [[], undefined];
  await until("some service to be shed", async () => {
    const events = await eventsOf(admin, ["service_deployed", "service_crashed"]);
    const at = events.findIndex(
      ({ payload }) => (payload?.["death"] as { readonly type?: string } | undefined)?.type === "shed",
    );
    first = events[at]?.subject;
    newest = events
      .slice(0, Math.max(0, at))
      .filter(
        ({ eventType, payload }) =>
          eventType === "service_deployed" && (cell ?? payload?.["cell"]) === payload?.["cell"],
      )
      .map(({ subject }) => subject)
      .slice(-(shedAtOnce + 1));
    return first !== undefined;
  });
  assert.ok(first !== undefined && newest.includes(first), `${first} is none of ${newest.join(", ")}`);
  return shedOf(client, first);
}

const has = (solo: Solo, wanted: "kernel" | "heir"): boolean => solo.processes().some(({ role }) => role === wanted);

/** The next kernel reads its settings again. */
async function settle(solo: Solo, config: Readonly<Record<string, unknown>>): Promise<void> {
  await writeFile(join(solo.dataDir, "config.json"), JSON.stringify({ ...patient, ...config }));
  await solo.killKernel();
  await until("the next kernel", () => has(solo, "kernel"));
}

/** Once a limit is so low that what runs is too much already: both warnings, no admission, and the newest are shed. */
async function assertPressed(solo: Solo, what: string): Promise<void> {
  const [admin, tenant] = [await solo.client("admin"), await solo.client("default")];
  for (const percent of [80, 90]) await untilTold(admin, `rose ${percent} of ${what}`);
  let refused: SoloError | undefined;
  await until("a deploy to be refused", async () => {
    const [settled] = await Promise.allSettled([tenant.deploy({ serviceId: "late", code })]);
    refused = settled.status === "rejected" ? refusalIn(settled) : undefined;
    // On a machine that is busy itself, what presses may let go for a moment.
    if (refused === undefined) await tenant.kill({ serviceId: "late", force: true });
    return refused !== undefined;
  });
  assert.deepEqual([refused?.code, refused?.status, refused?.retry], ["UNDER_PRESSURE", "RESOURCE_EXHAUSTED", "later"]);
  assert.match(
    refused?.message ?? "",
    new RegExp(`The node takes no new services: ${what.replaceAll("_", " ")} at \\d+ %`),
  );
  const shed = await shedOf(tenant, "newest");
  assert.match(shed.deaths[0]?.summary ?? "", new RegExp(`^ended to relieve the node: ${what} at \\d+ %$`));
  assert.ok(shed.nextRestartMs > 0n, "it starts again later");
}

/** The end of it is told, and what is new is taken in. */
async function assertRelieved(solo: Solo, what: string): Promise<void> {
  const [admin, tenant] = [await solo.client("admin"), await solo.client("default")];
  await untilTold(admin, `fell 80 of ${what}`);
  // It may have risen again since that was told.
  await until("something new is taken in", async () => {
    const [settled] = await Promise.allSettled([tenant.deploy({ serviceId: "late", code })]);
    if (settled.status === "rejected") assert.equal(refusalIn(settled).code, "UNDER_PRESSURE");
    return settled.status === "fulfilled";
  });
}

test("a cell near its limit of memory maps takes no more, and its newest are shed; its tenant's next service gets another cell, and no other tenant notices", async () => {
  await using solo = await Solo.start({
    config: { ...patient, memory_maps_max: 600 },
  });
  const admin = await solo.client("admin");
  const tenant = await solo.client("default");
  const other = await solo.tenant("other");
  const cellsOf = async (tenantId: string): Promise<readonly unknown[]> =>
    (await eventsOf(admin, ["service_deployed"]))
      .filter((event) => event.tenantId === tenantId)
      .map(({ payload }) => payload?.["cell"]);

  // Who is shed stays until the gate is open: for so long its cell has no more room than it had.
  await tenant.deploy({ serviceId: "gate", code: gate });
  // An isolate takes 8 maps or a few more, and a cell not quite 200.
  await tenant.deploy({ serviceId: "old", code, instances: 20 });
  const [first] = await cellsOf("default");
  assert.deepEqual(await told(admin), []);
  for (let count = 1; !(await told(admin)).includes("rose 90 of memory_maps"); count++) {
    assert.ok(count < 100, "each of them takes some");
    await tenant.deploy({ serviceId: `s${count}`, code: clinging });
  }
  const [warned] = await eventsOf(admin, ["pressure_rose"]);
  assert.deepEqual([warned?.subject, warned?.tenantId], ["node", ""]);
  assert.deepEqual([warned?.payload?.["percent"], warned?.payload?.["limit"]], [80, 600]);
  assert.deepEqual(
    await eventsOf(tenant, ["pressure_rose"]),
    [],
    "what the node has left is the administrator's to know",
  );

  await other.deploy({ serviceId: "theirs", code });
  await tenant.deploy({ serviceId: "next", code });
  assert.notEqual((await cellsOf("default")).at(-1), first, "it is placed where there is room");

  await call(tenant, "gate", "open");
  const shed = await firstShed(admin, tenant, first);
  assert.match(shed.deaths[0]?.summary ?? "", /^ended to relieve the node: memory_maps at \d+ %$/);
  assert.ok(shed.nextRestartMs > 0n, "it starts again later");
  for (const [client, serviceId] of [
    [tenant, "old"],
    [tenant, "next"],
    [other, "theirs"],
  ] as const) {
    assert.deepEqual((await client.status({ serviceId })).deaths, [], `${serviceId} stays`);
    assert.equal(await call(client, serviceId, "ping"), "pong");
  }

  await tenant.kill({ serviceId: "old", force: true });
  await untilTold(admin, "fell 80 of memory_maps");
});

test("a kernel short of descriptors says so and takes nothing new in until it has some again", async () => {
  // init has some fifty of its own.
  await using solo = await Solo.start({ config: { ...patient, descriptors_max: 128 } });
  const admin = await solo.client("admin");
  // Connections are descriptors of the kernel.
  const clients = await Promise.all(Array.from({ length: 105 }, () => solo.client("admin")));
  await Promise.all(clients.map((client) => client.listTenants({})));
  await untilTold(admin, "rose 90 of descriptors");
  assert.equal((await refusalOf(admin.deploy({ serviceId: "late", code }))).code, "UNDER_PRESSURE");
  for (const client of clients) client.close();
  await untilTold(admin, "fell 80 of descriptors");
  await admin.deploy({ serviceId: "late", code });
});

test("init holds descriptors for each cell: when it runs short of them, the newest services in cells of their own are shed", async () => {
  await using solo = await Solo.start({ config: { ...patient, descriptors_max: 128, services_per_cell_max: 1 } });
  const [admin, tenant] = [await solo.client("admin"), await solo.client("default")];
  for (let count = 1; !(await told(admin)).includes("rose 90 of descriptors"); count++) {
    assert.ok(count < 100, "each cell takes some");
    const [settled] = await Promise.allSettled([tenant.deploy({ serviceId: `s${count}`, code })]);
    if (settled.status === "rejected") assert.equal(refusalIn(settled).code, "UNDER_PRESSURE");
  }
  assert.ok(filesOf(solo.kernelPid()).length < 0.8 * 128, "the kernel itself has enough");
  const shed = await firstShed(admin, tenant);
  assert.match(shed.deaths[0]?.summary ?? "", /^ended to relieve the node: descriptors at \d+ %$/);
});

test("more threads than processes_max: both warnings, no admission, and the newest are shed until there is room again", async () => {
  await using solo = await Solo.start({ config: patient });
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "newest", code });
  // There are more on any machine that runs this.
  await settle(solo, { processes_max: 16 });
  await assertPressed(solo, "processes");
  await settle(solo, {});
  await tenant.deploy({ serviceId: "late", code });
});

test("an event loop that is always late: both warnings, no admission, and the newest are shed until it turns again", async () => {
  await using solo = await Solo.start({ config: { ...patient, event_loop_delay_ms_max: 40 } });
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "newest", code });
  {
    await using _ = slowDown(solo.kernelPid());
    await assertPressed(solo, "event_loop");
  }
  await assertRelieved(solo, "event_loop");
});

/** Gives a process the processor for a moment now and then, until disposed of. Not from here: this process has moments of its own. */
function slowDown(pid: number): AsyncDisposable {
  const line = `while kill -STOP ${pid}; do sleep 0.2; kill -CONT ${pid}; sleep 0.005; done`;
  const shell = spawn("/bin/sh", ["-c", line], { stdio: "ignore" });
  return {
    async [Symbol.asyncDispose]() {
      shell.kill("SIGKILL");
      await once(shell, "exit");
      process.kill(pid, "SIGCONT");
    },
  };
}

/** Keeps as much outside of its heap as it is told to. */
const hog = service(`
  #kept: Uint8Array | undefined;
  take(mebibytes: number) { this.#kept = new Uint8Array(mebibytes * 1024 * 1024).fill(1); return this.#kept.length; }`);

/** Resident memory of all processes of a Solo. */
function residentBytes(solo: Solo): number {
  const pids = [solo.initPid, ...solo.processes().map(({ pid }) => pid)];
  const kilobytes = pids.map((pid) => {
    try {
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      // It has just ended.
      return 0;
    }
  });
  return kilobytes.reduce((sum, each) => sum + each, 0) * 1024;
}

test("more memory than memory_max_mb: both warnings, no admission, and the newest are shed until there is room again", async () => {
  await using solo = await Solo.start({ config: patient });
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "newest", code });
  // No kernel does with so little.
  await settle(solo, { memory_max_mb: 64 });
  await assertPressed(solo, "memory");
  await settle(solo, {});
  await tenant.deploy({ serviceId: "late", code });
});

test("services that take the memory of Solo's processes to its end are shed, and give it back", async () => {
  const config = { tenant_memory_max_mb: 8_192, services_per_cell_max: 4 };
  await using solo = await Solo.start({ config: { ...patient, ...config } });
  const [admin, tenant] = [await solo.client("admin"), await solo.client("default")];
  await until("a kernel in reserve", () => has(solo, "heir"));

  // They run before they take anything: who is still starting when the newest are shed would stay, and keep what it has.
  const instances = 8;
  const resourceLimits = { maxMemoryBytes: 2_048n * BigInt(mebibyte), startupTimeoutMs: 60_000 };
  await tenant.deploy({ serviceId: "newest", code: hog, instances, resourceLimits });
  // What runs now is two thirds of what may; as many services as are shed at once take a bit more than the last.
  const limit = Math.round(residentBytes(solo) / 0.65 / mebibyte);
  await settle(solo, { ...config, memory_max_mb: limit });
  const each = Math.ceil((0.36 * limit) / instances);
  // Again and again: the next kernel may not know all of them yet. What becomes of each call does not matter.
  await until("both warnings", async () => {
    await Promise.allSettled(Array.from({ length: instances }, () => call(tenant, "newest", "take", [each])));
    const warned = await told(admin);
    return [80, 90].every((percent) => warned.includes(`rose ${percent} of memory`));
  });
  const shed = await shedOf(tenant, "newest");
  assert.match(shed.deaths[0]?.summary ?? "", /^ended to relieve the node: memory at \d+ %$/);
  await untilTold(admin, "fell 90 of memory");
  await tenant.kill({ serviceId: "newest", force: true });
});
