/**
 * Values ⇄ text: the one place that knows how a value travels. For now a value is what JSON can say; what it cannot is
 * refused by name and path, never dropped in silence. (Bytes, Map, Set, bigint and references will be slots beside the
 * text: they are recognised here already.)
 */
import { limits } from "../base/index.ts";
import { SoloError } from "./errors.ts";
import { isArray, keys, makeList, parseJson, tagOf, writeJson } from "./primordials.ts";

const depthMax = 500;

/** A value's text, or undefined for undefined. Throws {@link SoloError} NOT_SERIALIZABLE. May run the value's getters. */
export function encode(value: unknown, what: string): string | undefined {
  switch (typeof value) {
    case "string":
      return bounded(writeJson(value), what);
    case "number":
    case "boolean":
      return writeJson(value);
    case "undefined":
      return undefined;
    default:
      if (value === null) return "null";
      check(value, what, makeList<object>(), 0);
      return bounded(writeJson(value), what);
  }
}

function bounded(text: string | undefined, what: string): string | undefined {
  if (text !== undefined && text.length > limits.payloadBytesMax) {
    throw new SoloError("TOO_LARGE", `${what} has ${text.length} characters; the limit is ${limits.payloadBytesMax}`);
  }
  return text;
}

/** The text of a list of arguments: always a JSON array. */
export const encodeList = (values: readonly unknown[], what: string): string =>
  values.length === 0 ? "[]" : (encode(values, what) ?? "[]");

/** The value that a text stands for. Texts come from `encode` on the other side, or from a client that the gateways checked. */
export const decode = (text: string | undefined): unknown => (text === undefined ? undefined : parseJson(text));

/** The list of arguments that a text stands for. */
export function decodeList(text: string): readonly unknown[] {
  const values = parseJson(text);
  if (!isArray(values)) throw new SoloError("INVALID_ARGUMENT", "the arguments must be a JSON array");
  return values;
}

function refuse(path: string, problem: string): never {
  throw new SoloError("NOT_SERIALIZABLE", `${path} cannot be sent: ${problem}`);
}

/** Walks what JSON would drop, blank out or stumble over. `above` holds the objects on the way from the root. */
function check(value: unknown, path: string, above: object[], depth: number): void {
  switch (typeof value) {
    case "function":
      return refuse(path, "it is a function");
    case "symbol":
      return refuse(path, "it is a symbol");
    case "bigint":
      return refuse(path, "it is a bigint (use a string)");
    case "object":
      break;
    default:
      return;
  }
  if (value === null) return;
  if (depth > depthMax) return refuse(path, `it is nested deeper than ${depthMax}`);
  for (let i = 0; i < depth; i++) if (above[i] === value) return refuse(path, "it contains itself");
  above[depth] = value;
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (needsCheck(item)) check(item, `${path}[${i}]`, above, depth + 1);
    }
    return;
  }
  // A Date, a URL: it says itself how it looks in JSON.
  if (typeof (value as { readonly toJSON?: unknown }).toJSON === "function") return;
  const unfit = unfits(value);
  if (unfit !== undefined) return refuse(path, unfit);
  const names = keys(value);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? "";
    const item = (value as Record<string, unknown>)[name];
    if (needsCheck(item)) check(item, `${path}.${name}`, above, depth + 1);
  }
}

const needsCheck = (value: unknown): boolean => {
  const type = typeof value;
  return type !== "string" && type !== "number" && type !== "boolean" && value !== undefined && value !== null;
};

/** Objects that JSON would turn into `{}` or worse. */
function unfits(value: object): string | undefined {
  switch (tagOf(value)) {
    case "[object Promise]":
      return "it is a promise (await it first)";
    case "[object Map]":
      return "it is a Map (use Object.fromEntries)";
    case "[object Set]":
      return "it is a Set (use [...set])";
    case "[object WeakMap]":
    case "[object WeakSet]":
    case "[object WeakRef]":
    case "[object RegExp]":
      return "it is an object that JSON cannot say";
    case "[object ArrayBuffer]":
    case "[object DataView]":
    case "[object Uint8Array]":
    case "[object Uint8ClampedArray]":
    case "[object Int8Array]":
    case "[object Uint16Array]":
    case "[object Int16Array]":
    case "[object Uint32Array]":
    case "[object Int32Array]":
    case "[object Float16Array]":
    case "[object Float32Array]":
    case "[object Float64Array]":
    case "[object BigInt64Array]":
    case "[object BigUint64Array]":
      return "it is binary data (use an array of numbers, or base64)";
    case "[object Error]":
      return "it is an Error (send its message)";
    default:
      return undefined;
  }
}
