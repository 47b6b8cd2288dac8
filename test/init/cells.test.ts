import assert from "node:assert/strict";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { cellNumber, defined, parseTenantId } from "../../src/base/index.ts";
import { askCell, isAlive, KernelRemote, makeDataDir, startTestInit, until, untilReady } from "./harness.ts";

const cell = cellNumber(1);

async function startCell(t: TestContext, rssBytesMax: number) {
  const dataDir = makeDataDir(t);
  const ready = await untilReady(startTestInit(t, dataDir));
  const kernel = new KernelRemote(t, ready.grpc);
  kernel.order({ type: "spawn_cell", cell, rssBytesMax });
  const { socket, osPid } = await kernel.hear("cell_spawned");
  return { kernel, osPid, ask: (word: string) => askCell(dataDir, socket, word) };
}

test("a cell that takes more memory than its quota is killed, and the loss says how much", async (t) => {
  const limitBytes = 300 * 1024 * 1024;
  const { kernel, osPid, ask } = await startCell(t, limitBytes);
  await ask("eat");
  const { loss } = await kernel.hear("cell_exited");
  assert.ok(loss.type === "memory");
  assert.equal(loss.limitBytes, limitBytes);
  // It takes 64 MB every 10 ms and is looked at every 100.
  assert.ok(loss.rssBytes > limitBytes && loss.rssBytes < limitBytes + 1_500 * 1024 * 1024);
  assert.equal(isAlive(osPid), false);
});

test("a quota that is lowered below what a cell uses ends it", async (t) => {
  const { kernel } = await startCell(t, 1024 ** 3);
  kernel.order({ type: "limit_cell", cell, rssBytesMax: 1024 * 1024 });
  assert.equal((await kernel.hear("cell_exited")).loss.type, "memory");
});

test("what is said of a cell in the same breath as it is asked for, counts: whose it is, and its quota", async (t) => {
  const dataDir = makeDataDir(t);
  const ready = await untilReady(startTestInit(t, dataDir));
  const kernel = new KernelRemote(t, ready.grpc);
  const small = cellNumber(2);
  const tenant = defined(parseTenantId("acme"), "tenant");
  kernel.order({ type: "spawn_cell", cell, rssBytesMax: 1024 ** 3 });
  kernel.order({ type: "assign_cell", cell, tenant });
  kernel.order({ type: "spawn_cell", cell: small, rssBytesMax: 1024 ** 3 });
  kernel.order({ type: "limit_cell", cell: small, rssBytesMax: 1024 * 1024 });
  const { loss } = await kernel.hear("cell_exited");
  assert.equal(loss.type, "memory");
  await kernel.exit(0);
  const next = new KernelRemote(t, ready.grpc);
  const { cells } = await next.hear("begin");
  assert.deepEqual(
    cells.map((one) => [one.cell, one.tenant]),
    [[cell, tenant]],
  );
});

test("a cell that burns CPU without a heartbeat is killed as hung", async (t) => {
  const { kernel, osPid, ask } = await startCell(t, 1024 ** 3);
  await ask("spin");
  const { loss } = await kernel.hear("cell_exited");
  assert.ok(loss.type === "hang");
  assert.ok(loss.silentMs > 3_000 && loss.silentMs < 6_000);
  assert.equal(isAlive(osPid), false);
});

test("a cell that aborts, as V8 does, is reported with its signal and its last words", async (t) => {
  const { kernel, ask } = await startCell(t, 1024 ** 3);
  await ask("abort");
  const { loss } = await kernel.hear("cell_exited");
  assert.ok(loss.type === "signal");
  assert.equal(loss.signal, "SIGABRT");
  assert.match(loss.lastWords ?? "", /Native stack trace|Abort/i);
});

test("a cell that someone kills from outside is reported with the signal", async (t) => {
  const { kernel, osPid } = await startCell(t, 1024 ** 3);
  process.kill(osPid, "SIGKILL");
  assert.deepEqual((await kernel.hear("cell_exited")).loss, { type: "signal", signal: "SIGKILL" });
});

test("a stopped cell is nobody's fault: without CPU, silence is no hang", async (t) => {
  const { kernel, osPid, ask } = await startCell(t, 1024 ** 3);
  process.kill(osPid, "SIGSTOP");
  const censuses = (): number => kernel.heard.filter(({ type }) => type === "census").length;
  const before = censuses();
  // One a second: five are more than the watchdog's patience.
  await until("five censuses", () => censuses() >= before + 5);
  process.kill(osPid, "SIGCONT");
  assert.match(await ask("who"), new RegExp(`^${osPid} `));
});

test("the census tells memory and CPU time of each cell, every second", async (t) => {
  const { kernel } = await startCell(t, 1024 ** 3);
  const { cells } = await kernel.hear("census", (census) => census.cells.length > 0);
  assert.equal(cells[0]?.cell, cell);
  assert.ok((cells[0]?.rssBytes ?? 0) > 10 * 1024 * 1024);
  assert.ok((cells[0]?.cpuMs ?? 0) > 0);
});
