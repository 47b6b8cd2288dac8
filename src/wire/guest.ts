/**
 * Cell ⇄ guest: what crosses the boundary of an isolate. Only primitives do (objects would become live references), each as
 * an argument of its own, so that no text of a guest can forge the end of another.
 *
 *   cell → guest   turn(lane, kind, a, b, c, kind, a, b, c, …)       four arguments an item
 *   guest → cell   push(progress, op, field…, op, field…, …)         as many fields as `fromGuestFields` says
 *
 * Items up to `due` are mail: they are handled one at a time, in order, and numbered 1, 2, 3, … by both sides without
 * saying the number. The others pass the mail: `answer` and `tick` belong to what already runs.
 *
 * A call, cast or send goes to a service by its name, to what a reference was given for by `#` and its number, or, with
 * nothing, to the sender itself.
 *
 * Progress is 2·finished + (1 if one more was begun): it only grows, so that of two reports the larger is the later.
 * `turn` returns the progress; or, if it was given one call and nothing else and its method did not wait, the result
 * itself (text, or null for undefined), which says that this call is finished.
 */

export const toGuest = {
  /** a: the configuration, JSON. Always mail number 1. */
  init: 1,
  /** a: method · b: arguments, JSON array · c: sender. Answered by `reply` or `fail`. */
  call: 2,
  cast: 3,
  /**
   * a: nothing · b: the message, JSON; one that a process within this service sent to the service itself is signed (`sign` of the
   * guest's codec) · c: sender.
   */
  send: 4,
  /** a: timer. A message that the guest told itself to expect, and keeps. */
  due: 5,
  /** a: the reason, text. Runs after the mail that is being handled; the rest is dropped. Answered by `terminated`. */
  terminate: 6,
  /** a: call · b: result, JSON (or undefined) · c: failure, JSON (or undefined). */
  answer: 7,
  /** a: timer. */
  tick: 8,
  /** a: slots of the item behind it: JSON list of [service] or [service, number], the number being this guest's own. */
  slots: 9,
} as const;

export const itemWidth = 4;

export const fromGuest = {
  /** mail number, result (JSON, or undefined) */
  reply: 1,
  /** mail number, code, name, message, stack */
  fail: 2,
  /** `init` finished: takes mail. */
  started: 3,
  /** where, name, message, stack, (nothing): the incarnation cannot go on. */
  crash: 4,
  /** `terminate` finished. */
  terminated: 5,
  /** call, number of the mail whose handler calls (0: none), service (empty: itself), method, arguments, timeout in ms */
  call: 6,
  /** service, method, arguments */
  cast: 7,
  /** service, message; JSON, which a process within this service signs if it is for the service itself */
  send: 8,
  /** level (0 ERROR … 3 DEBUG), text */
  log: 9,
  /** timer, ms, mode of `timerModes` */
  timer: 10,
  /** timer */
  clear: 11,
  /** slots of the operation behind it: JSON list of a service's name, or the number of what was given (0: itself) */
  slots: 12,
  /** Means nothing: it makes a push longer, where the engine would misread its length. */
  nothing: 13,
  /** processes that it consists of now, itself included; said after a turn in which that changed (until then: 1) */
  processes: 14,
} as const;
export type FromGuest = (typeof fromGuest)[keyof typeof fromGuest];

/** Fields that follow each operation. */
export const fromGuestFields: Readonly<Record<FromGuest, number>> = {
  [fromGuest.reply]: 2,
  [fromGuest.fail]: 5,
  [fromGuest.started]: 0,
  [fromGuest.crash]: 5,
  [fromGuest.terminated]: 0,
  [fromGuest.call]: 6,
  [fromGuest.cast]: 3,
  [fromGuest.send]: 2,
  [fromGuest.log]: 2,
  [fromGuest.timer]: 3,
  [fromGuest.clear]: 1,
  [fromGuest.slots]: 1,
  [fromGuest.nothing]: 0,
  [fromGuest.processes]: 1,
};

export const timerModes = {
  /** `tick` once, or again and again: setTimeout, setInterval. */
  once: 0,
  repeat: 1,
  /** `due` once, or again and again: after, every. */
  dueOnce: 2,
  dueRepeat: 3,
} as const;

/** What a guest may ask of its cell and is told before it goes on: `ask(what, …)`, texts and numbers only. */
export const asks = {
  /** name of a part → its code */
  part: 1,
  /** count → random bytes, base64 */
  random: 2,
  /** operation of `cryptography`, its arguments as JSON → its result as text */
  cryptography: 3,
} as const;

/** Scripts beside the prelude, evaluated when a guest first uses what they bring. */
export const partNames = ["web", "streams", "url", "fetch", "crypto", "processes"] as const;
export type PartName = (typeof partNames)[number];

/** Names of the web platform, by the part that brings them. */
export const namesOfParts: Readonly<Record<Exclude<PartName, "processes">, string>> = {
  web:
    "TextEncoder TextDecoder EventTarget Event CustomEvent AbortController AbortSignal DOMException structuredClone " +
    "atob btoa performance",
  fetch: "Blob File Headers Request Response FormData fetch",
  streams:
    "ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader WritableStream WritableStreamDefaultWriter " +
    "TransformStream ByteLengthQueuingStrategy CountQueuingStrategy TextEncoderStream TextDecoderStream",
  url: "URL URLSearchParams",
  crypto: "crypto Crypto CryptoKey SubtleCrypto",
};

/** Levels by their number on the boundary. */
export const guestLevels = ["ERROR", "WARN", "INFO", "DEBUG"] as const;

/** What a guest is told about itself: the body of `init`. */
export interface GuestConfiguration {
  readonly service: string;
  readonly pid: string;
  readonly release: string;
  readonly env: Readonly<Record<string, string>>;
  /** Index in `guestLevels` of the least urgent level that is kept. */
  readonly level: number;
  /** Processes that it may consist of, itself included. */
  readonly processesMax: number;
  /** Messages that may wait for each of them. */
  readonly mailboxLengthMax: number;
}

/** The sender's text for an incarnation of the same tenant; all else is a client's name. */
export const senderOf = (service: string, pid: string): string => `${service} ${pid}`;

/** The service whose incarnation a sender's text names, if it names one. No service's name has a space in it. */
export function serviceOfSender(sender: string): string | undefined {
  const space = sender.indexOf(" <");
  return space > 0 && sender.endsWith(">") ? sender.slice(0, space) : undefined;
}
