/** What the cell does for its incarnations. */
import type { Death, IncarnationNumber } from "../base/index.ts";
import type { Level, Slots } from "../wire/index.ts";
import type { Call } from "./call.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Favours } from "./favours.ts";
import type { FlightRecorder } from "./flight-recorder.ts";
import type { GuestCall } from "./operations.ts";
import type { TurnPowers } from "./turns.ts";

export interface House extends TurnPowers {
  /** It may have something to do: give it a turn. */
  readonly ready: (incarnation: Incarnation) => void;
  readonly call: (caller: Incarnation, call: GuestCall, chain: readonly IncarnationNumber[], answer: Call) => void;
  /** The same, on the stack of the caller's own inline turn: the answer may come before it returns. */
  readonly callNow: House["call"];
  /** These two return false if the receiver refused. */
  readonly cast: (
    caller: Incarnation,
    service: string,
    method: string,
    args: string,
    slots: Slots | undefined,
  ) => boolean;
  readonly send: (caller: Incarnation, service: string, message: string, slots: Slots | undefined) => boolean;
  readonly log: (incarnation: Incarnation, level: Level, text: string, dropped: number) => void;
  readonly started: (incarnation: Incarnation, tookMs: number) => void;
  readonly ended: (incarnation: Incarnation, death: Death, started: boolean) => void;
  /** It had a turn: when it rests again, it can be tidied. */
  readonly stirred: (incarnation: Incarnation) => void;
  /** A pool thread is stuck or parked for good. */
  readonly wounded: (why: string) => void;
  /** Answers what guests ask. */
  readonly favours: Favours;
  /** Knows whose turns are under way, for whoever looks when the cell has ended. */
  readonly recorder: FlightRecorder;
}
