import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Disk } from "./index.ts";

const mebi = 1024 * 1024;

const inDirectory = async (work: (dir: string) => Promise<void>): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), "solo-disk-"));
  try {
    await work(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
};

test("a disk is nearly full below its minimum; its reserve is real, given up when it gets tighter, and made again later", () =>
  inDirectory(async (dir) => {
    let free = 1_000 * mebi;
    const disk = new Disk({ dir, freeBytesMin: 64 * mebi, measure: () => Promise.resolve(free) });
    const states: unknown[] = [];
    for (const next of [1_000, 63, 33, 31, 100, 150, 65]) {
      free = next * mebi;
      await disk.check();
      assert.deepEqual(await readdir(dir), disk.reserve === "held" ? ["reserve"] : []);
      states.push([next, disk.nearlyFull, disk.reserve]);
    }
    assert.deepEqual(states, [
      [1_000, false, "held"],
      [63, true, "held"],
      [33, true, "held"],
      [31, true, "none"],
      [100, false, "none"],
      [150, false, "held"],
      [65, false, "held"],
    ]);
    const { size, blocks } = await stat(join(dir, "reserve"));
    assert.equal(size, 16 * mebi);
    assert.ok(blocks * 512 >= size, "a hole reserves nothing");
  }));

test("by default the free bytes are those of the directory's own disk", () =>
  inDirectory(async (dir) => {
    const disk = new Disk({ dir });
    assert.equal(disk.nearlyFull, false);
    await disk.check();
    assert.ok(Number.isSafeInteger(disk.freeBytes) && disk.freeBytes > 0);
  }));
