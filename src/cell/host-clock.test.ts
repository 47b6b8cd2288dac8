import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hostAtZero } from "./host-clock.ts";

test("however long a process is kept from its core between two readings, it takes nothing for earlier than it was", () => {
  fc.assert(
    fc.property(fc.nat(1e6), fc.nat(1e6), fc.nat(60_000), (zero, age, lostMs) => {
      let now = age;
      const reading = (from: number) => (): number => {
        const read = from + now;
        now += lostMs;
        return read;
      };
      const found = hostAtZero({ own: reading(0), host: reading(zero) });
      assert.ok(found >= zero, `${zero - found} ms too early`);
      assert.ok(found <= zero + lostMs);
    }),
  );
});
