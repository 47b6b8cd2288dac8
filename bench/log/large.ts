/**
 * A log that has grown large: pages of it, as QueryEvents reads them, and its verification, beside raw node:sqlite with as many
 * events on the same disk. The log is filled through its own append, in groups.
 *
 *   node bench/log/large.ts EVENTS      prints rows as JSON
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { insist, instant, isRefusal } from "../../src/base/index.ts";
import type { EventLog, EventQuery } from "../../src/store/index.ts";
import { round, sideBySide } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import { eventOf, openLog, otherType, rareType, tenants } from "./events.ts";
import { chainRaw, fillRaw, openRaw, pageOfRaw } from "./raw.ts";

const total = Number(process.argv[2]);
/** Of one instant. */
const perTurn = 100;
/** In the queue of commits, or on its way to the disk. */
const group = 5_000;
const asksOfEach = 200;
const dir = await mkdtemp(join(tmpdir(), "solo-bench-large-log-"));

/** Resolves with the first instant; each group of one turn is a millisecond later. */
async function fill(log: EventLog): Promise<number> {
  const first = Date.now();
  for (let n = 0; n < total; n += perTurn) {
    const events = Array.from({ length: Math.min(perTurn, total - n) }, (_, k) => eventOf(n + k));
    const at = first + n / perTurn;
    log.append(events, { timestamp: instant(at), wallClockMs: at });
    if (!log.hasRoom(group)) await log.whenDurable(log.newest);
  }
  await log.whenDurable(log.newest);
  return first;
}

interface Asked {
  readonly query: EventQuery;
  /** The same of the raw table; where it has no index for it, it is not asked. */
  readonly raw?: readonly [where: string, ...values: readonly (string | number)[]];
}

function questions(first: number): Readonly<Record<string, Asked>> {
  const [tenant = tenants[0]] = tenants;
  const middle = Math.floor(total / perTurn / 2);
  const newest = "ORDER BY id DESC LIMIT";
  return {
    "newest 50 of all": { query: { newestFirst: true, limit: 50 }, raw: [`${newest} 50`] },
    "newest 50 of a tenant": {
      query: { tenant, newestFirst: true, limit: 50 },
      raw: ["WHERE tenant = ? ORDER BY sequence DESC LIMIT 50", "agent_0"],
    },
    "newest 1,000 of a tenant": {
      query: { tenant, newestFirst: true },
      raw: ["WHERE tenant = ? ORDER BY sequence DESC LIMIT 1000", "agent_0"],
    },
    "50 of a type": {
      query: { types: [rareType], newestFirst: true, limit: 50 },
      raw: [`WHERE type = ? ${newest} 50`, rareType],
    },
    "50 of two types, all there are": {
      query: { types: [rareType, otherType], newestFirst: true, limit: 50 },
      raw: [`WHERE type IN (?, ?) ${newest} 50`, rareType, otherType],
    },
    "50 of a tenant and a type": {
      query: { tenant, types: [rareType], newestFirst: true, limit: 50 },
      raw: [`WHERE tenant = ? AND type = ? ${newest} 50`, "agent_0", rareType],
    },
    "50 of a tenant's subject": {
      query: { tenant, subject: "service_0", newestFirst: true, limit: 50 },
      raw: [`WHERE tenant = ? AND subject = ? ${newest} 50`, "agent_0", "service_0"],
    },
    "50 of a subject of any tenant": { query: { subject: "service_0", newestFirst: true, limit: 50 } },
    "first 50 from a time on": {
      query: { from: instant(first + middle), limit: 50 },
      raw: ["WHERE at >= ? ORDER BY at LIMIT 50", middle * perTurn],
    },
    "a tenant's first 50 from a time on": { query: { tenant, from: instant(first + middle), limit: 50 } },
  };
}

async function queryRows(log: EventLog, database: DatabaseSync, first: number): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [what, { query, raw }] of Object.entries(questions(first))) {
    const ask = async (): Promise<void> => {
      const page = await log.query(query);
      insist(!isRefusal(page) && page.events.length > 0, `${what}: a page`);
    };
    const askRaw = (): Promise<unknown> => Promise.resolve(raw === undefined ? [] : pageOfRaw(database, ...raw));
    const found = await sideBySide(asksOfEach, { log: ask, raw: askRaw });
    rows.push({
      what: `query: ${what}`,
      unit: "ms",
      figures: found.log,
      ...(raw === undefined ? {} : { peer: { what: "raw node:sqlite p50", value: found.raw.p50 } }),
    });
  }
  return rows;
}

try {
  const log = await openLog(dir);
  const began = performance.now();
  const first = await fill(log);
  const filledMs = performance.now() - began;
  using database = openRaw(dir, "raw");
  const beganRaw = performance.now();
  fillRaw(database, group, total);
  const filledRawMs = performance.now() - beganRaw;
  const rows = await queryRows(log, database, first);

  const beganVerify = performance.now();
  const verdict = await log.verify();
  const verifiedMs = performance.now() - beganVerify;
  insist(!isRefusal(verdict) && verdict.type === "sound" && verdict.checked === total, "the log is sound");
  const beganChain = performance.now();
  insist(chainRaw(database) === total, "every raw event is read");
  const chainedMs = performance.now() - beganChain;
  await log.close();

  const perSecond = (ms: number): number => Math.round((total / ms) * 1_000);
  const out: readonly Row[] = [
    {
      what: `${total} events: appended, in groups`,
      unit: "per s",
      figures: { value: perSecond(filledMs) },
      peer: { what: `raw node:sqlite, groups of ${group}`, value: perSecond(filledRawMs) },
    },
    ...rows.map((row) => ({ ...row, what: `${total} events: ${row.what}` })),
    {
      what: `${total} events: verify`,
      unit: "per s",
      figures: { value: perSecond(verifiedMs) },
      peer: { what: "raw: read each row and hash it", value: perSecond(chainedMs) },
    },
    { what: `${total} events: verify all`, unit: "s", figures: { value: round(verifiedMs / 1_000) } },
  ];
  process.stdout.write(`${JSON.stringify(out)}\n`);
} finally {
  await rm(dir, { recursive: true });
}
