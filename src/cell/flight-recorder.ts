/**
 * Writes the cell's flight record: whose turns are under way. A turn costs a few stores into memory, and nothing else. What is
 * on the stack below an inline turn waits, and is not recorded until it goes on.
 */
import type { IncarnationNumber } from "../base/index.ts";
import { flightPlaces, flightRecordBytes, threadedTurnsMax } from "../wire/index.ts";

/** Where a threaded turn is recorded, until it ends. */
export type TurnPlace = number & { readonly turnPlace: true };

const nowhere = 0 as TurnPlace;

export class FlightRecorder {
  readonly #places: Float64Array;
  readonly #free: TurnPlace[] = [];
  /** Inline turns that wait for one on top of them: incarnation, and when it began. */
  readonly #below: number[] = [];

  /** `places`: the shared memory; without it nobody will read this. `hostMs`: the host's clock when ours stood at 0. */
  constructor(places: Float64Array | undefined, hostMs: number) {
    this.#places = places ?? new Float64Array(flightRecordBytes / Float64Array.BYTES_PER_ELEMENT);
    for (let n = threadedTurnsMax - 1; n >= 0; n--) this.#free.push((flightPlaces.threaded + 2 * n) as TurnPlace);
    this.#places[flightPlaces.origin] = hostMs;
  }

  beginInline(incarnation: IncarnationNumber, at: number): void {
    const places = this.#places;
    const below = places[flightPlaces.inline] ?? 0;
    if (below !== 0) this.#below.push(below, places[flightPlaces.inline + 1] ?? 0);
    places[flightPlaces.inline + 1] = at;
    places[flightPlaces.inline] = incarnation;
  }

  endInline(): void {
    const places = this.#places;
    if (this.#below.length === 0) {
      places[flightPlaces.inline] = 0;
      return;
    }
    const at = this.#below.pop() ?? 0;
    places[flightPlaces.inline] = this.#below.pop() ?? 0;
    places[flightPlaces.inline + 1] = at;
  }

  beginThreaded(incarnation: IncarnationNumber, at: number): TurnPlace {
    const place = this.#free.pop();
    if (place === undefined) {
      this.#places[flightPlaces.unplaced] = (this.#places[flightPlaces.unplaced] ?? 0) + 1;
      return nowhere;
    }
    this.#places[place + 1] = at;
    this.#places[place] = incarnation;
    return place;
  }

  endThreaded(place: TurnPlace): void {
    if (place === nowhere) {
      this.#places[flightPlaces.unplaced] = (this.#places[flightPlaces.unplaced] ?? 1) - 1;
      return;
    }
    this.#places[place] = 0;
    this.#free.push(place);
  }

  /** The cell ends itself over threads that the dead still hold: it is not the doing of any of these. */
  clear(isLiving: (incarnation: IncarnationNumber) => boolean): void {
    const places = this.#places;
    places[flightPlaces.inline] = 0;
    for (let place: number = flightPlaces.threaded; place < flightPlaces.end; place += 2) {
      if (isLiving((places[place] ?? 0) as IncarnationNumber)) places[place] = 0;
    }
  }
}
