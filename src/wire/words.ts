/** Words that several messages share. */
import {
  branded,
  cellNumber,
  guestErrorShape,
  incarnationNumber,
  kernelEpoch,
  limits,
  listOf,
  oneOf,
  optional,
  parseReleaseId,
  parseServiceId,
  parseTenantId,
  record,
  type CellNumber,
  type IncarnationNumber,
  type KernelEpoch,
  type Of,
  type Shape,
  isMisfit,
  text,
  whole,
} from "../base/index.ts";

const counter =
  <T>(make: (n: number) => T): Shape<T> =>
  (value, at) => {
    const n = whole(0)(value, at);
    return isMisfit(n) ? n : make(n);
  };

export const tenantShape = branded(parseTenantId, "a tenant id");
export const serviceShape = branded(parseServiceId, "a service id");
export const releaseShape = branded(parseReleaseId, "a release id");
export const incarnationShape: Shape<IncarnationNumber> = counter(incarnationNumber);
export const cellShape: Shape<CellNumber> = counter(cellNumber);
export const epochShape: Shape<KernelEpoch> = counter(kernelEpoch);
/** Chosen by the side that asks; unique among its requests under way on this connection. */
export const callIdShape = whole(0);
export const methodShape = text(128);

export const levelShape = oneOf("ERROR", "WARN", "INFO", "DEBUG");
export type Level = Of<typeof levelShape>;

/** Who a message comes from, as its receiver may see it: a service's incarnation, or a client of the gateways. */
export const senderShape = text(200);

/** Incarnations that wait for this call, outermost first: what makes a cycle visible before it hangs. */
export const chainShape = listOf(incarnationShape, 32);

/** What a reference means: a service, whoever runs it; or one incarnation, which may have ended. */
export const designatedShape = record({ service: serviceShape, incarnation: optional(incarnationShape) });
export type Designated = Of<typeof designatedShape>;

/** The references of a message: its body names them by their places in this list. */
export const slotsShape = listOf(designatedShape, limits.slotsMax);
export type Slots = Of<typeof slotsShape>;

/** Whether a failed call may have run: decides if trying again is safe. */
export const executedShape = oneOf("not_executed", "unknown", "executed");
export type Executed = Of<typeof executedShape>;

/** Why a call has no result. `code` is a refusal code; `message` fills its text. */
export const callFailureShape = record({
  code: oneOf(
    "METHOD_NOT_FOUND",
    "CALL_FAILED",
    "CALL_TIMEOUT",
    "CALL_LOST",
    "CALL_CYCLE",
    "CALL_TOO_DEEP",
    "MAILBOX_FULL",
    "NOT_SERIALIZABLE",
    "SERVICE_NOT_FOUND",
    "SERVICE_NOT_RUNNING",
    "OVERLOADED",
    "TOO_LARGE",
    "SHUTTING_DOWN",
    "CIRCUIT_OPEN",
  ),
  executed: executedShape,
  message: text(2_000),
  /** When trying again may help. */
  retryAfterMs: optional(whole(0)),
  error: optional(guestErrorShape),
});
export type CallFailure = Of<typeof callFailureShape>;

/**
 * A cell in other hands claims what it likes: what its shape takes must be told of, added up, to whoever asks. Of one service that
 * is twice what it may be given; of all services that a tenant may have it is a whole number still, as a violation tells it.
 */
const bytesMax = 2 ** 37;
/** Far more than a service may be given; of all 64 instances of a service, added up, an int32 of the contract. */
const countMax = 2 ** 24;

/**
 * What a service uses. CPU is the time that its turns were charged, in microseconds (the spec's `reductions`): an int64 of the
 * contract, whatever 64 of them come to.
 */
export const usageShape = record({
  memoryBytes: whole(0, bytesMax),
  mailboxLength: whole(0, countMax),
  cpuMicros: whole(0),
  /** Itself and the children that it spawned; absent: itself. */
  processes: optional(whole(0, countMax)),
});
export type Usage = Of<typeof usageShape>;
