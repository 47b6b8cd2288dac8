import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defined, incarnationNumber, limits, parseServiceId, parseTenantId } from "../base/index.ts";
import { type ServiceLine, ServiceLogs } from "./index.ts";

const whose = {
  tenant: defined(parseTenantId("agent_1"), "tenant"),
  service: defined(parseServiceId("chatty"), "service"),
};
const line = (text: string): ServiceLine => ({
  atMs: 1,
  level: "INFO",
  text,
  instance: 1,
  incarnation: incarnationNumber(1),
  dropped: 0,
});

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "solo-logs-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("the newest lines of a service are kept in memory, the oldest forgotten first", () =>
  inFolder(async (folder) => {
    await using logs = new ServiceLogs(folder);
    for (let n = 0; n < limits.logRingLinesMax + 5; n++) logs.record(whose, line(`line ${n}`));
    const kept = logs.tail(whose, limits.logRingLinesMax * 2);
    assert.equal(kept.length, limits.logRingLinesMax);
    assert.equal(kept[0]?.text, "line 5");
    assert.deepEqual(
      logs.tail(whose, 2).map(({ text }) => text),
      [`line ${limits.logRingLinesMax + 3}`, `line ${limits.logRingLinesMax + 4}`],
    );
  }));

test("followers hear each line until they stop listening", () =>
  inFolder(async (folder) => {
    await using logs = new ServiceLogs(folder);
    const heard: string[] = [];
    const stop = logs.follow(whose, ({ text }) => heard.push(text));
    logs.record(whose, line("one"));
    stop();
    logs.record(whose, line("two"));
    assert.deepEqual(heard, ["one"]);
  }));

test("a new process finds the lines that the last one wrote", () =>
  inFolder(async (folder) => {
    {
      await using logs = new ServiceLogs(folder);
      logs.record(whose, line("before"));
    }
    await using logs = new ServiceLogs(folder);
    assert.deepEqual(
      logs.tail(whose, 10).map(({ text }) => text),
      ["before"],
    );
  }));

test("files rotate and their number is bounded", () =>
  inFolder(async (folder) => {
    const big = "x".repeat(limits.logLineBytesMax - 200);
    const flushes = Math.ceil(((limits.logFilesMax + 1.5) * limits.logFileBytesMax) / (100 * big.length));
    for (let n = 0; n < flushes; n++) {
      await using logs = new ServiceLogs(folder);
      for (let m = 0; m < 100; m++) logs.record(whose, line(big));
    }
    const files = await readdir(join(folder, whose.tenant));
    assert.equal(files.length, limits.logFilesMax);
    for (const file of files) {
      assert.ok((await stat(join(folder, whose.tenant, file))).size <= limits.logFileBytesMax + 1024 * 1024);
    }
  }));

test("a tenant's lines are removed with it", () =>
  inFolder(async (folder) => {
    {
      await using logs = new ServiceLogs(folder);
      logs.record(whose, line("secret"));
    }
    await using logs = new ServiceLogs(folder);
    logs.record(whose, line("late"));
    await logs.forget(whose.tenant);
    assert.deepEqual(await readdir(folder), []);
    assert.deepEqual(logs.tail(whose, 10), []);
  }));
