import assert from "node:assert/strict";
import { test } from "node:test";
import { cellNumber } from "../base/index.ts";
import { type Gauge, Pressure } from "./pressure.ts";

const at = (used: number, cell?: number): Gauge => ({
  what: "memory_maps",
  used,
  limit: 100,
  ...(cell === undefined ? {} : { cell: cellNumber(cell) }),
});
const told = (pressure: Pressure, ...gauges: readonly Gauge[]): readonly string[] =>
  pressure
    .judge(gauges)
    .map(({ direction, percent, cell }) => `${direction} ${percent}${cell === undefined ? "" : ` in ${cell}`}`);

test("80 % is told at once, 90 % when it lasts, and each end of it once", () => {
  const pressure = new Pressure();
  assert.deepEqual(told(pressure, at(79)), []);
  assert.deepEqual(told(pressure, at(80)), ["rose 80"]);
  assert.deepEqual(told(pressure, at(95)), []);
  assert.deepEqual(told(pressure, at(95)), ["rose 90"]);
  assert.deepEqual(told(pressure, at(99)), []);
  assert.deepEqual(told(pressure, at(86)), []);
  assert.equal(pressure.pressing.length, 1);
  assert.deepEqual(told(pressure, at(84)), ["fell 90"]);
  assert.equal(pressure.pressing.length, 0);
  assert.deepEqual(told(pressure, at(76)), []);
  assert.deepEqual(told(pressure, at(74)), ["fell 80"]);
});

test("a single high look presses nobody", () => {
  const pressure = new Pressure();
  assert.deepEqual(told(pressure, at(100)), ["rose 80"]);
  assert.deepEqual(told(pressure, at(50)), ["fell 80"]);
});

test("cells have limits of their own, and one that is gone presses nobody", () => {
  const pressure = new Pressure();
  told(pressure, at(95, 1), at(10, 2));
  assert.deepEqual(told(pressure, at(95, 1), at(10, 2)), ["rose 90 in 1"]);
  assert.deepEqual(told(pressure, at(10, 2)), ["fell 90 in 1", "fell 80 in 1"]);
});
