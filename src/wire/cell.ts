/**
 * Kernel ⇄ cell. A connection begins with `hello`/`welcome`; the cell closes the connection of a kernel whose epoch is
 * older than the newest it has seen. Reports are kept by the cell until acknowledged, and sent again to a new kernel.
 */
import {
  deathShape,
  flag,
  limits,
  listOf,
  type Of,
  oneOf,
  optional,
  record,
  recordOf,
  resourceLimitsShape,
  text,
  union,
  whole,
} from "../base/index.ts";
import {
  callFailureShape,
  callIdShape,
  cellShape,
  chainShape,
  epochShape,
  incarnationShape,
  levelShape,
  methodShape,
  releaseShape,
  senderShape,
  serviceShape,
  slotsShape,
  tenantShape,
  usageShape,
} from "./words.ts";

/** What an isolate was promoted to, or is on the way to. */
export const lanes = ["threaded", "inline"] as const;

/** A call that may be sent again, to this kernel or the next: the cell remembers it, and runs it once. */
export const callMarkShape = record({
  /** Names the call: of its caller, method and arguments, as its caller named it. */
  key: text(64),
  /** It is not the first time. One that never came here is begun only if it cannot have been begun elsewhere. */
  again: optional(
    record({
      /** It was not sent before this, in milliseconds of the host's monotonic clock. */
      sinceMs: whole(0),
      /** The lives in this cell that it may have been given to. */
      lives: listOf(incarnationShape, limits.instancesPerServiceMax),
      /** Begin it, if it is certain that it never came here; or only say so. */
      begin: flag,
    }),
  ),
});
export type CallMark = Of<typeof callMarkShape>;

export const kernelToCellShape = union({
  /** First on every connection. Announces the kernel's epoch. */
  hello: record({ epoch: epochShape, cell: cellShape }),
  /** A warm cell becomes this tenant's, once and for ever. Repeating it is harmless; another tenant's name is refused. */
  adopt: record({ tenant: tenantShape }),
  /** Start an incarnation. Body: the compiled module, UTF-8. Idempotent by incarnation. */
  load: record({
    service: serviceShape,
    instance: whole(1, 10_000),
    incarnation: incarnationShape,
    release: releaseShape,
    limits: resourceLimitsShape,
    environment: recordOf(text(256), text(64 * 1024), 256),
    logLevel: levelShape,
    /** Stay in the threaded lane for longer: it was at work when its last cell died. */
    probation: flag,
  }),
  /** End an incarnation: `terminate`, then cut off after `graceMs` (0: at once). Idempotent. */
  stop: record({ incarnation: incarnationShape, death: deathShape, graceMs: whole(0, 600_000) }),
  /** Body: JSON array of arguments. Answered by exactly one `outcome`. */
  call: record({
    id: callIdShape,
    incarnation: incarnationShape,
    method: methodShape,
    timeoutMs: whole(1, 600_000),
    from: senderShape,
    chain: chainShape,
    /** Absent: a client asks, who can be given no reference. Else the result may hold some, whether the arguments do or not. */
    slots: optional(slotsShape),
    request: optional(callMarkShape),
  }),
  /** Body: JSON array of arguments. No answer; a message to a dead incarnation is dropped, as in Erlang. */
  cast: record({
    incarnation: incarnationShape,
    method: methodShape,
    from: senderShape,
    slots: optional(slotsShape),
  }),
  /** Body: one JSON value, for `onMessage`. */
  send: record({ incarnation: incarnationShape, from: senderShape, slots: optional(slotsShape) }),
  /** Answers a cell's `call`. Body: JSON of the result (empty: undefined), if there is no failure. */
  answer: record({ id: callIdShape, failure: optional(callFailureShape), slots: optional(slotsShape) }),
  /** It takes nothing new from others, and has less of the processor; or does again. */
  throttle: record({ incarnation: incarnationShape, throttled: flag }),
  /** Answered by `inspected`, for those of these incarnations that the cell has; if none are named, for all it has. */
  inspect: record({ id: callIdShape, incarnations: optional(listOf(incarnationShape, 10_000)) }),
  /** Everything up to and including this report is durable: the cell may forget it. */
  acknowledge: record({ report: whole(0) }),
});
export type KernelToCell = Of<typeof kernelToCellShape>;

export const reportShape = union({
  /** `init` finished: it takes messages. */
  started: record({
    service: serviceShape,
    instance: whole(1, 10_000),
    incarnation: incarnationShape,
    tookMs: whole(0),
  }),
  /** It ended (or never started): the cell holds nothing of it any more. */
  ended: record({
    service: serviceShape,
    instance: whole(1, 10_000),
    incarnation: incarnationShape,
    death: deathShape,
    /** Did `init` finish before? */
    started: flag,
  }),
});
export type CellReport = Of<typeof reportShape>;

export const cellToKernelShape = union({
  /** Answers `hello`. What the cell holds right now; unacknowledged reports follow. */
  welcome: record({
    tenant: optional(tenantShape),
    incarnations: listOf(
      record({
        service: serviceShape,
        instance: whole(1, 10_000),
        incarnation: incarnationShape,
        phase: oneOf("starting", "running", "stopping"),
      }),
      10_000,
    ),
  }),
  /** A newer kernel is connected; the connection is closed after this. */
  fenced: record({ current: epochShape }),
  /** `number` counts from 1 over the life of the cell. */
  report: record({ number: whole(1), report: reportShape }),
  /** Answers a kernel's `call`. Body: JSON of the result (empty: undefined), if there is no failure. */
  outcome: record({ id: callIdShape, failure: optional(callFailureShape), slots: optional(slotsShape) }),
  /** A guest calls what is not in this cell: a service, or one `incarnation` of it. Answered by `answer`. Body: JSON array. */
  call: record({
    id: callIdShape,
    caller: incarnationShape,
    service: serviceShape,
    incarnation: optional(incarnationShape),
    method: methodShape,
    timeoutMs: whole(1, 600_000),
    chain: chainShape,
    slots: optional(slotsShape),
  }),
  cast: record({
    caller: incarnationShape,
    service: serviceShape,
    incarnation: optional(incarnationShape),
    method: methodShape,
    slots: optional(slotsShape),
  }),
  send: record({
    caller: incarnationShape,
    service: serviceShape,
    incarnation: optional(incarnationShape),
    slots: optional(slotsShape),
  }),
  /** `dropped`: lines lost to the rate limit since the last one. */
  log: record({ incarnation: incarnationShape, level: levelShape, text: text(16_384), dropped: whole(0) }),
  inspected: record({
    id: callIdShape,
    usages: listOf(record({ incarnation: incarnationShape, usage: usageShape }), 10_000),
  }),
});
export type CellToKernel = Of<typeof cellToKernelShape>;
