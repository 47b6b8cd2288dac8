import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { cellNumber } from "../../src/base/index.ts";
import { childrenOf, isAlive, makeDataDir, roomy, startTestInit, startWithCell, until } from "./harness.ts";

async function startFamily(t: TestContext, args: readonly string[] = []) {
  const { dataDir, init, kernel, ready } = await startWithCell(t, { args });
  return { dataDir, init, kernel, pid: ready.pid, family: childrenOf(ready.pid) };
}

test("a client's request shuts down as a signal does, within its own deadline", async (t) => {
  const { init, kernel, family } = await startFamily(t);
  kernel.order({ type: "request_shutdown", why: "admin asked", deadlineMs: 8_000 });
  assert.equal(await init.ended, 0);
  assert.deepEqual(await kernel.hear("shutdown"), { type: "shutdown", why: "admin asked", deadlineMs: 6_000 });
  assert.deepEqual(family.filter(isAlive), []);
});

test("a kernel that does not stop is cut off at the deadline, with everything else", async (t) => {
  const { dataDir, init, pid, family } = await startFamily(t, ["--shutdown-ms", "400"]);
  writeFileSync(join(dataDir, "deaf-to-shutdown"), "");
  const began = performance.now();
  process.kill(pid, "SIGTERM");
  assert.equal(await init.ended, 0);
  assert.ok(performance.now() - began >= 400);
  assert.match(init.stderr(), /took too long; what is left is cut off/);
  assert.deepEqual(family.filter(isAlive), []);
  assert.equal(existsSync(join(dataDir, "run")), false);
});

test("a second signal hastens: the kernel is told, and what is not done in a moment is cut off", async (t) => {
  const { dataDir, init, kernel, pid, family } = await startFamily(t);
  writeFileSync(join(dataDir, "deaf-to-shutdown"), "");
  process.kill(pid, "SIGINT");
  await kernel.hear("shutdown");
  process.kill(pid, "SIGINT");
  await kernel.hear("shutdown", ({ deadlineMs }) => deadlineMs === 0);
  assert.equal(await init.ended, 0);
  assert.deepEqual(family.filter(isAlive), []);
});

test("a client that asks again does not hasten: what was ordered has its time", async (t) => {
  const { dataDir, init, kernel, pid, family } = await startFamily(t);
  writeFileSync(join(dataDir, "deaf-to-shutdown"), "");
  kernel.order({ type: "request_shutdown", why: "admin asked", deadlineMs: 60_000 });
  await kernel.hear("shutdown");
  kernel.order({ type: "request_shutdown", why: "admin asked again", deadlineMs: 1 });
  // Behind the second order, init hears this one, so the order before it had no effect.
  kernel.order({ type: "spawn_cell", cell: cellNumber(2), rssBytesMax: roomy });
  await kernel.hear("cell_spawned", ({ cell }) => cell === 2);
  assert.equal(kernel.heard.filter(({ type }) => type === "shutdown").length, 1);
  process.kill(pid, "SIGINT");
  await kernel.hear("shutdown", ({ deadlineMs }) => deadlineMs === 0);
  assert.equal(await init.ended, 0);
  assert.deepEqual(family.filter(isAlive), []);
});

test("a kernel that dies during the shutdown is not started again, and the end is clean", async (t) => {
  const { dataDir, init, kernel, pid, family } = await startFamily(t);
  writeFileSync(join(dataDir, "deaf-to-shutdown"), "");
  process.kill(pid, "SIGTERM");
  await kernel.hear("shutdown");
  await kernel.exit(1);
  assert.equal(await init.ended, 0);
  assert.match(init.stderr(), /ended before it had stopped every service/);
  assert.deepEqual(family.filter(isAlive), []);
});

test("SIGTERM while the kernel is down ends cleanly", async (t) => {
  const { dataDir, init, kernel, pid, family } = await startFamily(t);
  writeFileSync(join(dataDir, "crash-at-start"), "no");
  await kernel.exit(1);
  await until("safe mode to fail", () => init.stderr().includes("even in safe mode"));
  process.kill(pid, "SIGTERM");
  assert.equal(await init.ended, 0);
  assert.deepEqual(family.filter(isAlive), []);
});

test("SIGTERM before the first kernel is ready ends at once", async (t) => {
  const dataDir = makeDataDir(t);
  writeFileSync(join(dataDir, "format"), "1\n");
  writeFileSync(join(dataDir, "crash-at-start"), "no");
  const init = startTestInit(t, dataDir);
  await until("a first end", () => init.stderr().includes("it is started again"));
  process.kill(init.process.pid ?? 0, "SIGTERM");
  assert.equal(await init.ended, 0);
});
