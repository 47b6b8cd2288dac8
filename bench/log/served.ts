/** What a client of a Solo waits for a page, or for VerifyLog, beside what the log itself took for the same. */
import { defined, insist } from "../../src/base/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { oneByOne, round } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import type { Asked } from "./questions.ts";

const verifyMsMax = 600_000;

/** `own`: what was found of the log by itself, under the same names. */
export async function servedRows(
  admin: SoloClient,
  asked: Readonly<Record<string, Asked>>,
  asksOfEach: number,
  own: readonly Row[],
): Promise<readonly Row[]> {
  const figureOf = (what: string): number => {
    const { figures } = defined(
      own.find((row) => row.what === what),
      what,
    );
    return "value" in figures ? figures.value : figures.p50;
  };
  // A kernel that has just started has not compiled what it answers with.
  await oneByOne(asksOfEach, () => admin.queryEvents({ limit: 50, newestFirst: true }));
  const rows: Row[] = [];
  for (const [what, { query }] of Object.entries(asked)) {
    const { tenant = "", types = [], subject = "", from, limit = 0, newestFirst = false } = query;
    const filter = { tenantId: tenant, eventTypes: [...types], subject, fromMs: BigInt(from ?? 0) };
    const figures = await oneByOne(asksOfEach, async () => {
      const { events } = await admin.queryEvents({ filter, limit, newestFirst });
      insist(events.length > 0, `${what}: a page`);
    });
    const peer = { what: "the log's own, p50", value: figureOf(`query: ${what}`) };
    rows.push({ what: `QueryEvents: ${what}`, unit: "ms", figures, peer });
  }
  const began = performance.now();
  const { valid, eventsChecked, problem } = await admin.verifyLog({}, { timeoutMs: verifyMsMax });
  const tookMs = performance.now() - began;
  insist(valid, `the log is sound: ${problem}`);
  return [
    ...rows,
    {
      what: "VerifyLog",
      unit: "per s",
      figures: { value: Math.round((Number(eventsChecked) / tookMs) * 1_000) },
      peer: { what: "the log's own", value: figureOf("verify") },
    },
    { what: "VerifyLog of all", unit: "s", figures: { value: round(tookMs / 1_000) } },
  ];
}
