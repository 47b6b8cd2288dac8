/**
 * WatchEvents: the log from an event on, then each event as it becomes durable. No gap and no duplicate: a watcher too slow
 * for the live events goes back to reading the log, which holds them all.
 */
import { isRefusal, limits, type Refusal } from "../../base/index.ts";
import type { Event, Principal, State } from "../../kernel/index.ts";
import type { Ports } from "../ports.ts";
import { isWanted, numberFor, publicEvents, wantedOf, type Wanted } from "./event.ts";
import { eventNumberOf } from "./fields.ts";
import type { StreamHandler } from "./handler.ts";
import { Outlet } from "./outlet.ts";

const pageLength = 200;
/** Events that wait for a watcher; past this it reads them from the log again. */
const liveMax = 1_000;

export const watchEvents: StreamHandler<"watchEvents"> = async function* (ports, principal, request, signal) {
  const wanted = wantedOf(principal, request.filter);
  if (isRefusal(wanted)) return wanted;
  const after = eventNumberOf("after_id", request.afterId, -1);
  if (isRefusal(after)) return after;

  let outlet = new Outlet<Event>({ itemsMax: liveMax, bytesMax: limits.payloadBytesMax });
  const unfollow = ports.events.follow((event) => {
    if (isWanted(wanted, event) || isEnd(principal, event)) outlet.push(event, sizeOf(event));
  });
  try {
    let last = after === -1 ? await ports.read((state) => newest(principal, state)) : after;
    for (let behind = after !== -1; !signal.aborted; behind = true) {
      if (behind) {
        // What is queued will be in the log's answer.
        outlet = new Outlet<Event>({ itemsMax: liveMax, bytesMax: limits.payloadBytesMax });
        for await (const page of pages(ports, principal, wanted, last)) {
          if (isRefusal(page)) return page;
          last = page.last;
          yield* await publicEvents(ports, principal, page.events);
          if (signal.aborted) return undefined;
        }
      }
      for await (const out of outlet.read(signal)) {
        if ("lost" in out) break;
        const number = numberFor(principal, out.item);
        if (number === undefined || number <= last) continue;
        last = number;
        if (isWanted(wanted, out.item)) yield* await publicEvents(ports, principal, [out.item]);
        if (isEnd(principal, out.item)) return undefined;
      }
    }
    return undefined;
  } finally {
    unfollow();
  }
};

async function* pages(
  ports: Ports,
  principal: Principal,
  wanted: Wanted,
  after: number,
): AsyncGenerator<{ readonly events: readonly Event[]; readonly last: number } | Refusal, void, undefined> {
  for (let last = after; ;) {
    const page = await ports.events.query({
      ...wanted,
      ...(last === 0 ? {} : { cursor: last }),
      bySequence: principal.role === "tenant",
      newestFirst: false,
      limit: pageLength,
    });
    if (isRefusal(page)) return yield page;
    const newestShown = page.events.at(-1);
    if (newestShown === undefined) return;
    last = numberFor(principal, newestShown) ?? last;
    yield { events: page.events, last };
    if (page.next === undefined) return;
  }
}

/** A tenant's stream ends with its tenant. */
const isEnd = (principal: Principal, event: Event): boolean =>
  principal.role === "tenant" && event.type === "tenant_deleted" && event.tenant === principal.tenant;

const newest = (principal: Principal, state: State): number =>
  principal.role === "admin" ? state.lastEvent : (state.tenants.get(principal.tenant)?.lastSequence ?? 0);

/** Near enough: payloads are bounded, and most are small. */
const sizeOf = (event: Event): number => 256 + JSON.stringify(event.payload ?? {}).length;
