import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { cellNumber } from "../base/index.ts";
import { type GaugeLimits, Gauges, type NodeCensus } from "./gauges.ts";
import { type Gauge, percentOf } from "./pressure.ts";

const mebibyte = 1024 * 1024;
const nobody: NodeCensus = { cells: [], cellsRssBytes: 0, init: undefined };

async function read(limits: Partial<GaugeLimits>, census: Partial<NodeCensus> = {}): Promise<readonly Gauge[]> {
  using gauges = new Gauges(tmpdir(), { eventLoopDelayMsMax: 250, ...limits });
  return gauges.read({ ...nobody, ...census });
}

const find = (gauges: readonly Gauge[], what: Gauge["what"]): Gauge => {
  const found = gauges.find((gauge) => gauge.what === what);
  assert.ok(found !== undefined, what);
  return found;
};

test("what this machine has left is read, each once, and a machine that works is not full", async () => {
  // How late this process is while others test beside it says nothing.
  const gauges = await read({ eventLoopDelayMsMax: 3_600_000 });
  const whats = ["descriptors", "processes", "memory", "disk", "event_loop", "kernel_heap"];
  assert.deepEqual(gauges.map(({ what }) => what).toSorted(), whats.toSorted());
  assert.ok(gauges.every(({ used, limit }) => used >= 0 && limit > 0));
  assert.ok(gauges.every((gauge) => gauge.what === "disk" || percentOf(gauge) <= 100));
});

test("limits of the operator's are kept where they are lower", async () => {
  const limits = { descriptorsMax: 100, processesMax: 16, memoryBytesMax: 64 * mebibyte, eventLoopDelayMsMax: 10 };
  const gauges = await read(limits);
  const limitOf = (what: Gauge["what"]): number => find(gauges, what).limit;
  assert.deepEqual([limitOf("descriptors"), limitOf("processes"), limitOf("event_loop")], [100, 16, 10]);
  assert.equal(limitOf("memory"), 64 * mebibyte, "this process alone has more, and nothing else is as full");
});

test("memory that the operator bounds is that of Solo's processes: this one, the cells, init and those beside it", async () => {
  const memoryBytesMax = 64 * mebibyte;
  const alone = find(await read({ memoryBytesMax }), "memory").used;
  const init = { rssBytes: 300 * mebibyte, descriptors: 1, descriptorsMax: 1_000 };
  const all = find(await read({ memoryBytesMax }, { cellsRssBytes: 500 * mebibyte, init }), "memory").used;
  const more = all - alone;
  assert.ok(more > 700 * mebibyte && more < 900 * mebibyte, `${more}`);
});

test("the process that is nearest to its end of descriptors counts: the kernel's or init", async () => {
  const descriptorsMax = 10_000;
  const own = find(await read({ descriptorsMax }), "descriptors");
  assert.ok(own.used > 3 && own.used < 1_000);
  const init = { rssBytes: 0, descriptors: 1_800, descriptorsMax: 2_000 };
  const gauge = find(await read({ descriptorsMax }, { init }), "descriptors");
  assert.deepEqual([gauge.used, gauge.limit], [1_800, 2_000]);
});

test("memory maps of a cell are estimated, and counted where that comes near its limit", async () => {
  const cell = { cell: cellNumber(7), osPid: process.pid, isolates: 100 };
  const cells = [cell, { ...cell, cell: cellNumber(8), isolates: 0 }, { ...cell, osPid: undefined }];
  const found = await read({ memoryMapsMax: 1_000 }, { cells });
  const [counted, estimated, unknown] = found.filter(({ what }) => what === "memory_maps");
  assert.ok(
    counted !== undefined && counted.used > 50 && counted.used !== 1_200,
    "it was counted, in a process that is no cell",
  );
  assert.equal(estimated?.used, 200);
  assert.equal(unknown?.used, 1_200);
});
