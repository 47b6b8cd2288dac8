import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Outlet } from "./outlet.ts";

const signal = (): AbortSignal => new AbortController().signal;

async function drain<T>(outlet: Outlet<T>): Promise<(T | { lost: number })[]> {
  outlet.end();
  const seen: (T | { lost: number })[] = [];
  for await (const out of outlet.read(signal())) seen.push("lost" in out ? out : out.item);
  return seen;
}

test("what fits comes out in order, and a loss stands where the lost would have stood", async () => {
  const outlet = new Outlet<string>({ itemsMax: 2, bytesMax: 100 });
  for (const item of ["a", "b", "c", "d"]) outlet.push(item, 1);
  const reading = outlet.read(signal());
  assert.deepEqual((await reading.next()).value, { item: "a" });
  assert.deepEqual((await reading.next()).value, { item: "b" });
  const third = reading.next();
  outlet.push("e", 1);
  assert.deepEqual((await third).value, { lost: 2 });
  assert.deepEqual((await reading.next()).value, { item: "e" });
});

test("bytes have a limit of their own", async () => {
  const outlet = new Outlet<string>({ itemsMax: 100, bytesMax: 10 });
  outlet.push("big", 8);
  outlet.push("bigger", 8);
  outlet.push("small", 1);
  assert.deepEqual(await drain(outlet), ["big", { lost: 1 }, "small"]);
});

test("items and losses add up to what was pushed, whatever the order of pushing and reading", async () => {
  const steps = fc.array(fc.oneof(fc.constant("read" as const), fc.integer({ min: 1, max: 6 })), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const outlet = new Outlet<number>({ itemsMax: 3, bytesMax: 1_000 });
      const reading = outlet.read(signal());
      const seen: number[] = [];
      let pushed = 0;
      let lost = 0;
      let waiting = 0;
      const take = async (): Promise<boolean> => {
        const next = await reading.next();
        if (next.done === true) return false;
        if ("lost" in next.value) lost += next.value.lost;
        else seen.push(next.value.item);
        return true;
      };
      for (const step of plan) {
        if (step === "read") {
          // Reading what is not there would wait for ever.
          if (waiting > 0) waiting -= (await take()) ? 1 : 0;
          continue;
        }
        for (let i = 0; i < step; i++) outlet.push(pushed++, 1);
        waiting = Math.min(3, waiting + step);
      }
      outlet.end();
      while (await take());
      assert.equal(seen.length + lost, pushed);
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      );
    }),
    { numRuns: 200 },
  );
});

test("a reader who waits is released by the end, and by its signal", async () => {
  const outlet = new Outlet<string>({ itemsMax: 1, bytesMax: 1 });
  const waiting = outlet.read(signal()).next();
  outlet.end();
  assert.equal((await waiting).done, true);
  const other = new Outlet<string>({ itemsMax: 1, bytesMax: 1 });
  const leaving = new AbortController();
  const left = other.read(leaving.signal).next();
  leaving.abort();
  assert.equal((await left).done, true);
});
