/** The memory of the flight record, which init shares with the cell by a descriptor. Mapped before the cell locks itself. */
import { closeSync } from "node:fs";
import { dlopen, toArrayBuffer } from "node:ffi";
import { descriptors, flightPlaces, flightRecordBytes, flightRecordMark } from "../wire/index.ts";

const protection = { read: 1, write: 2 } as const;
const shared = 1;
/** What `mmap` returns instead of an address: -1. */
const failed = 2n ** 64n - 1n;

/** Undefined: nobody shares any with us, and nobody will read what is written. */
export function mapFlightRecord(): Float64Array | undefined {
  if (process.platform !== "linux") return undefined;
  const { lib, functions } = dlopen(null, {
    mmap: { arguments: ["uint64", "uint64", "int32", "int32", "int32", "int64"], return: "uint64" },
  });
  const readWrite = protection.read | protection.write;
  const at = functions.mmap(0n, BigInt(flightRecordBytes), readWrite, shared, descriptors.flightRecord, 0n);
  lib.close();
  if (at === failed) return undefined;
  const places = new Float64Array(toArrayBuffer(at, flightRecordBytes, false));
  if (places[flightPlaces.mark] !== flightRecordMark) return undefined;
  // The mapping stays, and is all that is needed of it.
  closeSync(descriptors.flightRecord);
  return places;
}
