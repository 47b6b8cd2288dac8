/**
 * The event log beside raw node:sqlite on the same disk: what durable events cost one by one and in groups, what a deploy's artifacts
 * cost inside the log and as files, and what opening it takes.
 *
 *   node bench/log/small.ts SHARE      prints rows as JSON
 */
import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { eventId, insist, isRefusal } from "../../src/base/index.ts";
import type { EventLog } from "../../src/store/index.ts";
import { figures, inParallel, oneByOne, round } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import { appendDurably, eventOf, openLog, tenantAt } from "./events.ts";
import { fillRaw, openRaw, readRaw, reopenRaw } from "./raw.ts";

const dir = await mkdtemp(join(tmpdir(), "solo-bench-log-"));
/** By how much a small run is smaller. */
const share = Number(process.argv[2] ?? 1);
const sized = (count: number): number => Math.max(1, Math.ceil(count * share));
const deploys = sized(300);

/** Source, compiled code and source map of a small service, never the same twice. */
const artifactsOf = (n: number): readonly Uint8Array[] =>
  [4_000, 6_000, 9_000].map((size, kind) =>
    new Uint8Array(size)
      .fill(kind + 65)
      .fill(n % 251, 0, 1_000)
      .fill(n / 251, 0, 500),
  );

async function artifactsInFiles(n: number): Promise<void> {
  await Promise.all(
    artifactsOf(n).map(async (bytes, kind) => {
      const path = join(dir, `artifact-${n}-${kind}`);
      const file = await open(`${path}.new`, "w", 0o600);
      await file.write(bytes);
      await file.sync();
      await file.close();
      await rename(`${path}.new`, path);
    }),
  );
  const folder = await open(dir);
  await folder.sync();
  await folder.close();
}

async function artifactsInLog(log: EventLog, n: number): Promise<void> {
  for (const bytes of artifactsOf(n))
    insist(!isRefusal(await log.putArtifact(tenantAt(n), bytes)), "an artifact is put");
}

/** `inFlight` who append one event after the other; beside them, as many rows in each transaction. */
async function durableRows(log: EventLog, inFlight: number, total: number): Promise<readonly Row[]> {
  using database = openRaw(dir, `raw-${inFlight}`);
  const began = performance.now();
  const samples = fillRaw(database, inFlight, total);
  const raw = { perSecond: (total / (performance.now() - began)) * 1_000, figures: figures(samples) };
  const own = await inParallel(inFlight, total, (n) => appendDurably(log, eventOf(n)));
  return [
    {
      what: `durable events per second, ${inFlight} in flight`,
      unit: "per s",
      figures: { value: own.perSecond },
      peer: { what: `raw node:sqlite, groups of ${inFlight}`, value: Math.round(raw.perSecond) },
    },
    {
      what: `durable event, ${inFlight} in flight`,
      unit: "ms",
      figures: own.figures,
      peer: { what: "raw node:sqlite p50", value: raw.figures.p50 },
    },
  ];
}

async function deployRows(log: EventLog): Promise<readonly Row[]> {
  const alone = await oneByOne(deploys, (n) => appendDurably(log, eventOf(n)));
  const inLog = await oneByOne(deploys, async (n) => {
    await artifactsInLog(log, n);
    await appendDurably(log, eventOf(n));
  });
  const inFiles = await oneByOne(deploys, async (n) => {
    await artifactsInFiles(n);
    await appendDurably(log, eventOf(n));
  });
  const what = "event with its three artifacts";
  return [
    { what, unit: "ms", figures: inLog, peer: { what: "artifacts as files, p50", value: inFiles.p50 } },
    { what, unit: "ms", figures: inLog, peer: { what: "the event alone, p50", value: alone.p50 } },
  ];
}

async function timed<T>(work: () => Promise<T> | T): Promise<{ readonly ms: number; readonly result: T }> {
  const began = performance.now();
  const result = await work();
  return { ms: performance.now() - began, result };
}

try {
  const opened = await timed(() => openLog(dir));
  const log = opened.result;
  const first = await timed(() => appendDurably(log, eventOf(0)));
  const rows: Row[] = [];
  for (const [inFlight, total] of [
    [1, 1_500],
    [64, 20_000],
    [512, 40_000],
  ] as const) {
    rows.push(...(await durableRows(log, inFlight, sized(total))));
  }
  rows.push(...(await deployRows(log)));
  const replayed = await timed(() => [...log.replay(eventId(0))].length);
  const snapshot = await timed(() =>
    log.saveSnapshot({ event: log.newest, evolveVersion: 1, json: "x".repeat(1_000_000) }),
  );
  await log.close();
  const again = await timed(() => openLog(dir));
  await again.result.close();
  // The largest of the raw ones.
  using raw = new DatabaseSync(join(dir, "raw-512.sqlite"));
  const readAll = await timed(() => readRaw(raw));
  const rawAgain = await timed(() => reopenRaw(dir, "raw-512"));
  const ms = (what: string, value: number): Row => ({ what, unit: "ms", figures: { value: round(value) } });
  const perSecond = ({ ms: took, result }: { readonly ms: number; readonly result: number }): number =>
    Math.round((result / took) * 1_000);
  rows.push(
    {
      what: "replay: read the events",
      unit: "per s",
      figures: { value: perSecond(replayed) },
      peer: { what: "raw: read each row and parse it", value: perSecond(readAll) },
    },
    ms("a new log: open", opened.ms),
    ms("… its first event", first.ms),
    {
      ...ms(`a log of ${replayed.result} events: open`, again.ms),
      peer: { what: "raw: open, and read the newest", value: round(rawAgain.ms) },
    },
    ms("a snapshot of 1 MB", snapshot.ms),
  );
  process.stdout.write(`${JSON.stringify(rows)}\n`);
} finally {
  await rm(dir, { recursive: true });
}
