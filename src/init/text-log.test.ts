import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { TextLog } from "./text-log.ts";

test("a log is rotated by size, keeps so many files, and goes on after a restart", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "solo-log-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "kernel.log");
  const limits = { fileBytesMax: 10, filesMax: 3 };
  for (let n = 0; n < 10; n++) {
    using log = new TextLog(path, limits);
    log.write(`line ${n}\n`);
  }
  assert.deepEqual(readdirSync(folder).toSorted(), ["kernel.log", "kernel.log.1", "kernel.log.2"]);
  assert.equal(readFileSync(path, "utf8"), "line 8\nline 9\n");
  assert.equal(readFileSync(`${path}.1`, "utf8"), "line 6\nline 7\n");
});
