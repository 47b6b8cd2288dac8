import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defined, incarnationNumber, limits, parseServiceId } from "../base/index.ts";
import { numberOfTarget, SlotTable } from "./slots.ts";

const service = (name: string) => defined(parseServiceId(name), "service");
const tableOf = (n: number): SlotTable =>
  new SlotTable({ service: service(`s${n}`), incarnation: incarnationNumber(n) });

test("no sequence of messages yields a reference that was not given", () => {
  const guests = 4;
  const step = fc.record({
    from: fc.nat(guests - 1),
    to: fc.nat(guests - 1),
    // What a hostile guest writes: numbers it holds, numbers it guesses, names, anything.
    slots: fc.array(
      fc.oneof(fc.nat(6), fc.integer(), fc.constantFrom("s0", "other", "#1", "no name", "", null, [1], {})),
      {
        maxLength: 4,
      },
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tables = Array.from({ length: guests }, (_, n) => tableOf(n));
      /** The model: whom each guest was told of, by whoever held it. */
      const held = Array.from({ length: guests }, (_, n) => new Set([n]));
      for (const { from, to, slots } of steps) {
        const meant = tables[from]?.translate(JSON.stringify(slots));
        if (meant === undefined) continue;
        for (const { incarnation } of meant) {
          if (incarnation !== undefined)
            assert.ok(held[from]?.has(Number(incarnation)), "a sender names what it holds");
        }
        assert.ok(tables[to]?.present(meant) !== undefined);
        for (const { incarnation } of meant) if (incarnation !== undefined) held[to]?.add(Number(incarnation));
      }
      for (const [n, table] of tables.entries()) {
        for (let number = -1; number < 20; number++) {
          const incarnation = table.find(number)?.incarnation;
          if (incarnation !== undefined) assert.ok(held[n]?.has(Number(incarnation)));
        }
      }
    }),
  );
});

test("what is given twice has one number, and itself has number 0", () => {
  const table = tableOf(1);
  const other = { service: service("other"), incarnation: incarnationNumber(7) };
  const itself = { service: service("s1"), incarnation: incarnationNumber(1) };
  assert.equal(table.present([other, itself, other]), '[["other",1],["s1",0],["other",1]]');
  assert.deepEqual(table.translate('[1,0,"counter"]'), [other, itself, { service: "counter" }]);
});

test("slots that are too many, or no list, are refused", () => {
  const table = tableOf(1);
  for (const text of [
    "",
    "{}",
    "1",
    "[",
    JSON.stringify(Array.from({ length: limits.slotsMax + 1 }, () => 0)),
    5,
    undefined,
  ]) {
    assert.equal(table.translate(text), undefined);
  }
  for (let n = 2; n < limits.referencesMax + 2; n++) {
    assert.ok(table.present([{ service: service("x"), incarnation: incarnationNumber(n) }]) !== undefined);
  }
  assert.equal(table.present([{ service: service("x"), incarnation: incarnationNumber(999_999) }]), undefined);
});

test("only a positive whole number behind the sign can have been given", () => {
  assert.equal(numberOfTarget("counter"), undefined);
  assert.equal(numberOfTarget("#7"), 7);
  for (const text of ["#", "#0", "#-1", "#1.5", "#x", "#1e99"]) assert.equal(numberOfTarget(text), -1);
});
