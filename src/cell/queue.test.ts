import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Queue } from "./queue.ts";

test("a queue does what a list does, first in first out", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("push" as const), item: fc.integer({ min: 1 }) }),
    fc.record({ do: fc.constant("shift" as const) }),
    fc.record({ do: fc.constant("drain" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new Queue<number>();
      let list: number[] = [];
      for (const one of steps) {
        if (one.do === "push") {
          queue.push(one.item);
          list.push(one.item);
        } else if (one.do === "shift") {
          assert.equal(queue.shift(), list.shift());
        } else {
          assert.deepEqual(queue.drain(), list);
          list = [];
        }
        assert.equal(queue.length, list.length);
        for (let i = 0; i < list.length; i++) assert.equal(queue.at(i), list[i]);
      }
    }),
  );
});

test("a queue that never empties keeps only what is in it", () => {
  const queue = new Queue<number>();
  for (let i = 1; i <= 100; i++) queue.push(i);
  for (let i = 101; i <= 20_000; i++) {
    queue.push(i);
    assert.equal(queue.shift(), i - 100);
  }
  assert.equal(queue.length, 100);
  assert.equal(queue.at(0), 19_901);
  assert.equal(queue.at(100), undefined);
});
