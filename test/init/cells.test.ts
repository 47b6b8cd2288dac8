import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { cellNumber, defined, parseTenantId } from "../../src/base/index.ts";
import {
  first,
  isAlive,
  KernelRemote,
  makeDataDir,
  roomy,
  startTestInit,
  startWithCell,
  until,
  untilReady,
} from "./harness.ts";

test("a cell that takes more memory than its quota is killed, and the loss says how much", async (t) => {
  const limitBytes = 300 * 1024 * 1024;
  const { kernel, osPid, ask } = await startWithCell(t, { rssBytesMax: limitBytes });
  await ask("eat");
  const { loss } = await kernel.hear("cell_exited");
  assert.ok(loss.type === "memory");
  assert.equal(loss.limitBytes, limitBytes);
  // It takes 16 MB every 10 ms and is looked at every 100, or a while later where the machine has much to do.
  assert.ok(loss.rssBytes > limitBytes && loss.rssBytes < limitBytes + 1_500 * 1024 * 1024);
  assert.equal(isAlive(osPid), false);
});

test("a quota that is lowered below what a cell uses ends it", async (t) => {
  const { kernel } = await startWithCell(t);
  kernel.order({ type: "limit_cell", cell: first, rssBytesMax: 1024 * 1024 });
  assert.equal((await kernel.hear("cell_exited")).loss.type, "memory");
});

test("what is said of a cell in the same breath as it is asked for, counts: whose it is, and its quota", async (t) => {
  const dataDir = makeDataDir(t);
  const ready = await untilReady(startTestInit(t, dataDir));
  const kernel = new KernelRemote(t, ready.grpc);
  const small = cellNumber(2);
  const tenant = defined(parseTenantId("acme"), "tenant");
  kernel.order({ type: "spawn_cell", cell: first, rssBytesMax: roomy });
  kernel.order({ type: "assign_cell", cell: first, tenant });
  kernel.order({ type: "spawn_cell", cell: small, rssBytesMax: roomy });
  kernel.order({ type: "limit_cell", cell: small, rssBytesMax: 1024 * 1024 });
  const { loss } = await kernel.hear("cell_exited");
  assert.equal(loss.type, "memory");
  await kernel.exit(0);
  const next = new KernelRemote(t, ready.grpc);
  const { cells } = await next.hear("begin");
  assert.deepEqual(
    cells.map((one) => [one.cell, one.tenant]),
    [[first, tenant]],
  );
});

test("the next kernel is told of which tier a cell's services are, since an empty cell does not say it", async (t) => {
  const ready = await untilReady(startTestInit(t, makeDataDir(t)));
  const kernel = new KernelRemote(t, ready.grpc);
  const tenant = defined(parseTenantId("acme"), "tenant");
  const cells = [first, cellNumber(2), cellNumber(3), cellNumber(4)] as const;
  const [ofSystem, ofUsers, unsaid, nobodys] = cells;
  for (const cell of cells) kernel.order({ type: "spawn_cell", cell, rssBytesMax: roomy });
  kernel.order({ type: "assign_cell", cell: ofSystem, tenant, tier: "system" });
  kernel.order({ type: "assign_cell", cell: ofUsers, tenant, tier: "user" });
  kernel.order({ type: "assign_cell", cell: unsaid, tenant });
  // The first word counts.
  kernel.order({ type: "assign_cell", cell: ofSystem, tenant, tier: "user" });
  await kernel.hear("cell_spawned", ({ cell }) => cell === nobodys);
  await kernel.exit(0);
  const begin = await new KernelRemote(t, ready.grpc).hear("begin");
  assert.deepEqual(
    begin.cells.map(({ cell, tier }) => [cell, tier]),
    [
      [ofSystem, "system"],
      [ofUsers, "user"],
      [unsaid, "user"],
      [nobodys, undefined],
    ],
  );
});

test("a cell that burns CPU without a heartbeat is killed as hung", async (t) => {
  const { kernel, osPid, ask } = await startWithCell(t);
  await ask("spin");
  const { loss } = await kernel.hear("cell_exited");
  assert.ok(loss.type === "hang");
  assert.ok(loss.silentMs > 3_000 && loss.silentMs < 60_000);
  assert.equal(isAlive(osPid), false);
});

test("a cell that aborts, as V8 does, is reported with its signal and its last words", async (t) => {
  const { kernel, ask } = await startWithCell(t);
  await ask("abort");
  const { loss } = await kernel.hear("cell_exited");
  assert.ok(loss.type === "signal");
  assert.equal(loss.signal, "SIGABRT");
  assert.match(loss.lastWords ?? "", /Native stack trace|Abort/i);
});

test("a cell that someone kills from outside is reported with the signal", async (t) => {
  const { kernel, osPid } = await startWithCell(t);
  process.kill(osPid, "SIGKILL");
  assert.deepEqual((await kernel.hear("cell_exited")).loss, { type: "signal", signal: "SIGKILL" });
});

test("a stopped cell is nobody's fault: without CPU, silence is no hang", async (t) => {
  const { kernel, osPid, ask } = await startWithCell(t);
  process.kill(osPid, "SIGSTOP");
  const censuses = (): number => kernel.heard.filter(({ type }) => type === "census").length;
  const before = censuses();
  // One a second: five are more than the watchdog's patience.
  await until("five censuses", () => censuses() >= before + 5);
  process.kill(osPid, "SIGCONT");
  assert.match(await ask("who"), new RegExp(`^${osPid} `));
});

test("the census tells memory and CPU time of each cell, every second", async (t) => {
  const { kernel } = await startWithCell(t);
  // One that has just begun has little of either.
  const { cells } = await kernel.hear(
    "census",
    ({ cells: [one] }) => (one?.rssBytes ?? 0) > 10 * 1024 * 1024 && (one?.cpuMs ?? 0) > 0,
  );
  assert.equal(cells[0]?.cell, first);
});
