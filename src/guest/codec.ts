/**
 * Values ⇄ text: the one place that knows how a value travels. What plain JSON can say is plain JSON; bytes, Date, Map,
 * Set, bigint, undefined, Error and references go in a tagged form beside it (`codec-tags.ts`); anything else is refused by
 * name and path. Left out in silence are, of an object's properties, those that are undefined, and what was hung on a list or
 * on bytes besides their items, which nobody looks for (docs/decisions/0031). A value is judged by itself: what stands
 * beside it makes no difference.
 */
import { limits } from "../base/index.ts";
import { hidesSome, itemsMax, lower } from "./codec-lower.ts";
import { raise, type Slots } from "./codec-raise.ts";
import { depthMax, looksTagged } from "./codec-tags.ts";
import { SoloError } from "./errors.ts";
import { Handle } from "./handle.ts";
import {
  codeAt,
  cut,
  getPrototypeOf,
  hasText,
  isArray,
  isFinite,
  keys,
  makeList,
  numberOf,
  objectPrototype,
  parseJson,
  tagOf,
  writeJson,
} from "./primordials.ts";

/** Handles that the text encoded last names by number. */
let carried: Slots | undefined;

/** The handles of the text that `encode` gave just now; they travel beside it. Undefined: it names none. */
export function takeSlots(): Slots | undefined {
  const slots = carried;
  carried = undefined;
  return slots;
}

/**
 * A value's text, or undefined for undefined. Throws {@link SoloError} NOT_SERIALIZABLE. May run the value's getters.
 * `carry`: it may name handles, and the caller will `takeSlots`.
 */
export function encode(value: unknown, what: string, carry = false): string | undefined {
  switch (typeof value) {
    case "string":
      return bounded(writeJson(value), what);
    case "number":
      if (isFinite(value)) return writeJson(value);
      break;
    case "boolean":
      return writeJson(value);
    case "undefined":
      return undefined;
    default:
      if (value === null) return "null";
      if (!needsLowering(value, undefined, 0)) return bounded(writeJson(value), what);
  }
  const slots = carry ? makeList<Handle>() : undefined;
  const text = bounded(writeJson(lower(value, what, { slots, above: makeList<object>() }, 0)), what);
  if (slots !== undefined && slots.length > 0) carried = slots;
  return text;
}

function bounded(text: string | undefined, what: string): string | undefined {
  if (text !== undefined && text.length > limits.payloadBytesMax) {
    throw new SoloError("TOO_LARGE", `${what} has ${text.length} characters; the limit is ${limits.payloadBytesMax}`);
  }
  return text;
}

/** The text of a message that the process of this number within the service sends to the service itself: no JSON has this form. */
export function sign(number: number, text: string, what: string): string {
  const signed = `#${number} ${text}`;
  return bounded(signed, what) ?? signed;
}

/** The process that signed a text, and what it signed. Undefined: none did. Believe it only of this isolate's own. */
export function unsign(text: string): { readonly number: number; readonly text: string } | undefined {
  if (codeAt(text, 0) !== numberSign) return undefined;
  let at = 1;
  while (at < text.length && codeAt(text, at) !== space) at++;
  return { number: numberOf(cut(text, 1, at)), text: cut(text, at + 1) };
}
const numberSign = 35;
const space = 32;

/** The text of a list of arguments: always a JSON array. */
export const encodeList = (values: readonly unknown[], what: string, carry = false): string =>
  values.length === 0 ? "[]" : (encode(values, what, carry) ?? "[]");

/**
 * The value that a text stands for. Texts come from `encode` on the other side, or from a client that the gateways
 * checked. Throws {@link SoloError} NOT_SERIALIZABLE for a tagged value that is none.
 */
export function decode(text: string | undefined, slots?: Slots, what = "the value"): unknown {
  if (text === undefined) return undefined;
  const value = parseJson(text);
  return hasText(text, "$") ? raise(value, what, slots, 0) : value;
}

/** The list of arguments that a text stands for. */
export function decodeList(text: string, slots?: Slots): readonly unknown[] {
  const values = decode(text, slots, "arguments");
  if (!isArray(values)) throw new SoloError("INVALID_ARGUMENT", "the arguments must be a JSON array");
  return values;
}

/** An object, and those on the way to it from the root. */
interface Place {
  readonly value: object;
  readonly above: Place | undefined;
}

/**
 * Whether plain JSON would lose some of it, or must not have it. It looks no further than the first such thing, and says no more:
 * `lower` says it, or refuses it by its path.
 */
function needsLowering(value: unknown, above: Place | undefined, depth: number): boolean {
  // Of what JSON has words for, only objects come here.
  if (typeof value !== "object") return true;
  if (value === null) return false;
  if (depth > depthMax) return true;
  for (let at = above; at !== undefined; at = at.above) if (at.value === value) return true;
  if (isArray(value)) {
    // It says itself how it looks in JSON: what it says is looked at as everything is.
    if (typeof (value as { readonly toJSON?: unknown }).toJSON === "function" || value.length > itemsMax) return true;
    const here: Place = { value, above };
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (item === undefined || (needsLook(item) && needsLowering(item, here, depth + 1))) return true;
    }
    return false;
  }
  const prototype: unknown = getPrototypeOf(value);
  const plain = prototype === objectPrototype || prototype === null;
  if (!plain && (tagOf(value) !== "[object Object]" || Handle.is(value))) return true;
  if (typeof (value as { readonly toJSON?: unknown }).toJSON === "function") return true;
  const names = keys(value);
  if (names.length === 0 && !plain) return true;
  if (hidesSome(value, names.length) || looksTagged(names)) return true;
  const here: Place = { value, above };
  for (let i = 0; i < names.length; i++) {
    const item = (value as Record<string, unknown>)[names[i] ?? ""];
    if (needsLook(item) && needsLowering(item, here, depth + 1)) return true;
  }
  return false;
}

function needsLook(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return false;
    case "number":
      return value - value !== 0;
    default:
      return value !== null;
  }
}
