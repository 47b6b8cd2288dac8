/**
 * The reader: a thread with a read-only connection, so that neither a long query nor a verification holds up a commit or
 * the main thread. Questions are answered in turn; a verification pauses between chunks and lets the others pass.
 */
import { hash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import type { Asks, FromReader, ObservationPage, ObservationQuery, ToReader } from "./asks.ts";
import { limits } from "../base/index.ts";
import { countPayloads, queryEvents } from "./query.ts";
import { type Database, openForReading, sayError } from "./sqlite.ts";
import { verifyChain } from "./verify.ts";

function readArtifact(database: Database, ask: Asks["artifact"]["ask"]): Asks["artifact"]["answer"] {
  const row = database.prepare("SELECT bytes FROM artifacts WHERE tenant = ? AND hash = ?").get(ask.tenant, ask.hash);
  const bytes = row?.["bytes"];
  if (!(bytes instanceof Uint8Array)) return "missing";
  return hash("sha256", bytes) === ask.hash ? bytes : "damaged";
}

function readObservations(database: Database, query: ObservationQuery): ObservationPage {
  const limit = Math.max(1, Math.min(query.limit ?? limits.eventsPageMax, limits.eventsPageMax));
  const tenant = query.tenant ?? null;
  const types = query.types === undefined ? null : JSON.stringify(query.types);
  const rows = database
    .prepare(
      `SELECT id, tenant, hour, type, subject, detail, count, first_ms, last_ms FROM observations
       WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR type IN (SELECT value FROM json_each(?2))) AND id < ?3
       ORDER BY id DESC LIMIT ?4`,
    )
    .all(tenant, types, query.before ?? Number.MAX_SAFE_INTEGER, limit + 1)
    .map((row) => ({
      id: Number(row["id"]),
      tenant: String(row["tenant"]),
      hour: Number(row["hour"]),
      type: String(row["type"]),
      subject: String(row["subject"]),
      detail: String(row["detail"]),
      count: Number(row["count"]),
      firstMs: Number(row["first_ms"]),
      lastMs: Number(row["last_ms"]),
    }));
  const dropped = database
    .prepare("SELECT total(count) AS n FROM observations_dropped WHERE ?1 IS NULL OR tenant = ?1")
    .get(tenant)?.["n"];
  const page = rows.slice(0, limit);
  const next = rows.length > limit ? page.at(-1)?.id : undefined;
  return { rows: page, ...(next === undefined ? {} : { next }), dropped: Number(dropped) };
}

function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error("the reader runs in a worker thread");
  const database = openForReading((workerData as { readonly path: string }).path);
  const interrupted = new Set<number>();
  const tell = (message: FromReader): void => port.postMessage(message);

  const verify = async (ticket: number, ask: Asks["verify"]["ask"]): Promise<Asks["verify"]["answer"]> => {
    const walk = verifyChain(database, ask);
    for (;;) {
      const step = walk.next();
      if (step.done === true) return step.value;
      tell({ type: "progress", ticket, checked: step.value });
      // Let waiting questions, and an interruption, come in.
      await new Promise((resolve) => setImmediate(resolve));
      if (interrupted.delete(ticket)) return { type: "interrupted", checked: step.value };
    }
  };

  const answer = (message: Exclude<ToReader, { type: "interrupt" | "close" }>): unknown => {
    switch (message.type) {
      case "query":
        return queryEvents(database, message.ask);
      case "count_payloads":
        return countPayloads(database, message.ask);
      case "verify":
        return verify(message.ticket, message.ask);
      case "observations":
        return readObservations(database, message.ask);
      case "artifact":
        return readArtifact(database, message.ask);
    }
  };

  const hear = async (message: ToReader): Promise<void> => {
    if (message.type === "interrupt") {
      interrupted.add(message.ticket);
      return;
    }
    if (message.type === "close") {
      database.close();
      port.close();
      return;
    }
    try {
      tell({ type: "answer", ticket: message.ticket, answer: await answer(message) });
    } catch (error) {
      tell({ type: "failed", ticket: message.ticket, problem: sayError(error) });
    }
  };
  port.on("message", (message: ToReader) => void hear(message));
}

serve();
