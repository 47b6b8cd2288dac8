import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { cellNumber } from "../base/index.ts";
import { Gauges } from "./gauges.ts";

test("what this machine has left is read, and limits of the operator's are kept where they are lower", async () => {
  using gauges = new Gauges(tmpdir(), { eventLoopDelayMsMax: 250, descriptorsMax: 100, memoryMapsMax: 1_000 });
  const cell = { cell: cellNumber(7), osPid: process.pid, isolates: 100 };
  const read = await gauges.read([cell, { ...cell, cell: cellNumber(8), isolates: 0 }, { ...cell, osPid: undefined }]);
  const whats = new Set(read.map(({ what }) => what));
  for (const what of ["descriptors", "processes", "disk", "event_loop", "kernel_heap"] as const) {
    assert.ok(whats.has(what), what);
  }
  assert.ok(read.every(({ used, limit }) => used >= 0 && limit > 0));
  assert.equal(read.find(({ what }) => what === "descriptors")?.limit, 100);
  const [counted, estimated, unknown] = read.filter(({ what }) => what === "memory_maps");
  assert.ok(
    counted !== undefined && counted.used > 50 && counted.used !== 1_200,
    "it was counted, in a process that is no cell",
  );
  assert.equal(estimated?.used, 200);
  assert.equal(unknown?.used, 1_200);
});
