// How `solo start` begins and ends.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Workplace } from "./harness.ts";

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
  assert.match(ended.stderr, /WITHOUT an operating system sandbox/);
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
