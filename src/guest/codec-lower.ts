/** Values that JSON cannot say, on their way out: a copy that it can, in the tagged form of `codec-tags.ts`. */
import { limits } from "../base/index.ts";
import { depthMax, looksTagged, refuse } from "./codec-tags.ts";
import { SoloError } from "./errors.ts";
import { Handle } from "./handle.ts";
import {
  apply,
  base64Of,
  bytesOf,
  cut,
  forEachOfMap,
  forEachOfSet,
  freeze,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  globalObject,
  isArray,
  isError,
  isFinite,
  isoOf,
  keys,
  makeList,
  makeTable,
  objectPrototype,
  symbolsOf,
  tagOf,
  textOf,
  timeOf,
} from "./primordials.ts";

/** What is gathered on the way: the handles that the body names by number, if it may carry any. */
export interface Lowering {
  readonly slots: Handle[] | undefined;
  /** Objects on the way from the root. */
  readonly above: object[];
}

/** `said`: by its own `toJSON`, which is not asked again. */
export function lower(value: unknown, path: string, at: Lowering, depth: number, said = false): unknown {
  switch (typeof value) {
    case "function":
      return refuse(path, "it is a function");
    case "symbol":
      return refuse(path, "it is a symbol");
    case "bigint":
      return tagged("$bigint", textOf(value));
    case "number":
      return isFinite(value) ? value : tagged("$number", textOf(value));
    case "undefined":
      return nothing;
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (depth > depthMax) return refuse(path, `it is nested deeper than ${depthMax}`);
  for (let i = 0; i < depth; i++) if (at.above[i] === value) return refuse(path, "it contains itself");
  at.above[depth] = value;
  if (isArray(value)) {
    boundItems(value, path);
    return saysItself(value, said) ? lowerSaid(value, path, at, depth) : lowerList(value, path, at, depth);
  }
  const prototype: unknown = getPrototypeOf(value);
  if (prototype === objectPrototype || prototype === null || !isRich(value, path)) {
    return saysItself(value, said) ? lowerSaid(value, path, at, depth) : lowerObject(value, path, at, depth);
  }
  if (Handle.is(value)) return lowerHandle(value, path, at);
  const tag = tagOf(value);
  try {
    switch (tag) {
      case "[object Uint8Array]":
        return tagged("$bytes", base64Of(value as Uint8Array));
      case "[object ArrayBuffer]":
        refuseMore(value, path, tag);
        return tagged("$buffer", base64Of(bytesOf(value as ArrayBuffer)));
      case "[object Date]":
        refuseMore(value, path, tag);
        return tagged("$date", isFinite(timeOf(value as Date)) ? isoOf(value as Date) : null);
    }
  } catch (error) {
    if (error instanceof SoloError) throw error;
    return refuse(path, `it only looks like ${tag}`);
  }
  switch (tag) {
    case "[object Map]":
      refuseMore(value, path, tag);
      return tagged("$map", lowerMap(value as ReadonlyMap<unknown, unknown>, path, at, depth));
    case "[object Set]":
      refuseMore(value, path, tag);
      return tagged("$set", lowerSet(value as ReadonlySet<unknown>, path, at, depth));
    default:
      if (!isError(value)) return refuse(path, "it only looks like an Error");
      return lowerError(value as Error, path, at, depth);
  }
}

/** Each item is two bytes at least. */
export const itemsMax = limits.payloadBytesMax / 2;

/** Said before any is looked at: an array of holes is as long as it says, and weighs nothing. */
function boundItems(list: readonly unknown[], path: string): void {
  if (list.length > itemsMax) {
    throw new SoloError("TOO_LARGE", `${path} has ${list.length} items; the limit is ${limits.payloadBytesMax} bytes`);
  }
}

function tagged(tag: string, content: unknown): object {
  const made = makeTable<unknown>();
  made[tag] = content;
  return made;
}

/** In a list; as a property it is left out. */
const nothing = freeze(tagged("$undefined", true));

function lowerHandle(handle: Handle, path: string, { slots }: Lowering): object {
  if (slots === undefined) return refuse(path, "it is a reference, which only a message to a service can carry");
  for (let i = 0; i < slots.length; i++) if (slots[i] === handle) return tagged("$service", i);
  if (slots.length >= limits.slotsMax) return refuse(path, `a message carries at most ${limits.slotsMax} references`);
  slots[slots.length] = handle;
  return tagged("$service", slots.length - 1);
}

function lowerList(value: readonly unknown[], path: string, at: Lowering, depth: number): unknown[] {
  const made = makeList<unknown>();
  for (let i = 0; i < value.length; i++) made[i] = lower(value[i], `${path}[${i}]`, at, depth + 1);
  return made;
}

function lowerMap(value: ReadonlyMap<unknown, unknown>, path: string, at: Lowering, depth: number): unknown[] {
  const made = makeList<unknown>();
  let count = 0;
  walk(path, "Map", () =>
    forEachOfMap(value, (item, key) => {
      const pair = makeList<unknown>();
      pair[0] = lower(key, `${path}.key(${count})`, at, depth + 1);
      pair[1] = lower(item, `${path}.value(${count})`, at, depth + 1);
      made[count++] = pair;
    }),
  );
  return made;
}

function lowerSet(value: ReadonlySet<unknown>, path: string, at: Lowering, depth: number): unknown[] {
  const made = makeList<unknown>();
  let count = 0;
  walk(path, "Set", () =>
    forEachOfSet(value, (item) => {
      made[count] = lower(item, `${path}.item(${count})`, at, depth + 1);
      count++;
    }),
  );
  return made;
}

/** An object may say that it is a Map, and be none: the language's own method throws a TypeError then. */
function walk(path: string, name: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof TypeError) return refuse(path, `it only looks like a ${name}`);
    throw error;
  }
}

