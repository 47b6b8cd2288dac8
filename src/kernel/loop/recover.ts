/** Recovery: from the newest snapshot and the events after it back to the state. */
import { type EventId, eventId } from "../../base/index.ts";
import type { Event } from "../event.ts";
import { initialState } from "../evolve.ts";
import { fromSnapshot } from "../snapshot.ts";
import { evolveVersion, type State } from "../state.ts";
import { upcast } from "../upcast.ts";
import { type Decider, decider } from "./turns.ts";

/** What recovery reads of an event log. */
export interface RecoveryLog {
  readonly latestSnapshot: (version: number) => { readonly json: string } | undefined;
  readonly replay: (after: EventId) => Iterable<Event>;
}

/** How many events are replayed between two signs of it: far less than whoever waits for one has the patience for. */
export const eventsPerSign = 10_000;

export interface RecoveryPowers {
  readonly evolve?: Decider["evolve"];
  /** Called again and again in a long replay, during which the process does nothing else. */
  readonly stillAtIt?: () => void;
}

export interface Recovered {
  readonly state: State;
  /** Where replay stopped short, and why; only in safe mode. */
  readonly stuck?: { readonly at: EventId; readonly why: string };
}

/**
 * Replays the log. A snapshot that does not fit is left aside: the log alone is the truth. An event that cannot be replayed
 * is a bug and throws; in safe mode it ends the replay instead, so that an operator can see the state up to there.
 */
export function recover(
  log: RecoveryLog,
  safeMode: boolean,
  { evolve = decider.evolve, stillAtIt = () => undefined }: RecoveryPowers = {},
): Recovered {
  const snapshot = log.latestSnapshot(evolveVersion);
  const restored = snapshot === undefined ? undefined : fromSnapshot(JSON.parse(snapshot.json));
  const state = restored ?? initialState();
  let at = eventId(0);
  let count = 0;
  try {
    for (const event of log.replay(state.lastEvent)) {
      at = event.id;
      evolve(state, current(event));
      count += 1;
      if (count % eventsPerSign === 0) stillAtIt();
    }
  } catch (error) {
    if (!safeMode) throw error;
    return { state, stuck: { at, why: error instanceof Error ? error.message : String(error) } };
  }
  return { state };
}

/** The event in today's format. Throws if a newer Solo wrote it. */
export function current(event: Event): Event {
  const upcasted = upcast(event);
  if ("refused" in upcasted) throw new Error(`event ${event.id} (${event.type}) was written by a newer Solo`);
  return upcasted;
}
