/** Values that JSON cannot say, on their way out: a copy that it can, in the tagged form of `codec-tags.ts`. */
import { limits } from "../base/index.ts";
import { depthMax, looksTagged, refuse } from "./codec-tags.ts";
import { SoloError } from "./errors.ts";
import { Handle } from "./handle.ts";
import {
  apply,
  base64Of,
  bytesOf,
  forEachOfMap,
  forEachOfSet,
  isArray,
  isFinite,
  isoOf,
  keys,
  makeList,
  makeTable,
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

export function lower(value: unknown, path: string, at: Lowering, depth: number): unknown {
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
      return tagged("$undefined", true);
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
    return lowerList(value, path, at, depth);
  }
  if (Handle.is(value)) return lowerHandle(value, path, at);
  const unfit = unfits(value);
  if (unfit !== undefined) return refuse(path, unfit);
  const tag = tagOf(value);
  try {
    switch (tag) {
      case "[object Date]":
        return tagged("$date", isFinite(timeOf(value as Date)) ? isoOf(value as Date) : null);
      case "[object Uint8Array]":
        return tagged("$bytes", base64Of(value as Uint8Array));
      case "[object ArrayBuffer]":
        return tagged("$buffer", base64Of(bytesOf(value as ArrayBuffer)));
    }
  } catch {
    return refuse(path, `it only looks like ${tag}`);
  }
  switch (tag) {
    case "[object Map]":
      return tagged("$map", lowerMap(value as ReadonlyMap<unknown, unknown>, path, at, depth));
    case "[object Set]":
      return tagged("$set", lowerSet(value as ReadonlySet<unknown>, path, at, depth));
    case "[object Error]":
      return lowerError(value as Error, path, at, depth);
    default:
      return lowerObject(value, path, at, depth);
  }
}

/** Each item is two bytes at least. Said before any is looked at: an array of holes is as long as it says, and weighs nothing. */
export function boundItems(list: readonly unknown[], path: string): void {
  if (list.length > limits.payloadBytesMax / 2) {
    throw new SoloError("TOO_LARGE", `${path} has ${list.length} items; the limit is ${limits.payloadBytesMax} bytes`);
  }
}

function tagged(tag: string, content: unknown): object {
  const made = makeTable<unknown>();
  made[tag] = content;
  return made;
}

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
  return tagged("$error", made);
}

function lowerObject(value: object, path: string, at: Lowering, depth: number): unknown {
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") {
    // It says itself how it looks in JSON.
    const said: unknown = apply(toJSON, value, [""]);
    return said === undefined ? null : lower(said, path, at, depth + 1);
  }
  const made = makeTable<unknown>();
  const names = keys(value);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? "";
    const item = (value as Record<string, unknown>)[name];
    if (item !== undefined) made[name] = lower(item, `${path}.${name}`, at, depth + 1);
  }
  return looksTagged(keys(made)) ? tagged("$literal", made) : made;
}

/** Objects that JSON would turn into `{}` or worse. */
export function unfits(value: object): string | undefined {
  switch (tagOf(value)) {
    case "[object Promise]":
      return "it is a promise (await it first)";
    case "[object WeakMap]":
    case "[object WeakSet]":
    case "[object WeakRef]":
    case "[object Generator]":
    case "[object AsyncGenerator]":
      return "it cannot be copied";
    case "[object RegExp]":
      return "it is a RegExp (send its source)";
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
      return undefined;
  }
}

/** Whether `lower` must say it, since plain JSON would lose it. */
export function isRich(value: object): boolean {
  switch (tagOf(value)) {
    case "[object Date]":
    case "[object Map]":
    case "[object Set]":
    case "[object Error]":
    case "[object Uint8Array]":
    case "[object ArrayBuffer]":
      return true;
    default:
      return false;
  }
}
