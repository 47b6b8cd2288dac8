/**
 * The state as it was after an event, replayed page by page so that the event loop goes on turning. A replay is work of the
 * thread that everybody shares: one is under way at a time, in the order of asking, and each tenant may have so many.
 */
import { type EventId, eventId, isRefusal, limits, type Refusal, refuse, type TenantId } from "../base/index.ts";
import { current, evolve, initialState, toSnapshot, toTenantView } from "../kernel/index.ts";
import { type EventLog, LogDamaged } from "../store/index.ts";

interface At {
  /** A node-wide id, or the tenant's number. Absent: the newest. */
  readonly event?: number;
  readonly tenant?: TenantId;
  /** Earlier events are not there for this reader. */
  readonly since?: EventId;
}
type StateAt = { readonly event: number; readonly state: unknown } | Refusal;

export class Replays {
  readonly #log: EventLog;
  /** Under way or waiting, by tenant; "" for administrators. */
  readonly #open = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** `signal`: nobody waits for it any more. Refusals: OVERLOADED, EVENT_NOT_FOUND, TENANT_NOT_FOUND, LOG_UNAVAILABLE. */
  stateAt(at: At, signal: AbortSignal): Promise<StateAt> {
    // Only a tenant has a beginning.
    const whose = at.since === undefined ? "" : (at.tenant ?? "");
    const open = this.#open.get(whose) ?? 0;
    const limit = limits.replaysPerTenantMax;
    if (open >= limit) return Promise.resolve(refuse("OVERLOADED", { what: "The queue of replays", limit }));
    this.#open.set(whose, open + 1);
    const replayed = this.#last
      .then(() => stateAt(this.#log, at, signal))
      .finally(() => {
        const left = (this.#open.get(whose) ?? 1) - 1;
        if (left === 0) this.#open.delete(whose);
        else this.#open.set(whose, left);
      });
    // What became of one is the business of whoever asked for it.
    this.#last = replayed.catch(() => undefined);
    return replayed;
  }
}

const unwanted = (): Refusal => refuse("LOG_UNAVAILABLE", { why: "nobody waits for the replay any more" });

async function stateAt(log: EventLog, at: At, signal: AbortSignal): Promise<StateAt> {
  if (signal.aborted) return unwanted();
  const until = await nodeWide(log, at);
  if (isRefusal(until)) return until;
  const state = initialState();
  try {
    for await (const page of log.history(until)) {
      if (signal.aborted) return unwanted();
      for (const event of page) evolve(state, current(event));
    }
  } catch (error) {
    if (error instanceof LogDamaged) return error.refusal;
    throw error;
  }
  if (at.tenant === undefined) return { event: until, state: toSnapshot(state) };
  const tenant = state.tenants.get(at.tenant);
  if (tenant === undefined) return refuse("TENANT_NOT_FOUND", { tenant: at.tenant });
  return { event: tenant.lastSequence, state: toTenantView(state, at.tenant) };
}

/** The node-wide id of the event that was named, by its id or by its number within the tenant. */
async function nodeWide(log: EventLog, at: At): Promise<EventId | Refusal> {
  if (at.event === undefined) return log.durable;
  if (at.tenant === undefined) {
    return at.event <= log.durable ? eventId(at.event) : refuse("EVENT_NOT_FOUND", { event: at.event });
  }
  const page = await log.query({ tenant: at.tenant, after: at.event - 1, since: at.since, limit: 1 });
  if (isRefusal(page)) return page;
  const [event] = page.events;
  return event?.tenantSequence === at.event ? event.id : refuse("EVENT_NOT_FOUND", { event: at.event });
}
