/**
 * Lanes: on whose thread a service's turns run. Pure: time and measurements are arguments.
 *
 *             quick, clean calls in a row, its wait over, a small heap
 *   threaded ─────────────────────────────────────────────────────────▶ inline
 *      ▲                                                                   │
 *      └───────── a slow turn, or a large heap; the wait doubles ──────────┘
 *
 * Inline costs microseconds a turn, but the whole cell waits for it; threaded costs a hop between threads, and only the
 * service itself waits. A service whose messages may take longer than the default is never inline.
 */
import { resourceLimitsDefault } from "../base/index.ts";

export const lanePolicy = {
  /** This many quick calls in a row show a service to be quick. */
  quickCallsMin: 20,
  quickMsMax: 1,
  /** An inline turn longer than this was slow. The guest cuts a turn of many messages short after 2 ms. */
  slowMs: 4,
  slowMsOfMany: 8,
  heapBytesToPromoteMax: 16 * 1024 * 1024,
  /** Garbage collection runs on the thread of the turn: 4 ms at 10 MB, 22 ms at 50 MB. */
  heapBytesToStayMax: 24 * 1024 * 1024,
  waitMsFirst: 500,
  waitMsMax: 600_000,
  /** After its cell died while it was at work. */
  probationMs: 60_000,
} as const;

export type Lane =
  | { readonly lane: "threaded"; readonly quickCalls: number; readonly until: number; readonly waitMs: number }
  | { readonly lane: "inline"; readonly waitMs: number }
  /** Never promoted. */
  | { readonly lane: "pinned" };

/** What a turn showed. `heapBytes` is there when it was measured. */
export interface TurnMeasure {
  readonly ms: number;
  readonly messages: number;
  readonly heapBytes?: number;
}

export function firstLane(service: {
  readonly cpuTimeMs: number;
  readonly probation: boolean;
  readonly now: number;
}): Lane {
  if (service.cpuTimeMs > resourceLimitsDefault.cpuTimeMs) return { lane: "pinned" };
  return {
    lane: "threaded",
    quickCalls: 0,
    until: service.probation ? service.now + lanePolicy.probationMs : 0,
    waitMs: lanePolicy.waitMsFirst,
  };
}

/** Whether the next turn could promote it if its heap is small: only then is the heap worth measuring. */
export const mayPromote = (lane: Lane, now: number): boolean =>
  lane.lane === "threaded" && lane.quickCalls >= lanePolicy.quickCallsMin && now >= lane.until;

/** The lane after a turn. The same object if nothing changed. */
export function judgeTurn(lane: Lane, turn: TurnMeasure, now: number): Lane {
  switch (lane.lane) {
    case "pinned":
      return lane;
    case "inline": {
      const large = turn.heapBytes !== undefined && turn.heapBytes > lanePolicy.heapBytesToStayMax;
      const slow = turn.ms > (turn.messages > 1 ? lanePolicy.slowMsOfMany : lanePolicy.slowMs);
      return slow || large ? demote(lane.waitMs, now) : lane;
    }
    case "threaded": {
      const quickCalls = countQuick(lane.quickCalls, turn);
      const next: Lane = quickCalls === lane.quickCalls ? lane : { ...lane, quickCalls };
      if (!mayPromote(next, now)) return next;
      if (turn.heapBytes === undefined || turn.heapBytes > lanePolicy.heapBytesToPromoteMax) return next;
      return { lane: "inline", waitMs: lane.waitMs };
    }
  }
}

function countQuick(before: number, turn: TurnMeasure): number {
  if (turn.ms <= lanePolicy.quickMsMax) return Math.min(before + turn.messages, 1_000_000);
  // Many messages in a turn may take longer together and still be quick each: that shows nothing.
  if (turn.messages > 1 && turn.ms / turn.messages <= lanePolicy.quickMsMax / 4) return before;
  // Not back to none: on a busy machine a quick call may lose its core for a while.
  return Math.floor(before / 2);
}

const demote = (waitMs: number, now: number): Lane => ({
  lane: "threaded",
  quickCalls: 0,
  until: now + waitMs,
  waitMs: Math.min(waitMs * 2, lanePolicy.waitMsMax),
});
