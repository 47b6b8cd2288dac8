/**
 * Values ⇄ text: the one place that knows how a value travels. What plain JSON can say is plain JSON; bytes, Date, Map,
 * Set, bigint, undefined, Error and references go in a tagged form beside it (`codec-tags.ts`); anything else is refused by
 * name and path, never dropped in silence. Of an object's properties, those that are undefined are left out.
 */
import { limits } from "../base/index.ts";
import { boundItems, isRich, lower, unfits } from "./codec-lower.ts";
import { raise, type Slots } from "./codec-raise.ts";
import { depthMax, looksTagged, refuse } from "./codec-tags.ts";
import { SoloError } from "./errors.ts";
import { Handle } from "./handle.ts";
import {
  getPrototypeOf,
  hasText,
  isArray,
  isFinite,
  keys,
  makeList,
  objectPrototype,
  parseJson,
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
      if (!needsLowering(value, what, makeList<object>(), 0)) return bounded(writeJson(value), what);
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

/**
 * Whether plain JSON would lose some of it. Refuses what cannot be sent at all, as far as it looked: it looks no further
 * than the first thing that must be lowered. `above` holds the objects on the way from the root.
 */
function needsLowering(value: unknown, path: string, above: object[], depth: number): boolean {
  switch (typeof value) {
    case "function":
      return refuse(path, "it is a function");
    case "symbol":
      return refuse(path, "it is a symbol");
    case "bigint":
    case "undefined":
    case "number":
      // Numbers come here only if JSON has no word for them.
      return true;
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return false;
  if (depth > depthMax) return refuse(path, `it is nested deeper than ${depthMax}`);
  for (let i = 0; i < depth; i++) if (above[i] === value) return refuse(path, "it contains itself");
  above[depth] = value;
  if (isArray(value)) {
    boundItems(value, path);
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if ((needsLook(item) || item === undefined) && needsLowering(item, `${path}[${i}]`, above, depth + 1))
        return true;
    }
    return false;
  }
  const plain = getPrototypeOf(value) === objectPrototype;
  if (!plain && (isRich(value) || Handle.is(value))) return true;
  // A URL: it says itself how it looks in JSON.
  if (typeof (value as { readonly toJSON?: unknown }).toJSON === "function") return false;
  const unfit = plain ? undefined : unfits(value);
  if (unfit !== undefined) return refuse(path, unfit);
  const names = keys(value);
  if (looksTagged(names)) return true;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? "";
    const item = (value as Record<string, unknown>)[name];
    if (needsLook(item) && needsLowering(item, `${path}.${name}`, above, depth + 1)) return true;
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
