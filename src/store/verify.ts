/**
 * Verification: walks the chain from event to event and stops at the first that is not what was written. A generator, so
 * that whoever runs it may pause between chunks, and stop.
 */
import { eventId, limits } from "../base/index.ts";
import type { Fault, Verdict, VerifyAsk } from "./asks.ts";
import { digestPayload, genesis, type Header, hex, linkHash, sameBytes } from "./chain.ts";
import { headerColumns, LogDamaged, parseHeader } from "./row.ts";
import { type Database, sayError, type SqlRow } from "./sqlite.ts";

const chunkEventsMax = 500;

interface Link {
  readonly header: Header;
  readonly digest: Uint8Array;
  readonly hash: Uint8Array;
  /** Undefined: erased, or taken away. */
  readonly payload: { readonly salt: Uint8Array; readonly json: string } | undefined;
}

class Broken extends Error {
  override readonly name = "Broken";
  readonly at: number;
  readonly fault: Fault;

  constructor(at: number, fault: Fault, problem: string) {
    super(problem);
    this.at = at;
    this.fault = fault;
  }
}

/** Yields the number of events found sound, after each chunk. */
export function* verifyChain(database: Database, ask: VerifyAsk): Generator<number, Verdict, undefined> {
  let next = Math.max(1, ask.from ?? 1);
  const count = { checked: 0, erased: 0 };
  try {
    const last = Math.min(ask.to ?? ask.known.id, ask.known.id);
    const erasures = new Erasures(database);
    const sequences = new Map<string, number>();
    let previous = next === 1 ? genesis : insistLink(database, next - 1).hash;
    while (next <= last) {
      const links = readLinks(database, next, last);
      const [first] = links;
      if (first === undefined) {
        throw new Broken(next, "truncated", `the log ends at ${next - 1}; it had reached ${ask.known.id}`);
      }
      for (const link of links) {
        if (link.header.id !== next) throw new Broken(next, "missing_event", `event ${next} is missing`);
        checkLink(database, link, previous, sequences);
        if (checkPayload(link, erasures) === "erased") count.erased += 1;
        previous = link.hash;
        count.checked += 1;
        next += 1;
      }
      yield count.checked;
    }
    const head = { id: eventId(next - 1), hash: hex(previous) };
    checkExpectations(database, ask, head);
    return { type: "sound", ...count, head };
  } catch (error) {
    const broken =
      error instanceof Broken
        ? error
        : // The file cannot be read here: that, too, is an answer.
          new Broken(next, error instanceof LogDamaged ? "altered_header" : "unreadable", sayError(error));
    return { type: "broken", at: eventId(broken.at), fault: broken.fault, problem: broken.message, ...count };
  }
}

const linkQuery = `SELECT ${headerColumns}, payload_digest, hash, salt, json
  FROM events LEFT JOIN payloads ON payloads.id = events.id`;

function readLinks(database: Database, from: number, to: number): readonly Link[] {
  const links: Link[] = [];
  let bytes = 0;
  const rows = database.prepare(`${linkQuery} WHERE events.id BETWEEN ? AND ? ORDER BY events.id LIMIT ?`);
  for (const row of rows.iterate(from, to, chunkEventsMax)) {
    const link = parseLink(row);
    links.push(link);
    bytes += link.payload?.json.length ?? 0;
    if (bytes > limits.eventsPageBytesMax) break;
  }
  return links;
}

function findLink(database: Database, id: number): Link | undefined {
  const row = database.prepare(`${linkQuery} WHERE events.id = ?`).get(id);
  return row === undefined ? undefined : parseLink(row);
}

function insistLink(database: Database, id: number): Link {
  const link = findLink(database, id);
  if (link === undefined) throw new Broken(id, "missing_event", `event ${id} is missing`);
  return link;
}

function parseLink(row: SqlRow): Link {
  const header = parseHeader(row);
  const { payload_digest: digest, hash, salt, json } = row;
  if (!(digest instanceof Uint8Array) || !(hash instanceof Uint8Array)) {
    throw new LogDamaged(`event ${header.id}: its digest or hash is not bytes`);
  }
  const payload = salt instanceof Uint8Array && typeof json === "string" ? { salt, json } : undefined;
  return { header, digest, hash, payload };
}

