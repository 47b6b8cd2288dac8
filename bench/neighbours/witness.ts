/** Who works in peace and is timed: calls at fixed moments, whether the one before was answered or not, so that no wait is left out. */
import { setTimeout as wait } from "node:timers/promises";
import { SoloError, type SoloClient } from "../../src/client/index.ts";
import { call } from "../../test/e2e/solo.ts";
import { type Figures, figures } from "../lib/measure.ts";

const everyMs = 10;
const callMsMax = 10_000;

export interface Seen {
  /** In milliseconds. A call that failed counts as one that waited for as long as it was given. */
  readonly figures: Figures;
  readonly calls: number;
  readonly failed: number;
}

export async function witness(client: SoloClient, serviceId: string, forMs: number): Promise<Seen> {
  const samples: number[] = [];
  const calls: Promise<void>[] = [];
  let failed = 0;
  const began = performance.now();
  const once = async (at: number): Promise<void> => {
    try {
      await call(client, serviceId, "add", [1], { timeoutMs: callMsMax });
      samples.push(performance.now() - at);
    } catch (error) {
      if (!(error instanceof SoloError)) throw error;
      samples.push(callMsMax);
      failed += 1;
    }
  };
  for (let at = began; at < began + forMs; at += everyMs) {
    const left = at - performance.now();
    if (left > 0) await wait(left);
    // Counted from when it should have been made: a client that was held up has waited, too.
    calls.push(once(Math.min(at, performance.now())));
  }
  await Promise.all(calls);
  return { figures: figures(samples), calls: calls.length, failed };
}
