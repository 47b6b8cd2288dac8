/**
 * The event log beside raw node:sqlite on the same disk in the same run: what durable events cost one by one and in groups, what
 * a deploy's artifacts cost inside the log and as files, and how fast queries, replay and verification are.
 *
 *   node bench/log.ts [directory]      prints a table for people, then one line of JSON
 */
import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  defined,
  eventId,
  insist,
  instant,
  isRefusal,
  kernelEpoch,
  parseServiceId,
  parseTenantId,
} from "../src/base/index.ts";
import { eventVersions, type NewEvent } from "../src/kernel/index.ts";
import { type EventLog, type EventQuery, openEventLog } from "../src/store/index.ts";

const dir = await mkdtemp(join(process.argv[2] ?? tmpdir(), "solo-bench-log-"));
const tenants = Array.from({ length: 100 }, (_, n) => defined(parseTenantId(`agent_${n}`), "a tenant"));
const service = defined(parseServiceId("counter"), "a service");
const tenantAt = (n: number): (typeof tenants)[number] => defined(tenants[n % tenants.length], "a tenant");

interface Timing {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const round = (value: number): number => Number(value.toPrecision(3));

function timing(samples: readonly number[], elapsedMs: number): Timing {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { perSecond: Math.round((samples.length / elapsedMs) * 1_000), p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** `inFlight` clients, each doing `once` again and again, `total` times together. */
async function closedLoop(of: {
  inFlight: number;
  total: number;
  once: (n: number) => Promise<void> | void;
}): Promise<Timing> {
  const samples: number[] = [];
  let started = 0;
  const begin = performance.now();
  const client = async (): Promise<void> => {
    while (started < of.total) {
      const n = started++;
      const at = performance.now();
      await of.once(n);
      samples.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: of.inFlight }, client));
  return timing(samples, performance.now() - begin);
}

const eventOf = (n: number): NewEvent => ({
  type: n % 10 === 0 ? "service_killed" : "instance_stopped",
  tenant: tenantAt(n),
  subject: `service_${n % 7}`,
  actor: "solo",
  payload: {
    service,
    instance: 1,
    incarnation: n,
    death: { type: "killed", by: `admin ${"x".repeat(150)}`, forced: "no" },
  } as never,
});

async function openLog(): Promise<EventLog> {
  const log = await openEventLog({
    dir,
    boot: `bench ${performance.now()}`,
    epoch: kernelEpoch(1),
    versions: eventVersions,
  });
  insist(!isRefusal(log), "the log opens");
  return log;
}

async function appendDurably(log: EventLog, event: NewEvent): Promise<void> {
  const now = Math.max(log.timestamp, Date.now());
  log.append([event], { timestamp: instant(now), wallClockMs: now });
  await log.whenDurable(log.newest);
}

/** The peer: the same columns in one table, three indexes, no chain, on the main thread; `group` rows per transaction. */
function rawSqlite(group: number, total: number): Timing {
  const database = new DatabaseSync(join(dir, `raw-${group}.sqlite`));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events (id INTEGER PRIMARY KEY, tenant TEXT, sequence INTEGER, type TEXT, subject TEXT, actor TEXT, at INTEGER, json TEXT);
    CREATE INDEX a ON events (tenant, sequence); CREATE INDEX b ON events (type, id); CREATE INDEX c ON events (tenant, subject, id)`);
  const insert = database.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  const samples: number[] = [];
  const begin = performance.now();
  for (let n = 0; n < total;) {
    const at = performance.now();
    database.exec("BEGIN IMMEDIATE");
    for (let k = 0; k < group; k++, n++) {
      const event = eventOf(n);
      insert.run(
        n + 1,
        tenantAt(n),
        Math.floor(n / 100),
        event.type,
        event.subject,
        event.actor,
        n,
        JSON.stringify(event.payload),
      );
    }
    database.exec("COMMIT");
    for (let k = 0; k < group; k++) samples.push(performance.now() - at);
  }
  const result = timing(samples, performance.now() - begin);
  database.close();
  return result;
}

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

async function queries(log: EventLog): Promise<Record<string, Timing>> {
  const [tenant] = tenants;
  const middle = log.timestamp - 1_000;
  const asked: Readonly<Record<string, EventQuery>> = {
    "tenant, newest 50": { tenant, newestFirst: true, limit: 50 },
    "tenant, newest 1000": { tenant, newestFirst: true },
    "tenant + type, newest 50": { tenant, types: ["service_killed"], newestFirst: true, limit: 50 },
    "tenant + subject, newest 50": { tenant, subject: "service_0", newestFirst: true, limit: 50 },
    "two types, newest 50": { types: ["service_killed", "instance_stopped"], newestFirst: true, limit: 50 },
    "subject of any tenant, newest 50": { subject: "service_0", newestFirst: true, limit: 50 },
    "time, first 50": { from: instant(middle), limit: 50 },
  };
  const found: Record<string, Timing> = {};
  for (const [name, query] of Object.entries(asked)) {
    found[name] = await closedLoop({
      inFlight: 1,
      total: 100,
      once: async () => {
        insist(!isRefusal(await log.query(query)), "a query is answered");
      },
    });
  }
  return found;
}

const timed = async <T>(work: () => Promise<T> | T): Promise<{ ms: number; result: T }> => {
  const begin = performance.now();
  const result = await work();
  return { ms: round(performance.now() - begin), result };
};

try {
  const { ms: openMs, result: log } = await timed(openLog);
  const { ms: firstMs } = await timed(() => appendDurably(log, eventOf(0)));
  const durable: Record<string, { readonly log: Timing; readonly raw: Timing; readonly logOverRaw: number }> = {};
  for (const [inFlight, total] of [
    [1, 1_500],
    [64, 20_000],
    [512, 40_000],
  ] as const) {
    const raw = rawSqlite(inFlight, total);
    const ours = await closedLoop({ inFlight, total, once: (n) => appendDurably(log, eventOf(n)) });
    durable[inFlight] = { log: ours, raw, logOverRaw: round(ours.perSecond / raw.perSecond) };
  }
  const deploys = 300;
  const alone = await closedLoop({ inFlight: 1, total: deploys, once: (n) => appendDurably(log, eventOf(n)) });
  const inLog = await closedLoop({
    inFlight: 1,
    total: deploys,
    once: async (n) => {
      await artifactsInLog(log, n);
      await appendDurably(log, eventOf(n));
    },
  });
  const inFiles = await closedLoop({
    inFlight: 1,
    total: deploys,
    once: async (n) => {
      await artifactsInFiles(n);
      await appendDurably(log, eventOf(n));
    },
  });
  const found = await queries(log);
  const events = log.durable;
  const replay = await timed(() => [...log.replay(eventId(0))].length);
  const verify = await timed(() => log.verify());
  insist(!isRefusal(verify.result) && verify.result.type === "sound", "the log is sound");
  const snapshot = await timed(() =>
    log.saveSnapshot({ event: log.newest, evolveVersion: 1, json: "x".repeat(1_000_000) }),
  );
  await log.close();
  const reopen = await timed(openLog);
  await reopen.result.close();

  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: round(totalmem() / 2 ** 30),
    node: process.version,
  };
  const report = {
    bench: "log",
    machine,
    events,
    openMs,
    firstMs,
    reopenMs: reopen.ms,
    durable,
    deploy: { eventAlone: alone, threeArtifactsInLog: inLog, threeArtifactsInFiles: inFiles },
    queries: found,
    replayPerSecond: Math.round((replay.result / replay.ms) * 1_000),
    verifyPerSecond: Math.round((events / verify.ms) * 1_000),
    snapshotOfOneMegabyteMs: snapshot.ms,
  };
  const line = (name: string, of: Timing): string =>
    `  ${name.padEnd(36)} ${String(of.perSecond).padStart(7)}/s   p50 ${of.p50Ms} ms   p99 ${of.p99Ms} ms`;
  process.stdout.write(
    [
      `event log on ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`,
      ...Object.entries(durable).flatMap(([inFlight, of]) => [
        line(`${inFlight} in flight`, of.log),
        line(`raw node:sqlite, groups of ${inFlight}`, of.raw),
        `  ${"log / raw".padEnd(36)} ${of.logOverRaw}`,
      ]),
      line("event alone", alone),
      line("event + 3 artifacts in the log", inLog),
      line("event + 3 artifacts in files", inFiles),
      ...Object.entries(found).map(([name, of]) => line(name, of)),
      `  replay ${report.replayPerSecond} events/s, verify ${report.verifyPerSecond} events/s (${events} events)`,
      `  open ${openMs} ms, first durable event after it ${firstMs} ms, reopen ${reopen.ms} ms, snapshot of 1 MB ${snapshot.ms} ms`,
      JSON.stringify(report),
      "",
    ].join("\n"),
  );
} finally {
  await rm(dir, { recursive: true });
}