function checkLink(database: Database, link: Link, previous: Uint8Array, sequences: Map<string, number>): void {
  const { id, tenant, sequence } = link.header;
  const expected = tenant === null ? null : sequences.get(tenant);
  const inSequence = expected === undefined || sequence === (expected === null ? null : expected + 1);
  if (!sameBytes(linkHash(previous, link.header, link.digest), link.hash)) {
    throw inSequence
      ? diagnose(database, link, previous)
      : new Broken(id, "reordered", `event ${id} is out of its tenant's sequence, and does not follow event ${id - 1}`);
  }
  if (!inSequence) throw new Broken(id, "sequence_gap", `event ${id} has sequence ${String(sequence)}`);
  if (tenant !== null && sequence !== null) sequences.set(tenant, sequence);
}

/** Header and hash of `link` do not agree: the event after it tells which of them is as it was written. */
function diagnose(database: Database, link: Link, previous: Uint8Array): Broken {
  const { id } = link.header;
  const after = findLink(database, id + 1);
  const follows = (hash: Uint8Array): boolean =>
    after !== undefined && sameBytes(linkHash(hash, after.header, after.digest), after.hash);
  if (after === undefined || follows(link.hash)) {
    return new Broken(id, "altered_header", `event ${id} was altered, or rewritten with those before it`);
  }
  if (follows(linkHash(previous, link.header, link.digest))) {
    return new Broken(id, "altered_hash", `the hash of event ${id} was altered`);
  }
  return new Broken(id, "reordered", `event ${id} does not follow event ${id - 1}, nor does event ${id + 1} follow it`);
}

function checkPayload(link: Link, erasures: Erasures): "whole" | "erased" {
  const { id, tenant, type } = link.header;
  if (link.payload !== undefined) {
    if (sameBytes(digestPayload(link.payload.salt, link.payload.json), link.digest)) return "whole";
    throw new Broken(id, "altered_payload", `the payload of event ${id} was altered`);
  }
  if (tenant !== null && type !== "payload_erased" && erasures.cover(tenant, id)) return "erased";
  throw new Broken(id, "missing_payload", `the payload of event ${id} is gone, and no event says that it was erased`);
}

/**
 * How far each tenant's payloads were erased. The log goes on while it is walked: before a payload is called missing, the
 * erasures are read again, since one may have been recorded after the walk began.
 */
class Erasures {
  readonly #database: Database;
  #through: ReadonlyMap<string, number>;

  constructor(database: Database) {
    this.#database = database;
    this.#through = readErasures(database);
  }

  cover(tenant: string, id: number): boolean {
    if (id <= (this.#through.get(tenant) ?? 0)) return true;
    this.#through = readErasures(this.#database);
    return id <= (this.#through.get(tenant) ?? 0);
  }
}

/** The events that say so are part of the chain, and checked with it. */
function readErasures(database: Database): ReadonlyMap<string, number> {
  const rows = database.prepare(
    `SELECT json_extract(json, '$.erased') AS tenant, max(json_extract(json, '$.through')) AS through
     FROM events INDEXED BY events_by_type JOIN payloads ON payloads.id = events.id
     WHERE type = 'payload_erased' AND json_valid(json) GROUP BY 1`,
  );
  return new Map(rows.all().map((row) => [String(row["tenant"]), Number(row["through"])]));
}

function checkExpectations(
  database: Database,
  ask: VerifyAsk,
  head: { readonly id: number; readonly hash: string },
): void {
  const { known, expect } = ask;
  if (head.id === known.id && head.hash !== known.hash) {
    throw new Broken(
      known.id,
      "rewritten",
      `the log ends with another event ${known.id} than the one that was written`,
    );
  }
  if (expect === undefined) return;
  if (expect.id > known.id) {
    throw new Broken(known.id + 1, "truncated", `the log ends at ${known.id}; it was expected to reach ${expect.id}`);
  }
  const found = expect.id === 0 ? hex(genesis) : hex(insistLink(database, expect.id).hash);
  if (found !== expect.hash) {
    throw new Broken(expect.id, "rewritten", `event ${expect.id} has hash ${found}; ${expect.hash} was expected`);
  }
}
