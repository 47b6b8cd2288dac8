import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  childrenOf,
  first,
  isAlive,
  KernelRemote,
  makeDataDirPath,
  startTestInit,
  startWithCell,
  until,
  untilReady,
} from "./harness.ts";

test("a kernel killed with -9 is replaced by one with the next epoch, which finds the same cell", async (t) => {
  const { init, ready, kernel, socket, osPid, ask } = await startWithCell(t, { dataDir: makeDataDirPath(t) });
  assert.equal(ready.kernelEpoch, 1);
  assert.match(await ask("who"), new RegExp(`^${osPid} {}$`), "the environment is empty");

  const before = await kernel.hear("begin");
  const [kernelPid] = childrenOf(ready.pid);
  assert.ok(kernelPid !== undefined);
  process.kill(kernelPid, "SIGKILL");
  await until("the kernel's end", () => !isAlive(kernelPid));

  // Connections queue while no kernel is up.
  const next = new KernelRemote(t, ready.grpc);
  const begin = await next.hear("begin");
  assert.equal(begin.epoch, 2);
  assert.equal(begin.boot, before.boot, "the node was not restarted");
  assert.deepEqual(begin.cells, [{ cell: first, socket, osPid }]);
  assert.match(await ask("who"), new RegExp(`^${osPid} `));
  await until("a word about it", () => init.stderr().includes("the kernel was ended by SIGKILL"));
});

test("killing init with -9 leaves no process", async (t) => {
  const { init, ready, ask } = await startWithCell(t, { dataDir: makeDataDirPath(t) });
  await ask("who");
  const family = childrenOf(ready.pid);
  assert.ok(family.length >= 2);
  process.kill(ready.pid, "SIGKILL");
  await init.ended;
  await until("the end of all", () => !family.some(isAlive));
});

test("SIGTERM lets the kernel finish, then ends everything and leaves no socket", async (t) => {
  const { dataDir, init, ready, kernel } = await startWithCell(t, { dataDir: makeDataDirPath(t) });
  const family = childrenOf(ready.pid);
  process.kill(ready.pid, "SIGTERM");
  assert.equal(await init.ended, 0);
  const order = await kernel.hear("shutdown");
  assert.equal(order.why, "SIGTERM");
  assert.ok(order.deadlineMs < 40_000 && order.deadlineMs > 30_000);
  assert.deepEqual(family.filter(isAlive), []);
  assert.equal(existsSync(join(dataDir, "run")), false);
});

test("init goes on when nobody reads what it says any more", async (t) => {
  const init = startTestInit(t, makeDataDirPath(t));
  const ready = await untilReady(init);
  const kernel = new KernelRemote(t, ready.grpc);
  await kernel.hear("begin");
  init.process.stdout?.destroy();
  init.process.stderr?.destroy();
  await kernel.exit(1);
  const next = new KernelRemote(t, ready.grpc);
  assert.equal((await next.hear("begin")).epoch, 2);
  await next.exit(1);
  assert.equal((await new KernelRemote(t, ready.grpc).hear("begin")).epoch, 3);
});
