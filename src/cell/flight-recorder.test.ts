import assert from "node:assert/strict";
import { test } from "node:test";
import { incarnationNumber } from "../base/index.ts";
import {
  flightPlaces,
  flightRecordBytes,
  flightRecordMark,
  readFlightRecord,
  threadedTurnsMax,
} from "../wire/index.ts";
import { FlightRecorder } from "./flight-recorder.ts";

/** This clock stood at 0 when the host's stood at 1,000. */
function fresh() {
  const places = new Float64Array(flightRecordBytes / 8);
  places[flightPlaces.mark] = flightRecordMark;
  const before = readFlightRecord(places, 1_000);
  const recorder = new FlightRecorder(places, 1_000);
  return { places, recorder, before, read: (now = 0) => readFlightRecord(places, 1_000 + now) };
}
const [one, two, three] = [incarnationNumber(1), incarnationNumber(2), incarnationNumber(3)];

test("a flight record tells whose turns are under way, and for how long", () => {
  const { recorder, read } = fresh();
  assert.deepEqual(read(), { inline: undefined, threaded: [] });
  recorder.beginInline(one, 10);
  const place = recorder.beginThreaded(two, 30);
  assert.deepEqual(read(50), {
    inline: { incarnation: one, lastedMs: 40 },
    threaded: [{ incarnation: two, lastedMs: 20 }],
  });
  recorder.endInline();
  recorder.endThreaded(place);
  assert.deepEqual(read(50), { inline: undefined, threaded: [] });
});

test("of inline turns on one another the uppermost is under way, and then again the one below", () => {
  const { recorder, read } = fresh();
  recorder.beginInline(one, 1);
  recorder.beginInline(two, 2);
  recorder.beginInline(three, 3);
  assert.deepEqual(read(10)?.inline, { incarnation: three, lastedMs: 7 });
  recorder.endInline();
  recorder.endInline();
  assert.deepEqual(read(10)?.inline, { incarnation: one, lastedMs: 9 });
  recorder.endInline();
  recorder.beginInline(two, 4);
  assert.deepEqual(read(10)?.inline, { incarnation: two, lastedMs: 6 });
});

test("a record that does not have all turns says nothing, until it has", () => {
  const { recorder, read } = fresh();
  const places = Array.from({ length: threadedTurnsMax }, () => recorder.beginThreaded(one, 0));
  assert.equal(read()?.threaded.length, threadedTurnsMax);
  const further = recorder.beginThreaded(two, 0);
  assert.equal(read(), undefined);
  recorder.endThreaded(further);
  for (const place of places) recorder.endThreaded(place);
  assert.deepEqual(read()?.threaded, []);
  assert.equal(new Set(places).size, threadedTurnsMax);
});

test("a cell that ends itself over threads of the dead leaves only these", () => {
  const { recorder, read } = fresh();
  recorder.beginInline(one, 0);
  recorder.beginThreaded(two, 0);
  recorder.beginThreaded(three, 0);
  recorder.clear((incarnation) => incarnation !== three);
  assert.deepEqual(read(), { inline: undefined, threaded: [{ incarnation: three, lastedMs: 0 }] });
});

test("memory in which nobody has written, or that is no record, says nothing; and lies are bounded", () => {
  const { places, before, read } = fresh();
  assert.equal(before, undefined);
  assert.equal(readFlightRecord(new Float64Array(flightRecordBytes / 8).fill(1), 0), undefined);
  for (const lie of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
    places.fill(lie, flightPlaces.inline);
    assert.deepEqual(read(), { inline: undefined, threaded: [] });
  }
  places.fill(7, flightPlaces.inline);
  places[flightPlaces.inline + 1] = Number.NEGATIVE_INFINITY;
  assert.deepEqual(read()?.inline, { incarnation: 7, lastedMs: 2 ** 31 });
  places[flightPlaces.inline + 1] = Number.NaN;
  assert.deepEqual(read()?.inline, { incarnation: 7, lastedMs: 0 });
});
