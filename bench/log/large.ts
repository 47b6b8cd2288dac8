/**
 * A log that has grown large: pages of it, its verification and its replay, beside raw node:sqlite with as many events on the same
 * disk; then the same pages and verification as a client of a Solo over this log has them. The log is filled through its own
 * append, in groups.
 *
 *   node bench/log/large.ts EVENTS      prints rows as JSON
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { DatabaseSync } from "node:sqlite";
import { insist, instant, isRefusal } from "../../src/base/index.ts";
import { evolveVersion, recover, toSnapshot } from "../../src/kernel/index.ts";
import type { EventLog } from "../../src/store/index.ts";
import { roomy, Solo } from "../../test/e2e/solo.ts";
import { round, sideBySide } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import { eventOf, openLog } from "./events.ts";
import { questions } from "./questions.ts";
import { chainRaw, fillRaw, openRaw, pageOfRaw, readRaw } from "./raw.ts";
import { servedRows } from "./served.ts";

const total = Number(process.argv[2]);
/** Of one instant. */
const perTurn = 100;
/** In the queue of commits, or on its way to the disk. */
const group = 5_000;
const asksOfEach = Math.min(200, Math.ceil(total / 100));

/** Resolves with the first instant; each group of one turn is a millisecond later. */
async function fill(log: EventLog): Promise<number> {
  const first = Math.max(Date.now(), log.timestamp);
  for (let n = 0; n < total; n += perTurn) {
    const events = Array.from({ length: Math.min(perTurn, total - n) }, (_, k) => eventOf(n + k));
    const at = first + n / perTurn;
    log.append(events, { timestamp: instant(at), wallClockMs: at });
    if (!log.hasRoom(group)) await log.whenDurable(log.newest);
  }
  await log.whenDurable(log.newest);
  return first;
}

async function queryRows(
  log: EventLog,
  database: DatabaseSync,
  asked: ReturnType<typeof questions>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [what, { query, raw }] of Object.entries(asked)) {
    const ask = async (): Promise<void> => {
      const page = await log.query(query);
      insist(!isRefusal(page) && page.events.length > 0, `${what}: a page`);
    };
    const found = await sideBySide(asksOfEach, {
      log: ask,
      raw: () => Promise.resolve(pageOfRaw(database, ...raw)),
    });
    const peer = { what: "raw node:sqlite p50", value: found.raw.p50 };
    rows.push({ what: `query: ${what}`, unit: "ms", figures: found.log, peer });
  }
  return rows;
}

async function timed<T>(work: () => Promise<T> | T): Promise<{ readonly ms: number; readonly result: T }> {
  const began = performance.now();
  const result = await work();
  return { ms: performance.now() - began, result };
}

const perSecond = (ms: number): number => Math.round((total / ms) * 1_000);

/** The log by itself: no kernel runs over it. */
async function ownRows(log: EventLog, database: DatabaseSync): Promise<{ first: number; rows: readonly Row[] }> {
  const filled = await timed(() => fill(log));
  const filledRaw = await timed(() => fillRaw(database, group, total));
  const pages = await queryRows(log, database, questionsFrom(filled.result));

  const verified = await timed(() => log.verify());
  const verdict = verified.result;
  insist(!isRefusal(verdict) && verdict.type === "sound" && verdict.checked === log.newest, "the log is sound");
  const chained = await timed(() => chainRaw(database));
  insist(chained.result === total, "every raw event is read");

  const recovered = await timed(() => recover(log, false));
  const { state } = recovered.result;
  const read = await timed(() => readRaw(database));
  // A kernel keeps one now and then; the next one starts from it.
  await log.saveSnapshot({ event: state.lastEvent, evolveVersion, json: JSON.stringify(toSnapshot(state)) });
  return {
    first: filled.result,
    rows: [
      {
        what: "appended, in groups",
        unit: "per s",
        figures: { value: perSecond(filled.ms) },
        peer: { what: `raw node:sqlite, groups of ${group}`, value: perSecond(filledRaw.ms) },
      },
      ...pages,
      {
        what: "verify",
        unit: "per s",
        figures: { value: perSecond(verified.ms) },
        peer: { what: "raw: read each row and hash it", value: perSecond(chained.ms) },
      },
      { what: "verify all", unit: "s", figures: { value: round(verified.ms / 1_000) } },
      {
        what: "replay to the state, without a snapshot",
        unit: "per s",
        figures: { value: perSecond(recovered.ms) },
        peer: { what: "raw: read each row and parse it", value: perSecond(read.ms) },
      },
    ],
  };
}

const questionsFrom = (first: number): ReturnType<typeof questions> =>
  questions(first, Math.floor(total / perTurn / 2), perTurn);

await using solo = await Solo.start({ config: roomy });
// It has made its data directory and its first tenant; now its log is filled by hand.
await solo.stop();
const rawDir = await mkdtemp(join(tmpdir(), "solo-bench-raw-log-"));
try {
  const log = await openLog(solo.dataDir);
  using database = openRaw(rawDir, "raw");
  const own = await ownRows(log, database);
  await log.close();
  await solo.startAgain();
  const served = await servedRows(await solo.client("admin"), questionsFrom(own.first), asksOfEach, own.rows);
  const rows = [...own.rows, ...served].map((row) => ({ ...row, what: `${total} events: ${row.what}` }));
  process.stdout.write(`${JSON.stringify(rows)}\n`);
} finally {
  await rm(rawDir, { recursive: true });
}
