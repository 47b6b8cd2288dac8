/** The words between the cell and its incarnations. */
import type { Death, IncarnationNumber, ResourceLimits, ServiceId } from "../base/index.ts";
import type { Level, Slots } from "../wire/index.ts";
import type { Call } from "./call.ts";
import type { CpuShares } from "./cpu-shares.ts";
import type { Crossing } from "./engine.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Favours } from "./favours.ts";
import type { FlightRecorder } from "./flight-recorder.ts";
import type { GuestCall } from "./operations.ts";

/** What the cell does for its incarnations. */
export interface House {
  /** Milliseconds that only grow. */
  readonly now: () => number;
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
  /** CPU time of threaded turns. */
  readonly shares: CpuShares;
  /** How much longer than its CPU time an inline turn may take on this machine as it is now; at least 1. */
  readonly contention: () => number;
  /** CPU time, at least that of the inline turn which has just ended. */
  readonly inlineCpuMs: () => number;
}

export interface Birth {
  readonly service: ServiceId;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
  readonly release: string;
  readonly limits: ResourceLimits;
  readonly environment: Readonly<Record<string, string>>;
  readonly logLevel: Level;
  /** It was at work when its last cell died. */
  readonly probation: boolean;
}

/** Mail for the guest: what crosses, and who waits for it. */
export interface Message {
  readonly kind: number;
  readonly a: Crossing;
  readonly b: Crossing;
  readonly c: Crossing;
  /** Slots of the body, as its receiver knows them. */
  readonly slots?: string;
  readonly call: Call | undefined;
  /** Incarnations that wait for this one to be handled. */
  readonly chain: readonly IncarnationNumber[];
}

export const nobody: readonly IncarnationNumber[] = [];
