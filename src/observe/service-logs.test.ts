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

const services = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ ...whose, service: defined(parseServiceId(`s${n}`), "service") }));
const longest = "x".repeat(limits.logLineBytesMax);

test("long lines of a service do not take more memory than its ring may have", () =>
  inFolder(async (folder) => {
    await using logs = new ServiceLogs(folder);
    for (let n = 0; n < 100; n++) logs.record(whose, line(longest));
    const kept = logs.tail(whose, limits.logRingLinesMax).length;
    assert.ok(kept > 10 && kept < 20, `${kept} lines kept`);
    assert.ok(logs.memoryBytes(whose.tenant) <= limits.logRingBytesMax);
  }));

test("all lines of a tenant in memory have a bound; those of silent services are read again from their files", () =>
  inFolder(async (folder) => {
    const many = services(2 * Math.ceil(limits.logRingBytesPerTenantMax / limits.logRingBytesMax));
    {
      await using logs = new ServiceLogs(folder);
      for (const one of many) {
        for (let n = 0; n < 20; n++) logs.record(one, line(`${one.service} ${n} ${longest.slice(0, 8_000)}`));
        // What is not in the files yet is not forgotten altogether: the newest line of each stays.
        const newest = many.length * 2 * longest.length;
        assert.ok(logs.memoryBytes(whose.tenant) <= limits.logRingBytesPerTenantMax + newest);
      }
    }
    await using logs = new ServiceLogs(folder);
    for (const one of [...many, ...many]) {
      const [last] = logs.tail(one, 1);
      assert.ok(last?.text.startsWith(`${one.service} 19 `));
      assert.ok(logs.memoryBytes(whose.tenant) <= limits.logRingBytesPerTenantMax);
    }
  }));

test("the files of a tenant have a budget: what was written longest ago goes first", () =>
  inFolder(async (folder) => {
    const fileBytesPerTenantMax = 512 * 1024;
    const many = services(20);
    for (const one of many) {
      await using logs = new ServiceLogs(folder, { fileBytesPerTenantMax });
      for (let n = 0; n < 8; n++) logs.record(one, line(longest));
    }
    const names = await readdir(join(folder, whose.tenant));
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, whose.tenant, name))).size));
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= fileBytesPerTenantMax);
    assert.ok(names.includes("s19.log") && !names.includes("s0.log"), names.join(" "));
  }));

test("nothing is written while the disk is nearly full; memory and followers have the lines all the same", () =>
  inFolder(async (folder) => {
    {
      await using logs = new ServiceLogs(folder, { noRoom: () => true });
      logs.record(whose, line("unwritten"));
      assert.equal(logs.tail(whose, 1)[0]?.text, "unwritten");
    }
    assert.deepEqual(await readdir(folder), []);
  }));

test("the files of a service are removed when it is forgotten, and its neighbours' are not", () =>
  inFolder(async (folder) => {
    const [gone, stays] = services(2);
    assert.ok(gone !== undefined && stays !== undefined);
    {
      await using logs = new ServiceLogs(folder);
      for (const one of [gone, stays]) logs.record(one, line("something"));
    }
    await using logs = new ServiceLogs(folder);
    await logs.forgetService(gone);
    assert.deepEqual(await readdir(join(folder, whose.tenant)), ["s1.log"]);
    assert.deepEqual(logs.tail(gone, 10), []);
    assert.equal(logs.tail(stays, 10).length, 1);
  }));

test("lines of before and lines that are not on the disk yet are told together, each once", () =>
  inFolder(async (folder) => {
    {
      await using logs = new ServiceLogs(folder);
      for (const one of ["a", "b"]) logs.record(whose, line(one));
    }
    await using logs = new ServiceLogs(folder);
    for (const one of ["c", "d"]) logs.record(whose, line(one));
    const texts = (): readonly string[] => logs.tail(whose, 10).map(({ text }) => text);
    assert.deepEqual(texts(), ["a", "b", "c", "d"]);
    logs.record(whose, line("e"));
    assert.deepEqual(texts(), ["a", "b", "c", "d", "e"]);
  }));
