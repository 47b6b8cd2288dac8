/**
 * WatchEvents: the log from an event on, then each event as it becomes durable. News only wakes the watcher, which then
 * reads on in the log: there is no gap, no duplicate, and nothing to hold for a slow one.
 */
import { type EventId, isRefusal, type Refusal } from "../../base/index.ts";
import type { Event, Principal, State } from "../../kernel/index.ts";
import type { EventPage, Ports } from "../ports.ts";
import { isWanted, numberFor, publicEvents, sinceOf, wantedOf, type Wanted } from "./event.ts";
import { eventNumberOf } from "./fields.ts";
import type { StreamHandler } from "./handler.ts";

const pageLength = 200;

export const watchEvents: StreamHandler<"watchEvents"> = async function* (ports, principal, request, signal) {
  const wanted = wantedOf(principal, request.filter);
  if (isRefusal(wanted)) return wanted;
  const after = eventNumberOf("after_id", request.afterId, -1);
  if (isRefusal(after)) return after;
  // Once: the last events are read when the tenant is gone.
  const since = await sinceOf(ports, principal);
  if (isRefusal(since)) return since;

  // Followed before the first look: what comes in between is read as news.
  const news = new News(signal);
  const unfollow = ports.events.follow((event) => {
    if (isEnd(principal, event)) news.end();
    else if (isWanted(wanted, event)) news.add();
  });
  try {
    let last = after === -1 ? await ports.read((state) => newest(principal, state)) : after;
    if (after !== -1) news.add();
    while (await news.come()) {
      for await (const page of pages(
        ports,
        principal,
        { ...wanted, ...(since === undefined ? {} : { since }) },
        last,
      )) {
        if (isRefusal(page)) return page;
        for (const event of page.events) last = numberFor(principal, event) ?? last;
        yield* publicEvents(principal, page);
        if (signal.aborted) return undefined;
      }
    }
    return undefined;
  } finally {
    unfollow();
    news.end();
  }
};

/** Whether there is something to read; a bell, not a queue. */
class News {
  readonly #signal: AbortSignal;
  #there = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  add(): void {
    this.#there = true;
    this.#wake?.();
  }

  /** What there is, is still read. */
  end(): void {
    this.#ended = true;
    this.#there = true;
    this.#wake?.();
  }

  /** True once there is news, false when there will be none. */
  async come(): Promise<boolean> {
    if (this.#ended && !this.#there) return false;
    if (!this.#there && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#there = false;
    return !this.#signal.aborted;
  }
}

async function* pages(
  ports: Ports,
  principal: Principal,
  wanted: Wanted & { readonly since?: EventId },
  after: number,
): AsyncGenerator<EventPage | Refusal, void, undefined> {
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
    yield page;
    if (page.next === undefined) return;
  }
}

/** A tenant's stream ends with its tenant. */
const isEnd = (principal: Principal, event: Event): boolean =>
  principal.role === "tenant" && event.type === "tenant_deleted" && event.tenant === principal.tenant;

const newest = (principal: Principal, state: State): number =>
  principal.role === "admin" ? state.lastEvent : (state.tenants.get(principal.tenant)?.lastSequence ?? 0);
