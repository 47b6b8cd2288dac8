import assert from "node:assert/strict";
import { fstatSync, ftruncateSync, writeSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { openMemoryFiles } from "../sandbox/index.ts";
import { flightPlaces, flightRecordBytes } from "../wire/index.ts";
import { FlightRecordFile } from "./flight-record.ts";

const skip = process.platform !== "linux" && "only Linux has such memory";

function fresh(): FlightRecordFile {
  const record = FlightRecordFile.make(openMemoryFiles(), "a test's");
  assert.ok(record !== undefined);
  return record;
}

/** As a cell does it, if more slowly. */
const write = ({ fd }: FlightRecordFile, place: number, ...values: readonly number[]): void => {
  const bytes = new Float64Array(values);
  writeSync(fd, bytes, 0, bytes.byteLength, place * Float64Array.BYTES_PER_ELEMENT);
};
const hostMs = (): number => Number(process.hrtime.bigint()) / 1e6;

test(
  "what a cell wrote is read when it has ended: all turns, or of one that hung whoever had its thread",
  { skip },
  () => {
    using record = fresh();
    assert.equal(record.turnsAt({ type: "signal", signal: "SIGTRAP" }), undefined, "it wrote nothing");
    write(record, flightPlaces.origin, hostMs());
    write(record, flightPlaces.threaded + 2, 8, 0);
    const numbers = (type: "hang" | "signal"): readonly number[] | undefined =>
      record
        .turnsAt(type === "hang" ? { type, silentMs: 3_000 } : { type, signal: "SIGTRAP" })
        ?.map(({ incarnation }) => incarnation);
    assert.deepEqual([numbers("hang"), numbers("signal")], [[8], [8]], "nobody had its thread");
    write(record, flightPlaces.inline, 7, 0);
    assert.deepEqual([numbers("hang"), numbers("signal")], [[7], [7, 8]]);
  },
);

test("whoever has the memory can make it neither longer nor shorter", { skip }, () => {
  using record = fresh();
  assert.throws(() => ftruncateSync(record.fd, 2 * flightRecordBytes), { code: "EPERM" });
  assert.throws(() => ftruncateSync(record.fd, 0), { code: "EPERM" });
  assert.throws(() => writeSync(record.fd, Buffer.alloc(1), 0, 1, flightRecordBytes), { code: "EPERM" });
  assert.equal(fstatSync(record.fd).size, flightRecordBytes);
});

test("a system without such memory has no record", () => {
  assert.equal(
    FlightRecordFile.make(() => undefined, "none"),
    undefined,
  );
});
