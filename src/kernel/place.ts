/** Gives what happened its place in the log: the only way from a new event to an event. */
import { type EventId, eventId, type Instant } from "../base/index.ts";
import { type Event, eventVersions, type NewEvent } from "./event.ts";

export interface Header {
  readonly id: EventId;
  readonly timestamp: Instant;
  readonly wallClockMs: number;
  readonly tenantSequence?: number;
}

/** `first` is the id of the first event of the same turn: `earlier` causes count from it. */
export function place(event: NewEvent, header: Header, first: EventId): Event {
  const { cause, tenant, type, subject, actor, payload } = event;
  const causation = typeof cause === "object" ? eventId(first + cause.earlier) : cause;
  // Type and payload come from one member of the union and go into the member of the same name.
  return {
    ...header,
    ...(tenant === undefined ? {} : { tenant }),
    type,
    subject,
    actor,
    payload,
    ...(causation === undefined ? {} : { causation }),
    version: eventVersions[type],
  } as Event;
}
