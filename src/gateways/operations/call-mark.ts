/**
 * By what a call is known when it comes again. Its key is of who asks and of all that is asked, so that nobody is given the
 * answer to another's call, or to another call, whatever ids are guessed.
 */
import { hash } from "node:crypto";
import { limits, parseRequestId, type Refusal, type ServiceId } from "../../base/index.ts";
import { invalid } from "./fields.ts";

export interface CallMark {
  readonly key: string;
  /** It comes again, and was not sent before this, in milliseconds of the host's monotonic clock. */
  readonly sinceMs?: number;
}

/** For clocks that do not run alike, in parts of the age, and for what their readings leave open. */
const drift = 1 / 1_000;
const readingMs = 20;

/** `undefined`: it cannot come again. */
export function callMarkOf(
  request: { readonly requestId: string; readonly ageMs: number },
  asked: {
    readonly from: string;
    readonly service: ServiceId;
    readonly method: string;
    readonly args: Uint8Array;
    /** Its age was measured after this. */
    readonly connectedMs: number;
  },
): CallMark | undefined | Refusal {
  const { requestId, ageMs } = request;
  if (ageMs < 0 || ageMs > limits.callAgeMsMax) {
    return invalid("age_ms", `must be a whole number from 0 to ${limits.callAgeMsMax}`);
  }
  if (requestId === "") return ageMs === 0 ? undefined : invalid("age_ms", "is of a call that has a request_id");
  const id = parseRequestId(requestId);
  if (id === undefined) return invalid("request_id", "must be 1–128 visible ASCII characters");
  const { from, service, method, args, connectedMs } = asked;
  const rest = Buffer.from(JSON.stringify([from, id, service, method]));
  const key = hash("sha256", Buffer.concat([rest, args]), "base64url");
  return ageMs === 0
    ? { key }
    : { key, sinceMs: Math.max(0, Math.floor(connectedMs - ageMs * (1 + drift) - readingMs)) };
}
