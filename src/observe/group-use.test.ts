import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { memoryOf, tasksOf } from "./group-use.ts";

/** A folder with files as a control group has them. */
async function groupWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "solo-group-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), `${text}\n`);
  return folder;
}

test("version 2: memory is what is used without idle pages of files", async (t) => {
  const folder = await groupWith(t, {
    "memory.current": "900",
    "memory.max": "1000",
    "memory.stat": "anon 500\ninactive_file 300\nactive_file 100",
  });
  assert.deepEqual(await memoryOf({ version: 2, folder }), { what: "memory", used: 600, limit: 1_000 });
});

test("version 1 calls them otherwise, and counts the groups below", async (t) => {
  const folder = await groupWith(t, {
    "memory.usage_in_bytes": "900",
    "memory.limit_in_bytes": "1000",
    "memory.stat": "inactive_file 7\ntotal_inactive_file 400",
  });
  assert.deepEqual(await memoryOf({ version: 1, folder }), { what: "memory", used: 500, limit: 1_000 });
});

test("threads are counted alike in both, and a group without a limit has none", async (t) => {
  const bounded = await groupWith(t, { "pids.current": "12", "pids.max": "64" });
  for (const version of [1, 2] as const) {
    assert.deepEqual(await tasksOf({ version, folder: bounded }), { what: "processes", used: 12, limit: 64 });
  }
  const free = await groupWith(t, { "pids.current": "12", "pids.max": "max" });
  assert.deepEqual(await tasksOf({ version: 2, folder: free }), { what: "processes", used: 12, limit: Number.NaN });
  assert.ok(Number.isNaN((await memoryOf({ version: 2, folder: free })).limit));
});
