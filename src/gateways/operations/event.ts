/**
 * Events as their readers see them. An administrator sees the node's log; a tenant sees its own events, numbered by its own
 * sequence, without what would tell of others (node-wide numbers of events and cells).
 */
import { create, type JsonObject } from "@bufbuild/protobuf";
import { EventSchema, plainObject, type Event as PublicEvent, type EventFilter } from "../../api/index.ts";
import { type EventId, isRefusal, refuse, type Refusal, type TenantId } from "../../base/index.ts";
import { eventVersions, type Event, type EventType, type Principal } from "../../kernel/index.ts";
import type { EventPage, Ports } from "../ports.ts";
import { eventNumberOf, invalid, scopeOf } from "./fields.ts";

/** Which events are asked for; `tenant` absent: all of the node's. */
export interface Wanted {
  readonly tenant?: TenantId;
  readonly types?: readonly EventType[];
  readonly subject?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
}

export function wantedOf(principal: Principal, filter: EventFilter | undefined): Wanted | Refusal {
  const tenant = scopeOf(principal, filter?.tenantId ?? "", "filter.tenant_id");
  if (isRefusal(tenant)) return tenant;
  const whose = tenant === undefined ? {} : { tenant };
  if (filter === undefined) return whose;
  const types: EventType[] = [];
  for (const type of filter.eventTypes) {
    if (!isEventType(type))
      return invalid("filter.event_types", `${JSON.stringify(type.slice(0, 64))} is no event type`);
    if (!types.includes(type)) types.push(type);
  }
  if (principal.role === "tenant" && filter.subject.startsWith(cellSubject)) {
    return invalid("filter.subject", "names a cell, which only an administrator sees");
  }
  if (filter.subject.length > 256) return invalid("filter.subject", "must have at most 256 characters");
  const fromMs = eventNumberOf("filter.from_ms", filter.fromMs, 0);
  if (isRefusal(fromMs)) return fromMs;
  const toMs = eventNumberOf("filter.to_ms", filter.toMs, 0);
  if (isRefusal(toMs)) return toMs;
  return {
    ...whose,
    ...(types.length === 0 ? {} : { types }),
    ...(filter.subject === "" ? {} : { subject: filter.subject }),
    ...(fromMs === 0 ? {} : { fromMs }),
    ...(toMs === 0 ? {} : { toMs }),
  };
}

/** The first event that this reader may see: a tenant sees nothing of an earlier one of its name. Undefined: all. */
export async function sinceOf(ports: Ports, principal: Principal): Promise<EventId | undefined | Refusal> {
  if (principal.role === "admin") return undefined;
  return ports.bornAt(principal.tenant)?.by ?? ports.read(() => refuse("CERTIFICATE_UNKNOWN"));
}

const isEventType = (type: string): type is EventType => Object.hasOwn(eventVersions, type);

/** Whether an event is among those asked for: what the log's own query answers, for one event. */
export function isWanted(wanted: Wanted, event: Event): boolean {
  const { tenant, types, subject, fromMs, toMs } = wanted;
  return (
    (tenant === undefined || event.tenant === tenant) &&
    (types === undefined || types.includes(event.type)) &&
    (subject === undefined || event.subject === subject) &&
    (fromMs === undefined || event.timestamp >= fromMs) &&
    (toMs === undefined || event.timestamp < toMs)
  );
}

/** The number by which this reader knows an event; undefined if it is not the reader's. */
export const numberFor = (principal: Principal, event: Event): number | undefined => {
  if (principal.role === "admin") return event.id;
  return event.tenant === principal.tenant ? event.tenantSequence : undefined;
};

/** A page of the log as this reader sees it. */
export function publicEvents(principal: Principal, page: EventPage): readonly PublicEvent[] {
  return page.events.flatMap((event) => {
    const number = numberFor(principal, event);
    const cause = principal.role === "admin" ? event.causation : page.causeSequences.get(event.id);
    return number === undefined ? [] : [publicEvent(principal, event, number, cause ?? 0)];
  });
}

function publicEvent(principal: Principal, event: Event, number: number, cause: number): PublicEvent {
  const { payload } = event;
  return create(EventSchema, {
    id: BigInt(number),
    timestampMs: BigInt(Math.trunc(event.timestamp)),
    wallClockMs: BigInt(Math.trunc(event.wallClockMs)),
    tenantId: event.tenant ?? "",
    eventType: event.type,
    subject: subjectFor(principal, event.subject),
    actor: event.actor,
    causationId: BigInt(cause),
    version: event.version,
    erased: payload === undefined,
    ...(payload === undefined ? {} : { payload: payloadFor(principal, payload) }),
  });
}

/** Node-wide numbers, whose growth would tell a tenant how much others do. */
const nodeWide: ReadonlySet<string> = new Set(["cell", "through"]);

/** Of an event that is about a cell; followed by its number. */
const cellSubject = "cell ";

const subjectFor = (principal: Principal, subject: string): string =>
  principal.role === "tenant" && subject.startsWith(cellSubject) ? cellSubject.trimEnd() : subject;

function payloadFor(principal: Principal, payload: object): JsonObject {
  const plain = plainObject(payload);
  if (principal.role === "admin") return plain;
  return Object.fromEntries(Object.entries(plain).filter(([name]) => !nodeWide.has(name)));
}
