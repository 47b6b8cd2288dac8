/** The event log beside raw node:sqlite: bench/log.ts in a process of its own, since it fills a disk cache. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Benchmark, Row } from "./lib/report.ts";

interface Timing {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
interface Found {
  readonly durable: Readonly<Record<string, { readonly log: Timing; readonly raw: Timing }>>;
  readonly deploy: Readonly<Record<"threeArtifactsInLog" | "threeArtifactsInFiles", Timing>>;
  readonly queries: Readonly<Record<string, Timing>>;
  readonly replayPerSecond: number;
  readonly verifyPerSecond: number;
}

const program = fileURLToPath(new URL("log.ts", import.meta.url));

export const log: Benchmark = {
  name: "log",
  measures: "durable events (WAL, synchronous=FULL, hash chain, indexes) beside raw node:sqlite on the same disk",
  run: async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program], { maxBuffer: 2 ** 24 });
    const found = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Found;
    const durable = Object.entries(found.durable).flatMap(([inFlight, { log: own, raw }]): Row[] => [
      {
        what: `durable events per second, ${inFlight} in flight`,
        unit: "per s",
        figures: { value: own.perSecond },
        peer: { what: "raw node:sqlite", value: raw.perSecond },
      },
      {
        what: `durable event, ${inFlight} in flight, p50`,
        unit: "ms",
        figures: { value: own.p50Ms },
        peer: { what: "raw node:sqlite p50", value: raw.p50Ms },
      },
    ]);
    const { threeArtifactsInLog, threeArtifactsInFiles } = found.deploy;
    return [
      ...durable,
      {
        what: "event with its three artifacts, p50",
        unit: "ms",
        figures: { value: threeArtifactsInLog.p50Ms },
        peer: { what: "artifacts as files, p50", value: threeArtifactsInFiles.p50Ms },
      },
      ...Object.entries(found.queries).map(([what, { p50Ms }]): Row => ({
        what: `query: ${what}, p50`,
        unit: "ms",
        figures: { value: p50Ms },
      })),
      { what: "replay", unit: "per s", figures: { value: found.replayPerSecond } },
      { what: "verify", unit: "per s", figures: { value: found.verifyPerSecond } },
    ];
  },
};
