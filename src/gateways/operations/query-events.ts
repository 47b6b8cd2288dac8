/** QueryEvents: the log, page by page. */
import { create, toBinary } from "@bufbuild/protobuf";
import { EventSchema, QueryEventsResponseSchema, type Event as PublicEvent } from "../../api/index.ts";
import { isRefusal, limits } from "../../base/index.ts";
import { countOf, eventNumberOf } from "./fields.ts";
import { numberFor, publicEvents, sinceOf, wantedOf } from "./event.ts";
import type { UnaryHandler } from "./handler.ts";

const pageDefault = 100;
/** A page of large events is cut shorter, so that every client can take it. */
const pageBytesMax = 3 * 1024 * 1024;

export const queryEvents: UnaryHandler<"queryEvents"> = async (ports, principal, request) => {
  const wanted = wantedOf(principal, request.filter);
  if (isRefusal(wanted)) return wanted;
  const cursor = eventNumberOf("cursor", request.cursor, 0);
  if (isRefusal(cursor)) return cursor;
  const limit = countOf("limit", request.limit, { otherwise: pageDefault, min: 1, max: limits.eventsPageMax });
  if (isRefusal(limit)) return limit;
  const since = await sinceOf(ports, principal);
  if (isRefusal(since)) return since;
  const page = await ports.events.query({
    ...wanted,
    ...(since === undefined ? {} : { since }),
    ...(cursor === 0 ? {} : { cursor }),
    bySequence: principal.role === "tenant",
    newestFirst: request.newestFirst,
    limit,
  });
  if (isRefusal(page)) return page;
  const events = cut(publicEvents(principal, page));
  // Cut or not, the next page begins after the last event that is shown.
  const last = page.events[events.length - 1];
  const more = page.next !== undefined || events.length < page.events.length;
  const next = more && last !== undefined ? (numberFor(principal, last) ?? 0) : 0;
  return create(QueryEventsResponseSchema, { events: [...events], nextCursor: BigInt(next) });
};

/** The first events that fit; at least one. */
function cut(events: readonly PublicEvent[]): readonly PublicEvent[] {
  let bytes = 0;
  const end = events.findIndex((event, index) => {
    bytes += toBinary(EventSchema, event).length;
    return bytes > pageBytesMax && index > 0;
  });
  return end === -1 ? events : events.slice(0, end);
}
