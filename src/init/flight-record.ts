/** A cell's flight record on our side: a file of memory that the cell is given, and that is read once it has ended. */
import { closeSync, readSync, writeSync } from "node:fs";
import process from "node:process";
import type { CellLoss } from "../base/index.ts";
import type { MakeMemoryFile } from "../sandbox/index.ts";
import {
  flightPlaces,
  flightRecordBytes,
  flightRecordMark,
  readFlightRecord,
  type RecordedTurn,
} from "../wire/index.ts";

export class FlightRecordFile implements Disposable {
  /** Stays ours; the cell gets a copy. */
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Undefined: the system has no such memory, and nobody will know what its cell was at. */
  static make(makeMemory: MakeMemoryFile, name: string): FlightRecordFile | undefined {
    const fd = makeMemory(name, flightRecordBytes);
    if (fd === undefined) return undefined;
    const mark = new Float64Array([flightRecordMark]);
    try {
      writeSync(fd, mark, 0, mark.byteLength, flightPlaces.mark * mark.byteLength);
    } catch {
      // The page itself is made only now, and there may be no memory for it.
      closeSync(fd);
      return undefined;
    }
    return new FlightRecordFile(fd);
  }

  /** The turns through which the cell may have been lost like this; undefined if that is not known. */
  turnsAt(loss: CellLoss): readonly RecordedTurn[] | undefined {
    const places = new Float64Array(flightRecordBytes / 8);
    readSync(this.fd, places, 0, flightRecordBytes, 0);
    const found = readFlightRecord(places, Number(process.hrtime.bigint()) / 1e6);
    if (found === undefined) return undefined;
    const { inline, threaded } = found;
    if (inline === undefined) return threaded;
    // A cell hangs if its own thread does not come back: whoever has that.
    return loss.type === "hang" ? [inline] : [inline, ...threaded];
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}