function lowerError(value: Error, path: string, at: Lowering, depth: number): object {
  const made = makeTable<unknown>();
  made["name"] = textOf(value.name);
  made["message"] = textOf(value.message);
  if (typeof value.stack === "string") made["stack"] = value.stack;
  if (value.cause !== undefined) made["cause"] = lower(value.cause, `${path}.cause`, at, depth + 1);
  const properties = lowerMore(value, path, at, depth);
  if (properties !== undefined) made["properties"] = properties;
  return tagged("$error", made);
}

/** What an error has besides: its code, and what else its author gave it; and of an AggregateError the errors, which do not show. */
function lowerMore(value: Error, path: string, at: Lowering, depth: number): object | undefined {
  let made: Record<string, unknown> | undefined;
  const add = (name: string, item: unknown): void => {
    if (item === undefined) return;
    const lowered = lower(item, `${path}.${name}`, at, depth + 1);
    if (lowered === nothing) return;
    made ??= makeTable<unknown>();
    made[name] = lowered;
  };
  refuseSymbols(value, path);
  const names = keys(value);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? "";
    if (name === "name" || name === "message" || name === "stack" || name === "cause") continue;
    add(name, (value as unknown as Record<string, unknown>)[name]);
  }
  const errors = getOwnPropertyDescriptor(value, "errors");
  if (errors !== undefined && errors.enumerable !== true) add("errors", errors.value);
  return made;
}

const saysItself = (value: object, said: boolean): boolean =>
  !said && typeof (value as { readonly toJSON?: unknown }).toJSON === "function";

function lowerSaid(value: object, path: string, at: Lowering, depth: number): unknown {
  const { toJSON } = value as { readonly toJSON: () => unknown };
  return lower(apply(toJSON, value, [""]), path, at, depth, true);
}

function lowerObject(value: object, path: string, at: Lowering, depth: number): unknown {
  const made = makeTable<unknown>();
  const names = keys(value);
  refuseUnseen(value, names, path);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? "";
    const item = (value as Record<string, unknown>)[name];
    // What says how the object looks is no part of that.
    if (item === undefined || (name === "toJSON" && typeof item === "function")) continue;
    const lowered = lower(item, `${path}.${name}`, at, depth + 1);
    if (lowered !== nothing) made[name] = lowered;
  }
  return looksTagged(keys(made)) ? tagged("$literal", made) : made;
}

/** What is all there is to it, and says so by its kind: more than that would be lost. */
function refuseMore(value: object, path: string, tag: string): void {
  refuseSymbols(value, path);
  const name = keys(value)[0];
  if (name !== undefined) refuse(path, `as ${tag} it cannot carry its property ${name}`);
}

/**
 * Whether an object that is not plain has a form of its own among the tagged ones. If not it goes as what its `toJSON` says,
 * or, if it is of a class of the service's own, as its properties. All others are refused: JSON would make `{}` of them.
 */
function isRich(value: object, path: string): boolean {
  const tag = tagOf(value);
  switch (tag) {
    case "[object Date]":
    case "[object Map]":
    case "[object Set]":
    case "[object Error]":
    case "[object Uint8Array]":
    case "[object ArrayBuffer]":
      return true;
    case "[object Object]":
      return Handle.is(value);
    default:
      return saysItself(value, false) ? false : refuse(path, unfit(tag));
  }
}

/** Whether an object may have more than its properties show: some that symbols name, or, if it shows none, what it is in truth. */
export const hidesSome = (value: object, shown: number): boolean =>
  value === globalObject || symbolsOf(value).length > 0 || (shown === 0 && tagOf(value) !== "[object Object]");

/** Refuses an object that has more than its properties show. */
function refuseUnseen(value: object, names: readonly string[], path: string): void {
  refuseSymbols(value, path);
  if (value === globalObject) refuse(path, "it is the global object");
  if (names.length > 0) return;
  const tag = tagOf(value);
  if (tag !== "[object Object]" && tag !== "[object Arguments]") return refuse(path, unfit(tag));
  const prototype: unknown = getPrototypeOf(value);
  if (prototype !== objectPrototype && prototype !== null) {
    refuse(path, "it is of a class, and has no properties that could be sent (give it a toJSON, or send plain data)");
  }
}

function refuseSymbols(value: object, path: string): void {
  const symbols = symbolsOf(value);
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i];
    if (symbol === undefined || getOwnPropertyDescriptor(value, symbol)?.enumerable !== true) continue;
    refuse(path, `it has a property that a symbol names, ${textOf(symbol)}`);
  }
}

function unfit(tag: string): string {
  switch (tag) {
    case "[object Promise]":
      return "it is a promise (await it first)";
    case "[object RegExp]":
      return "it is a RegExp (send its source)";
    case "[object Number]":
    case "[object String]":
    case "[object Boolean]":
    case "[object Symbol]":
    case "[object BigInt]":
      return `it is a ${cut(tag, 8, -1)} object (send its valueOf())`;
    case "[object DataView]":
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
      return "of binary data only Uint8Array and ArrayBuffer can be sent (new Uint8Array(its.buffer), or an array of numbers)";
    default:
      return `it is ${tag}, which cannot be copied (send the data that it stands for)`;
  }
}
