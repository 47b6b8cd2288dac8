/** What the wire says of a call that failed, in the words of the public contract. */
import { limits, type Refusal, refuse, type ServiceId, type TenantId } from "../base/index.ts";
import type { CallFailure } from "../wire/index.ts";

export interface Named {
  readonly tenant: TenantId;
  readonly service: ServiceId;
  readonly method: string;
}

/** What was asked for, unless it was cut short. */
const waitedMs = ({ message }: CallFailure, timeoutMs: number): number =>
  Number(message) === limits.systemCallTimeoutMsMax ? limits.systemCallTimeoutMsMax : timeoutMs;

/** The guest's sentence says which part of a value it is: that goes with the method. */
function unsendable(of: string, message: string): { readonly what: string; readonly problem: string } {
  const [part, problem] = message.split(" cannot be sent: ", 2);
  return part === undefined || problem === undefined
    ? { what: of, problem: message }
    : { what: `${part} of ${of}`, problem };
}

/** A failure of the wire as a refusal of the public contract. */
export function refusalOf(at: Named, failure: CallFailure, timeoutMs: number): Refusal {
  const { service, method } = at;
  const outcome = failure.executed;
  switch (failure.code) {
    case "METHOD_NOT_FOUND":
      return refuse("METHOD_NOT_FOUND", { service, method });
    case "SERVICE_NOT_FOUND":
      return refuse("SERVICE_NOT_FOUND", { service });
    case "SERVICE_NOT_RUNNING":
      return refuse("SERVICE_NOT_RUNNING", { service, why: failure.message });
    case "CALL_FAILED":
      return refuse("CALL_FAILED", {
        service,
        method,
        name: failure.error?.name ?? "Error",
        message: failure.error?.message ?? failure.message,
      });
    case "CALL_TIMEOUT":
      return refuse("CALL_TIMEOUT", { service, method, limitMs: waitedMs(failure, timeoutMs), outcome });
    case "CALL_LOST":
      return refuse("CALL_LOST", { service, why: failure.message, outcome });
    case "CALL_CYCLE":
      return refuse("CALL_CYCLE", { chain: failure.message });
    case "CALL_TOO_DEEP":
      return refuse("CALL_TOO_DEEP", { limit: limits.callChainMax });
    case "MAILBOX_FULL":
      return refuse("MAILBOX_FULL", { service, limit: failure.message });
    case "NOT_SERIALIZABLE":
      return refuse("NOT_SERIALIZABLE", unsendable(`${service}.${method}`, failure.message));
    case "OVERLOADED":
      return refuse("OVERLOADED", {
        what: service,
        limit: failure.message,
        ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
      });
    case "CIRCUIT_OPEN":
      return refuse("CIRCUIT_OPEN", {
        service,
        failures: failure.message,
        retryAfterMs: failure.retryAfterMs ?? 0,
      });
    case "TOO_LARGE":
      return refuse("TOO_LARGE", {
        what: `${service}.${method}`,
        // The guest says it in a sentence; a number before may be a place in the value.
        size: / has (\d+) /.exec(failure.message)?.[1] ?? failure.message,
        limit: limits.payloadBytesMax,
      });
    case "SHUTTING_DOWN":
      return refuse("SHUTTING_DOWN");
  }
}
