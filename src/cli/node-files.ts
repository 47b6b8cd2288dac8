/** What a running node leaves in its data directory for its own machine: `run/init.json`, gone when it ended in order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { amount, isMisfit, listOf, type Of, optional, record, sandboxFoundShape, text, whole } from "../base/index.ts";

const readinessShape = record({
  grpc: text(300),
  dataDir: text(4_096),
  pid: whole(1),
  kernelEpoch: whole(1),
  tookMs: amount,
  recoveredMs: amount,
  safeMode: optional(text(2_000)),
  sandbox: listOf(text(64), 20),
  sandboxFound: optional(sandboxFoundShape),
});
export type InitFile = Of<typeof readinessShape>;

export function parseReadiness(json: string): InitFile | undefined {
  try {
    const parsed = readinessShape(JSON.parse(json));
    return isMisfit(parsed) ? undefined : parsed;
  } catch {
    return undefined;
  }
}

/** Undefined: none runs with this data directory, or it is another user's. */
export function findInit(dataDir: string): InitFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(dataDir, "run", "init.json"), "utf8");
  } catch {
    return undefined;
  }
  const found = parseReadiness(text);
  return found !== undefined && isAlive(found.pid) ? found : undefined;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
