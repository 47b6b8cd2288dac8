/**
 * The flight record of a cell: whose turns are under way. The cell writes it into memory that it shares with init, so that it
 * can be read when the cell has ended, however it did. A cell can lie in it about services of its own tenant, and no others.
 *
 *   0      the mark that init sets: this is a flight record
 *   1      when the cell's clock stood at 0, in ms of the host's monotonic clock; 0: nothing was written yet
 *   2      turns under way for which there was no place
 *   3, 4   the inline turn that has the cell's thread: its incarnation (0: none), and when it began by the cell's clock
 *   5, 6 … threaded turns likewise, in any order
 *
 * Every place is a double.
 */
import { type IncarnationNumber, incarnationNumber, type Of, record, whole } from "../base/index.ts";
import { incarnationShape } from "./words.ts";

/** A page. */
export const flightRecordBytes = 4_096;
export const flightRecordMark = 0x501_0f1;

export const flightPlaces = { mark: 0, origin: 1, unplaced: 2, inline: 3, threaded: 5, end: 511 } as const;
export const threadedTurnsMax = (flightPlaces.end - flightPlaces.threaded) / 2;

/** A turn that was under way when its cell ended, and for how long. */
export const recordedTurnShape = record({ incarnation: incarnationShape, lastedMs: whole(0) });
export type RecordedTurn = Of<typeof recordedTurnShape>;

export interface FlightRecord {
  readonly inline: RecordedTurn | undefined;
  readonly threaded: readonly RecordedTurn[];
}

/** `hostMs`: now, by the host's monotonic clock. Undefined: the cell wrote nothing, or not all that there was. */
export function readFlightRecord(places: Float64Array, hostMs: number): FlightRecord | undefined {
  const origin = places[flightPlaces.origin] ?? 0;
  if (places[flightPlaces.mark] !== flightRecordMark || !(origin > 0) || places[flightPlaces.unplaced] !== 0) {
    return undefined;
  }
  const turnAt = (place: number): RecordedTurn | undefined => {
    const incarnation = parseIncarnation(places[place]);
    const lasted = Math.round(hostMs - origin - (places[place + 1] ?? 0));
    return incarnation === undefined
      ? undefined
      : { incarnation, lastedMs: lasted > 0 ? Math.min(lasted, lastedMsMax) : 0 };
  };
  const threaded: RecordedTurn[] = [];
  for (let place: number = flightPlaces.threaded; place < flightPlaces.end; place += 2) {
    const turn = turnAt(place);
    if (turn !== undefined) threaded.push(turn);
  }
  return { inline: turnAt(flightPlaces.inline), threaded };
}

const lastedMsMax = 2 ** 31;

const parseIncarnation = (value: number | undefined): IncarnationNumber | undefined =>
  value !== undefined && Number.isSafeInteger(value) && value > 0 ? incarnationNumber(value) : undefined;
