/** Rows of the database into events. What the file holds is parsed: it may have been damaged, or altered. */
import { eventId, instant, parseTenantId, type Refusal, refuse } from "../base/index.ts";
import type { Event } from "../kernel/index.ts";
import type { Header } from "./chain.ts";
import type { SqlRow } from "./sqlite.ts";

/** The log cannot be read as what it should be. Caught by whoever opened it, and told as `refusal`. */
export class LogDamaged extends Error {
  override readonly name = "LogDamaged";
  readonly refusal: Refusal;

  constructor(problem: string) {
    super(problem);
    this.refusal = refuse("LOG_UNAVAILABLE", { why: problem });
  }
}

/** What a query must select for {@link parseHeader}, from `events`. */
export const headerColumns =
  "events.id, tenant, tenant_sequence, type, subject, actor, timestamp, wall_clock, causation, version";

const whole = (row: SqlRow, name: string): number => {
  const value = row[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new LogDamaged(`event ${String(row["id"])}: ${name} is not a whole number`);
  }
  return value;
};

const text = (row: SqlRow, name: string): string => {
  const value = row[name];
  if (typeof value !== "string") throw new LogDamaged(`event ${String(row["id"])}: ${name} is not text`);
  return value;
};

export const parseHeader = (row: SqlRow): Header => ({
  id: whole(row, "id"),
  tenant: row["tenant"] === null ? null : text(row, "tenant"),
  sequence: row["tenant_sequence"] === null ? null : whole(row, "tenant_sequence"),
  type: text(row, "type"),
  subject: text(row, "subject"),
  actor: text(row, "actor"),
  timestamp: whole(row, "timestamp"),
  wallClock: whole(row, "wall_clock"),
  causation: row["causation"] === null ? null : whole(row, "causation"),
  version: whole(row, "version"),
});

const parsePayload = (header: Header, json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    throw new LogDamaged(`event ${header.id}: its payload is not JSON`);
  }
};

/**
 * The one place where stored text becomes an event. Type and payload are as they were written, maybe long ago, by a kernel
 * that knew them: bringing them up to date is the kernel's (upcast), by `version`. `json` is null for an erased payload.
 */
export function toEvent(header: Header, json: string | null): Event {
  const tenant = header.tenant === null ? undefined : parseTenantId(header.tenant);
  if (header.tenant !== null && tenant === undefined)
    throw new LogDamaged(`event ${header.id}: its tenant has no valid name`);
  const event = {
    id: eventId(header.id),
    ...(header.sequence === null ? {} : { tenantSequence: header.sequence }),
    timestamp: instant(header.timestamp),
    wallClockMs: header.wallClock,
    ...(tenant === undefined ? {} : { tenant }),
    type: header.type,
    subject: header.subject,
    actor: header.actor,
    ...(json === null ? {} : { payload: parsePayload(header, json) }),
    ...(header.causation === null ? {} : { causation: eventId(header.causation) }),
    version: header.version,
  };
  return event as Event;
}

export const parseEvent = (row: SqlRow): Event =>
  toEvent(parseHeader(row), row["json"] === null ? null : text(row, "json"));
