/** Whether the log is what it was: what the store found, as the gateways say it. */
import { type EventId, eventId, isRefusal, type Refusal, refuse } from "../base/index.ts";
import type { Verification } from "../gateways/index.ts";
import type { EventLog, VerifyOptions } from "../store/index.ts";

/** The newest events only, so many at most. */
export async function verifyEnd(
  log: EventLog,
  countMax: number,
  signal: AbortSignal,
): Promise<(Verification & { readonly from: EventId }) | Refusal> {
  const from = eventId(Math.max(1, log.head().id - countMax + 1));
  const found = await verify(log, { from, signal });
  return isRefusal(found) ? found : { ...found, from };
}

export async function verify(log: EventLog, options: VerifyOptions): Promise<Verification | Refusal> {
  const verdict = await log.verify(options);
  if (isRefusal(verdict)) return verdict;
  const head = log.head();
  switch (verdict.type) {
    case "sound": {
      const { checked, erased } = verdict;
      return { valid: true, checked, erased, headId: verdict.head.id, headHash: verdict.head.hash };
    }
    case "broken": {
      const { checked, erased } = verdict;
      const firstBad = { id: verdict.at, problem: `${verdict.fault}: ${verdict.problem}` };
      return { valid: false, checked, erased, headId: head.id, headHash: head.hash, firstBad };
    }
    case "interrupted":
      return refuse("LOG_UNAVAILABLE", { why: `verification was interrupted after ${verdict.checked} events` });
  }
}
