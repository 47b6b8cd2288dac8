// How `solo start` begins and ends.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { onlyLinux } from "../sandbox/tiers.ts";
import { Workplace } from "./harness.ts";

const nobody = 65_534;

test("in the foreground the command is Solo: it says when it is ready, SIGTERM ends it in order, with 0", async () => {
  await using place = new Workplace();
  const running = place.begin("start", "--grpc", "127.0.0.1:0", "--json");
  const [line] = await running.says(/^.*\n/);
  const ready = JSON.parse(line) as { pid: number; ready: boolean };
  assert.equal(ready.ready, true);
  assert.equal(ready.pid, running.pid);
  assert.equal((await place.solo("list")).code, 0);
  running.kill("SIGTERM");
  const ended = await running.ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.doesNotMatch(ended.stderr, /WITHOUT an operating system sandbox/);
});

test("without a sandbox nothing starts, unless whoever starts it says so; then it is said at every turn", async () => {
  await using place = new Workplace();
  const refused = await place.solo("start", "--grpc", "127.0.0.1:0", "--sandbox", "none");
  assert.equal(refused.code, 8);
  assert.match(refused.stderr, /--unsafe-no-sandbox/);
  assert.ok(!existsSync(join(place.dataDir, "run")), "no start, no trace of one");
  const running = place.begin("start", "--grpc", "127.0.0.1:0", "--sandbox", "none", "--unsafe-no-sandbox", "--json");
  await running.says(/^.*\n/);
  assert.match((await place.solo("status")).stdout, /sandbox +NONE/);
  assert.match((await place.solo("doctor")).stdout, /WARN +sandbox +NONE\. Cells run WITHOUT/);
  assert.match(readFileSync(join(place.dataDir, "log", "kernel.log"), "utf8"), /WITHOUT an operating system sandbox/);
  running.kill("SIGTERM");
  assert.match((await running.ended).stderr, /WITHOUT an operating system sandbox/);
});

test("a layer that is required and missing refuses the start, and says which and why", async () => {
  await using place = new Workplace();
  const args = ["--grpc", "127.0.0.1:0", "--sandbox", "none", "--unsafe-no-sandbox", "--require-layers", "files"];
  const refused = await place.solo("start", ...args);
  assert.equal(refused.code, 8);
  assert.match(refused.stderr, /layer files is required/);
});

test("so does a layer that every jail lacks here: it is said of each that was tried", { skip: onlyLinux }, async () => {
  // Only root can give cells users of their own.
  await using place = new Workplace(process.getuid?.() === 0 ? nobody : undefined);
  const refused = await place.solo("start", "--grpc", "127.0.0.1:0", "--require-layers", "user");
  assert.equal(refused.code, 8, refused.stderr);
  const said = /(\w+): layer user is missing: only root can give cells users of their own/g;
  const tiers = [...refused.stderr.matchAll(said)].map(([, tier]) => tier);
  assert.ok(tiers.includes("launcher"), refused.stderr);
  assert.ok(!existsSync(join(place.dataDir, "run", "init.json")), "nothing was started");

  const named = ["--sandbox", "launcher", "--require-layers", "files,user"];
  const alone = await place.solo("start", "--grpc", "127.0.0.1:0", ...named);
  assert.equal(alone.code, 8, alone.stderr);
  assert.match(alone.stderr, /launcher: layer user is missing/);
  assert.doesNotMatch(alone.stderr, /bubblewrap: layer/);
});

test("doctor without a running Solo says what sandbox a start would get", async () => {
  await using place = new Workplace();
  const { stdout } = await place.solo("doctor");
  assert.match(stdout, /ok +sandbox +(bubblewrap|launcher): files, network, processes, system-calls, lock, privileges/);
});

test("a second Solo on the same directory, or on the same port, is refused; the first does not notice", async () => {
  await using place = new Workplace();
  await using other = new Workplace();
  const started = await place.solo("start", "--detach", "--grpc", "127.0.0.1:0", "--json");
  assert.equal(started.code, 0, started.stderr);
  const { grpc } = JSON.parse(started.stdout) as { grpc: string };

  const locked = await place.solo("start", "--detach", "--grpc", "127.0.0.1:0", "--json");
  assert.equal(locked.code, 1);
  const { error } = JSON.parse(locked.stdout) as { error: { code: string; detail: { initExitCode: number } } };
  assert.equal(error.code, "START_FAILED");
  assert.equal(error.detail.initExitCode, 4);

  assert.equal((await other.solo("start", "--grpc", grpc)).code, 3);
  assert.equal((await place.solo("list")).code, 0);
});

test("a directory that is not Solo's is left as it is", async () => {
  await using place = new Workplace();
  mkdirSync(place.dataDir);
  writeFileSync(join(place.dataDir, "diary.txt"), "mine");
  const { code, stderr } = await place.solo("start");
  assert.equal(code, 6);
  assert.match(stderr, /diary\.txt/);
});

test("a wrong address is refused before anything is made", async () => {
  await using place = new Workplace();
  const { code, stderr } = await place.solo("start", "--grpc", "nowhere");
  assert.equal(code, 2);
  assert.match(stderr, /--grpc/);
});
