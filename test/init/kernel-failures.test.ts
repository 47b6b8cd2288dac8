import assert from "node:assert/strict";
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { cellNumber } from "../../src/base/index.ts";
import {
  childrenOf,
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

test("a kernel that keeps failing ends in safe mode, with the reason, while services keep running", async (t) => {
  const { dataDir, init, ready, kernel, socket, osPid, ask } = await startWithCell(t);

  writeFileSync(join(dataDir, "crash-unless-safe"), "the log is damaged at event 7");
  await kernel.exit(1);
  const safe = new KernelRemote(t, ready.grpc);
  const begin = await safe.hear("begin");
  assert.match(begin.safeMode ?? "", /the kernel exited with 1: the log is damaged at event 7/);
  assert.equal(begin.epoch, 7, "the first, five restarts, and the one in safe mode");
  assert.deepEqual(begin.cells, [{ cell: first, socket, osPid }]);
  assert.match(await ask("who"), new RegExp(`^${osPid} `));
  assert.match(init.stderr(), /READ-ONLY SAFE MODE/);
});

test("when even safe mode cannot stay up, services keep running, init says so and goes on trying", async (t) => {
  const { dataDir, init, ready, kernel, ask } = await startWithCell(t);
  writeFileSync(join(dataDir, "crash-at-start"), "no");
  await kernel.exit(1);
  await until("a word about it", () => init.stderr().includes("even in safe mode; tried again in 1000 ms"));
  assert.match(await ask("who"), /^\d+ /);
  rmSync(join(dataDir, "crash-at-start"));
  const back = new KernelRemote(t, ready.grpc);
  assert.notEqual((await back.hear("begin")).safeMode, undefined, "only a new start leaves safe mode");
});

test("a kernel that hangs before it was ever ready is ended, too", async (t) => {
  const dataDir = makeDataDir(t);
  writeFileSync(join(dataDir, "format"), "1\n");
  writeFileSync(join(dataDir, "hang-at-begin"), "");
  const init = startTestInit(t, dataDir, ["--kernel-silent-ms", "500"]);
  await until("a word about it", () => /the kernel hangs: it has said nothing for \d+ ms/.test(init.stderr()));
  rmSync(join(dataDir, "hang-at-begin"));
  await untilReady(init);
});

test("where no epoch can be written, services keep running, init says so and goes on trying", async (t) => {
  const { dataDir, init, ready, kernel, osPid, ask } = await startWithCell(t);
  // As good as a full disk: the file that the next epoch is written to cannot be opened.
  mkdirSync(join(dataDir, "epoch.new"));
  await kernel.exit(1);
  await until("a word about it", () => init.stderr().includes("no kernel can be started: its epoch cannot be written"));
  assert.match(await ask("who"), new RegExp(`^${osPid} `));
  rmdirSync(join(dataDir, "epoch.new"));
  const back = new KernelRemote(t, ready.grpc);
  assert.equal((await back.hear("begin")).epoch, 2);
});

test("a kernel that comes back is told of every loss until it is acknowledged", async (t) => {
  const dataDir = makeDataDir(t);
  const ready = await untilReady(startTestInit(t, dataDir));
  const kernel = new KernelRemote(t, ready.grpc);
  const [doomed, forgotten] = [cellNumber(2), cellNumber(3)];
  for (const cell of [doomed, forgotten]) {
    kernel.order({ type: "spawn_cell", cell, rssBytesMax: roomy });
    await kernel.hear("cell_spawned", (message) => message.cell === cell);
    kernel.order({ type: "kill_cell", cell, loss: { type: "protocol", problem: "sang" } });
    await kernel.hear("cell_exited", (message) => message.cell === cell);
  }
  kernel.order({ type: "acknowledge_exit", cell: forgotten });
  await kernel.exit(1);
  const next = new KernelRemote(t, ready.grpc);
  const exits = [{ cell: doomed, loss: { type: "protocol", problem: "sang" } }];
  assert.deepEqual((await next.hear("begin")).exits, exits);
  // A number is never used twice: asking for it again gets its end.
  next.order({ type: "spawn_cell", cell: doomed, rssBytesMax: roomy });
  assert.deepEqual((await next.hear("cell_exited")).loss, exits[0]?.loss);
  // A cell of which init knows nothing ended with an earlier init.
  next.order({ type: "kill_cell", cell: cellNumber(77), loss: { type: "closed" } });
  assert.deepEqual((await next.hear("cell_exited", ({ cell }) => cell === 77)).loss, { type: "node" });
});

test("a kernel that ends before it was ever ready is tried again until it is", async (t) => {
  const dataDir = makeDataDir(t);
  writeFileSync(join(dataDir, "format"), "1\n");
  writeFileSync(join(dataDir, "crash-at-start"), "not yet");
  const init = startTestInit(t, dataDir);
  await until("a first end", () => init.stderr().includes("not yet"));
  rmSync(join(dataDir, "crash-at-start"));
  assert.ok((await untilReady(init)).kernelEpoch > 1);
});

test("nonsense from a kernel is said loudly and changes nothing", async (t) => {
  const dataDir = makeDataDir(t);
  const init = startTestInit(t, dataDir);
  const ready = await untilReady(init);
  const kernel = new KernelRemote(t, ready.grpc);
  kernel.order({ type: "spawn_cell", cell: -1, rssBytesMax: roomy } as never);
  await until("a word about it", () => init.stderr().includes("does not understand: .cell"));
  kernel.order({ type: "spawn_cell", cell: first, rssBytesMax: roomy });
  await kernel.hear("cell_spawned");
});

test("a builder that is killed is started again, and the kernel is told to connect anew", async (t) => {
  const dataDir = makeDataDir(t);
  const ready = await untilReady(startTestInit(t, dataDir));
  const kernel = new KernelRemote(t, ready.grpc);
  await kernel.hear("begin");
  const [, builder] = childrenOf(ready.pid);
  assert.ok(builder !== undefined);
  process.kill(builder, "SIGKILL");
  const { socket } = await kernel.hear("builder_spawned");
  assert.equal(socket, "builder.sock");
  assert.equal(isAlive(builder), false);
});
