import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { cellFor, type Kernel, service } from "./cell-process.ts";

async function memoryOf(kernel: Kernel, incarnation: number): Promise<number> {
  const id = 1_000_000 + kernel.all("inspected").length;
  kernel.send({ type: "inspect", id });
  const { usages } = await kernel.until(() => kernel.all("inspected").find((one) => one.id === id));
  const found = usages.find((one) => one.incarnation === incarnation);
  assert.ok(found !== undefined, "it lives");
  return found.usage.memoryBytes;
}

/** What starting alone leaves in a heap is more than this. */
const litterBytes = 40_000;
const tidiedWithinMs = 30_000;

async function untilTidied(kernel: Kernel, incarnation: number): Promise<void> {
  const before = await memoryOf(kernel, incarnation);
  const deadline = performance.now() + tidiedWithinMs;
  while ((await memoryOf(kernel, incarnation)) > before - litterBytes) {
    assert.ok(performance.now() < deadline, `it still holds ${before} bytes`);
    await wait(100);
  }
}

test("a service that rests gives back what starting left in its heap, keeps its state, and answers as before", async (t) => {
  const { kernel } = await cellFor(t);
  const rests = await kernel.load(service(`init() { return 0; } add(n) { this.state += n; return this.state; }`));
  assert.equal(await kernel.result(rests, "add", 41), 41);
  await untilTidied(kernel, rests);
  assert.equal(await kernel.result(rests, "add", 1), 42);
});

test("a service does not have the collector that tidies it, nor notices that it ran", async (t) => {
  const { kernel } = await cellFor(t);
  const curious = await kernel.load(
    service(`
      seen = [];
      init() {
        for (const name of ["type", "flavor", "execution", "filename"]) {
          Object.defineProperty(Object.prototype, name, { get: () => { this.seen.push(name); return undefined; } });
        }
        return {};
      }
      look() { return [typeof globalThis.gc, typeof gc, this.seen.length]; }
    `),
  );
  await untilTidied(kernel, curious);
  assert.deepEqual(await kernel.result(curious, "look"), ["undefined", "undefined", 0]);
});
