/**
 * Bringing old events up to today's format. When a payload's format changes: raise its version in event.ts, add here the
 * step from the version before, and keep every older step. Logs replay for ever.
 */
import { type Refusal, refuse } from "../base/index.ts";
import { type Event, eventVersions } from "./event.ts";

/** From version n (the key) to n + 1. */
type Steps = Readonly<Record<number, (payload: unknown) => unknown>>;

/** All formats are still their first. */
const steps: Readonly<Record<string, Steps>> = {};

/**
 * The event in today's format. A type that this Solo does not know passes as it is, and `evolve` leaves it aside; a newer
 * version of a known type is refused, since reading it wrongly would be worse.
 */
export function upcast(event: Event): Event | Refusal {
  const today = Object.hasOwn(eventVersions, event.type) ? eventVersions[event.type] : event.version;
  if (event.version > today) {
    return refuse("LOG_UNAVAILABLE", {
      why: `event ${event.id} (${event.type}) has version ${event.version}, and this Solo reads up to ${today}: it was written by a newer one`,
    });
  }
  let payload: unknown = event.payload;
  if (payload === undefined || event.version === today) return event;
  for (let version = event.version; version < today; version++) {
    const step = steps[event.type]?.[version];
    if (step === undefined) {
      return refuse("LOG_UNAVAILABLE", { why: `${event.type} has no step from version ${version}` });
    }
    payload = step(payload);
  }
  return { ...event, payload, version: today } as Event;
}
