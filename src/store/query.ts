/**
 * Queries, on the reader's connection. Ids ascend with time and with each tenant's sequence, so that every restriction by
 * time, sequence or id becomes one range of ids, and every page is read through an index that holds only what was asked
 * for: a tenant's query never walks over another's events.
 *
 *   tenant           events_by_tenant           tenant + types     events_by_tenant_type, once per type
 *   nothing          primary key                types              events_by_type, once per type
 *   tenant + subject events_by_tenant_subject   subject            events_by_tenant_subject, once per tenant
 */
import { limits } from "../base/index.ts";
import type { EventQuery, EventRecord, RecordPage } from "./asks.ts";
import { headerColumns, parseHeader } from "./row.ts";
import type { Database, SqlInput, SqlRow } from "./sqlite.ts";

interface Range {
  readonly low: number;
  readonly high: number;
}

const number = (row: SqlRow | undefined, name: string): number | undefined => {
  const value = row?.[name];
  return typeof value === "number" ? value : undefined;
};

/** The smallest n in [1, newest] whose instant is at least `at`, or newest + 1. Instants ascend with n. */
function firstAtOrAfter(at: number, newest: number, instantOf: (n: number) => number | undefined): number {
  let low = 1;
  let high = newest + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((instantOf(middle) ?? 0) >= at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Are the query's cursors sequences of its tenant, or ids? */
const countsSequences = (query: EventQuery): boolean => query.tenant !== undefined && query.numbers !== "id";

const within = (a: Range, b: Range): Range => ({ low: Math.max(a.low, b.low), high: Math.min(a.high, b.high) });

const cursorsOf = (query: EventQuery): Range => ({
  low: (query.after ?? 0) + 1,
  high: (query.before ?? Number.MAX_SAFE_INTEGER) - 1,
});

/** The numbers, of all up to `newest`, whose instants the query allows. */
const timesOf = (query: EventQuery, newest: number, instantOf: (n: number) => number | undefined): Range => ({
  low: query.from === undefined ? 1 : firstAtOrAfter(query.from, newest, instantOf),
  high: query.to === undefined ? newest : firstAtOrAfter(query.to, newest, instantOf) - 1,
});

/** The ids between which the answer lies; undefined if there can be none. */
function idsOf(database: Database, query: EventQuery, through: number): Range | undefined {
  const ids =
    query.tenant === undefined
      ? idsOfNode(database, query, through)
      : idsOfTenant(database, query, query.tenant, through);
  if (ids === undefined) return undefined;
  const low = Math.max(ids.low, query.since ?? 1);
  return low > ids.high ? undefined : { low, high: ids.high };
}

function idsOfNode(database: Database, query: EventQuery, through: number): Range {
  const instantOf = database.prepare("SELECT timestamp FROM events WHERE id = ?");
  const times = timesOf(query, through, (id) => number(instantOf.get(id), "timestamp"));
  return within(times, cursorsOf(query));
}

function idsOfTenant(database: Database, query: EventQuery, tenant: string, through: number): Range | undefined {
  const newest = number(
    database.prepare("SELECT max(tenant_sequence) AS newest FROM events WHERE tenant = ?").get(tenant),
    "newest",
  );
  if (newest === undefined) return undefined;
  const place = database.prepare("SELECT id, timestamp FROM events WHERE tenant = ? AND tenant_sequence = ?");
  const times = timesOf(query, newest, (sequence) => number(place.get(tenant, sequence), "timestamp"));
  const sequences = countsSequences(query) ? within(times, cursorsOf(query)) : times;
  if (sequences.low > sequences.high) return undefined;
  const low = number(place.get(tenant, sequences.low), "id");
  const high = number(place.get(tenant, sequences.high), "id");
  if (low === undefined || high === undefined) return undefined;
  const ids = { low, high: Math.min(high, through) };
  return countsSequences(query) ? ids : within(ids, cursorsOf(query));
}

interface Source {
  readonly where: string;
  readonly values: readonly SqlInput[];
}

function tenantsOf(database: Database): readonly (string | null)[] {
  const next = database.prepare("SELECT min(tenant) AS tenant FROM events WHERE tenant > ?");
  const tenants: (string | null)[] = [null];
  for (let row = next.get(""); typeof row?.["tenant"] === "string"; row = next.get(row["tenant"])) {
    tenants.push(row["tenant"]);
  }
  return tenants;
}

/** Each source is one walk through one index in the order of ids. */
function sourcesOf(database: Database, query: EventQuery): readonly Source[] {
  const { tenant, subject, types } = query;
  if (subject !== undefined) {
    const ofTypes = types === undefined ? "" : "AND type IN (SELECT value FROM json_each(?))";
    const tenants = tenant === undefined ? tenantsOf(database) : [tenant];
    return tenants.map((one) => ({
      where: `INDEXED BY events_by_tenant_subject WHERE tenant IS ? AND subject = ? ${ofTypes}`,
      values: types === undefined ? [one, subject] : [one, subject, JSON.stringify(types)],
    }));
  }
  if (types !== undefined) {
    return [...new Set(types)].map((type) =>
      tenant === undefined
        ? { where: "INDEXED BY events_by_type WHERE type = ?", values: [type] }
        : { where: "INDEXED BY events_by_tenant_type WHERE tenant = ? AND type = ?", values: [tenant, type] },
    );
  }
  return [
    tenant === undefined
      ? { where: "WHERE true", values: [] }
      : { where: "INDEXED BY events_by_tenant WHERE tenant = ?", values: [tenant] },
  ];
}

/** The ids of the first `count` events that match, in order. */
function findIds(database: Database, query: EventQuery, range: Range, count: number): readonly number[] {
  const newestFirst = query.newestFirst === true;
  const direction = newestFirst ? "DESC" : "ASC";
  // A single tenant's sequences ascend with its ids, but only the sequence is in the order of its index.
  const order =
    query.tenant !== undefined && query.subject === undefined && query.types === undefined ? "tenant_sequence" : "id";
  let found: number[] = [];
  let { low, high } = range;
  for (const source of sourcesOf(database, query)) {
    const rows = database
      .prepare(`SELECT id FROM events ${source.where} AND id BETWEEN ? AND ? ORDER BY ${order} ${direction} LIMIT ?`)
      .all(...source.values, low, high, count);
    for (const row of rows) found.push(Number(row["id"]));
    if (found.length < count) continue;
    found = found.toSorted((a, b) => (newestFirst ? b - a : a - b)).slice(0, count);
    // What comes after the last one found is of no interest in the sources that follow.
    const last = found.at(-1) ?? 0;
    if (newestFirst) low = last;
    else high = last;
  }
  return found.toSorted((a, b) => (newestFirst ? b - a : a - b));
}

export function queryEvents(database: Database, query: EventQuery & { readonly through: number }): RecordPage {
  const limit = Math.max(1, Math.min(query.limit ?? limits.eventsPageMax, limits.eventsPageMax));
  const range = idsOf(database, query, query.through);
  if (range === undefined) return { records: [] };
  const ids = findIds(database, query, range, limit + 1);
  const read = database.prepare(
    `SELECT ${headerColumns}, json, (SELECT cause.tenant_sequence FROM events AS cause
       WHERE cause.id = events.causation AND cause.tenant = events.tenant) AS cause_sequence
     FROM events LEFT JOIN payloads ON payloads.id = events.id WHERE events.id = ?`,
  );
  const records: EventRecord[] = [];
  let bytes = 0;
  for (const id of ids) {
    const row = read.get(id);
    if (row === undefined) continue;
    const json = typeof row["json"] === "string" ? row["json"] : null;
    bytes += json?.length ?? 0;
    if (records.length === limit || (records.length > 0 && bytes > limits.eventsPageBytesMax)) {
      const last = records.at(-1)?.header;
      const next = countsSequences(query) ? last?.sequence : last?.id;
      return { records, next: next ?? 0 };
    }
    records.push({ header: parseHeader(row), json, causeSequence: number(row, "cause_sequence") ?? null });
  }
  return { records };
}

export const countPayloads = (database: Database, of: { readonly tenant: string; readonly through: number }): number =>
  number(
    database
      .prepare(
        `SELECT count(*) AS n FROM events INDEXED BY events_by_tenant JOIN payloads ON payloads.id = events.id
         WHERE tenant = ? AND events.id <= ? AND type <> 'payload_erased'`,
      )
      .get(of.tenant, of.through),
    "n",
  ) ?? 0;
