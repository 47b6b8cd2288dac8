/**
 * What a guest pushes, parsed: every field is checked before it is believed. The prelude writes these, but it shares an
 * isolate with its tenant. A guest that breaks the form loses the rest of its push, and the cell says so in its log.
 */
import { limits } from "../base/index.ts";
import { fromGuest, fromGuestFields, type FromGuest, timerModes } from "../wire/index.ts";

/** What can be done with a guest's operations. Texts are bounded only by `payloadBytesMax`. */
export interface OperationHandlers {
  /** `slots`: as the guest wrote them, of any type; undefined: there are none. */
  readonly reply: (mail: number, result: string | undefined, slots: unknown) => void;
  readonly fail: (mail: number, code: string, name: string, message: string, stack: string) => void;
  readonly started: () => void;
  readonly crash: (where: string, name: string, message: string, stack: string) => void;
  readonly terminated: () => void;
  readonly call: (call: GuestCall) => void;
  /** These two return false if the receiver refused. */
  readonly cast: (service: string, method: string, args: string, slots: unknown) => boolean;
  readonly send: (service: string, message: string, slots: unknown) => boolean;
  readonly log: (level: number, text: string) => void;
  readonly timer: (timer: number, ms: number, mode: number) => void;
  readonly clear: (timer: number) => void;
  /** How many processes it consists of, as it says: 1 at least. */
  readonly processes: (count: number) => void;
  readonly malformed: (what: string) => void;
}

export interface GuestCall {
  readonly call: number;
  /** Number of the mail whose handler calls; 0 if none. */
  readonly cause: number;
  readonly service: string;
  readonly method: string;
  readonly args: string;
  readonly timeoutMs: number;
  /** As the guest wrote them, of any type; undefined: there are none. */
  readonly slots: unknown;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown, lengthMax: number): value is string =>
  typeof value === "string" && value.length <= lengthMax;
const isBody = (value: unknown): value is string => isText(value, limits.payloadBytesMax);
const isName = (value: unknown): value is string => isText(value, 128);

/** Undefined if a field is not as it must be. */
export function parseGuestCall(
  call: unknown,
  cause: unknown,
  service: unknown,
  method: unknown,
  args: unknown,
  timeoutMs: unknown,
  slots: unknown,
): GuestCall | undefined {
  if (!isCount(call) || !isCount(cause) || !isName(service) || !isName(method) || !isBody(args)) return undefined;
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 1 && timeoutMs <= limits.callTimeoutMsMax)) return undefined;
  return { call, cause, service, method, args, timeoutMs: Math.ceil(timeoutMs), slots };
}

/** Handles the operations that start at `fields[1]`. Returns how many messages were refused. */
export function handleOperations(fields: readonly unknown[], on: OperationHandlers): number {
  let refused = 0;
  let at = 1;
  let slots: unknown;
  while (at < fields.length) {
    const op = fields[at] as FromGuest;
    const count = fromGuestFields[op];
    if (count === undefined || at + count >= fields.length) {
      on.malformed(`operation ${String(op).slice(0, 20)}`);
      return refused;
    }
    if (op === fromGuest.slots) {
      slots = fields[at + 1];
      at += 2;
      continue;
    }
    const outcome = handleOne(op, fields, at + 1, on, slots);
    slots = undefined;
    if (outcome === "malformed") {
      on.malformed(`fields of operation ${op}`);
      return refused;
    }
    if (outcome === "refused") refused++;
    at += 1 + count;
  }
  return refused;
}

function handleOne(
  op: FromGuest,
  fields: readonly unknown[],
  at: number,
  on: OperationHandlers,
  slots: unknown,
): "done" | "refused" | "malformed" {
  const a = fields[at];
  const b = fields[at + 1];
  const c = fields[at + 2];
  const d = fields[at + 3];
  switch (op) {
    case fromGuest.reply:
      if (!isCount(a) || !(b === undefined || isBody(b))) return "malformed";
      on.reply(a, b, slots);
      return "done";
    case fromGuest.fail: {
      const stack = fields[at + 4];
      if (!isCount(a) || !isName(b) || !isBody(c) || !isBody(d) || !isBody(stack)) return "malformed";
      on.fail(a, b, c, d, stack);
      return "done";
    }
    case fromGuest.started:
      on.started();
      return "done";
    case fromGuest.crash:
      if (!isName(a) || !isBody(b) || !isBody(c) || !isBody(d)) return "malformed";
      on.crash(a, b, c, d);
      return "done";
    case fromGuest.terminated:
      on.terminated();
      return "done";
    case fromGuest.call: {
      const call = parseGuestCall(a, b, c, d, fields[at + 4], fields[at + 5], slots);
      if (call === undefined) return "malformed";
      on.call(call);
      return "done";
    }
    case fromGuest.cast:
      if (!isName(a) || !isName(b) || !isBody(c)) return "malformed";
      return on.cast(a, b, c, slots) ? "done" : "refused";
    case fromGuest.send:
      if (!isName(a) || !isBody(b)) return "malformed";
      return on.send(a, b, slots) ? "done" : "refused";
    case fromGuest.log:
      if (!isCount(a) || !isText(b, limits.logLineBytesMax)) return "malformed";
      on.log(a, b);
      return "done";
    case fromGuest.timer:
      if (!isCount(a) || typeof b !== "number" || !(b >= 1) || !isCount(c) || c > timerModes.dueRepeat)
        return "malformed";
      on.timer(a, b, c);
      return "done";
    case fromGuest.clear:
      if (!isCount(a)) return "malformed";
      on.clear(a);
      return "done";
    case fromGuest.processes:
      if (!isCount(a) || a < 1) return "malformed";
      on.processes(a);
      return "done";
    case fromGuest.nothing:
      return "done";
    default:
      return "malformed";
  }
}
