/** The state as it was after an event, replayed page by page so that the event loop goes on turning. */
import { type EventId, eventId, isRefusal, type Refusal, refuse, type TenantId } from "../base/index.ts";
import { current, evolve, initialState, toSnapshot, toTenantView } from "../kernel/index.ts";
import { type EventLog, LogDamaged } from "../store/index.ts";

export async function stateAt(
  log: EventLog,
  at: { readonly event?: number; readonly tenant?: TenantId },
): Promise<{ readonly event: number; readonly state: unknown } | Refusal> {
  const until = await nodeWide(log, at);
  if (isRefusal(until)) return until;
  const state = initialState();
  try {
    for await (const page of log.history(until)) for (const event of page) evolve(state, current(event));
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
async function nodeWide(
  log: EventLog,
  at: { readonly event?: number; readonly tenant?: TenantId },
): Promise<EventId | Refusal> {
  if (at.event === undefined) return log.durable;
  if (at.tenant === undefined) {
    return at.event <= log.durable ? eventId(at.event) : refuse("EVENT_NOT_FOUND", { event: at.event });
  }
  const page = await log.query({ tenant: at.tenant, after: at.event - 1, limit: 1 });
  if (isRefusal(page)) return page;
  const [event] = page.events;
  return event?.tenantSequence === at.event ? event.id : refuse("EVENT_NOT_FOUND", { event: at.event });
}
