/** Tagged values on their way in (see `codec-tags.ts`), in place of what the text parsed to. */
import { depthMax, looksTagged, refuseToRead } from "./codec-tags.ts";
import { hide } from "./errors.ts";
import type { Handle } from "./handle.ts";
import {
  addToMap,
  addToSet,
  bufferOf,
  bytesFrom,
  codeAt,
  defineProperty,
  isArray,
  isFinite,
  isSafeInteger,
  keys,
  makeTable,
  makers,
} from "./primordials.ts";

export type Slots = readonly Handle[];
/** Digits of a bigint: reading one takes time that grows faster than its length. */
const bigintLengthMax = 20_000;

export function raise(value: unknown, path: string, slots: Slots | undefined, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > depthMax) return refuseToRead(path, `it is nested deeper than ${depthMax}`);
  if (isArray(value)) return raiseItems(value as unknown[], path, slots, depth);
  const names = keys(value);
  const tag = names[0] ?? "";
  if (looksTagged(names)) return untag(tag, (value as Record<string, unknown>)[tag], path, slots, depth);
  return raiseProperties(value, names, path, slots, depth);
}

function raiseItems(list: unknown[], path: string, slots: Slots | undefined, depth: number): unknown[] {
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if (typeof item === "object" && item !== null) list[i] = raise(item, `${path}[${i}]`, slots, depth + 1);
  }
  return list;
}

function raiseProperties(
  value: object,
  names: readonly string[],
  path: string,
  slots: Slots | undefined,
  depth: number,
): object {
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? "";
    const item = (value as Record<string, unknown>)[name];
    if (typeof item === "object" && item !== null) {
      (value as Record<string, unknown>)[name] = raise(item, `${path}.${name}`, slots, depth + 1);
    }
  }
  return value;
}

function untag(tag: string, content: unknown, path: string, slots: Slots | undefined, depth: number): unknown {
  const here = `${path}.${tag}`;
  switch (tag) {
    case "$date":
      return readDate(content, here);
    case "$bytes":
      return readBytes(content, here);
    case "$buffer":
      return bufferOf(readBytes(content, here));
    case "$bigint":
      return readBigint(content, here);
    case "$number":
      if (content === "NaN") return NaN;
      if (content === "Infinity") return Infinity;
      if (content === "-Infinity") return -Infinity;
      return refuseToRead(here, 'it must be "NaN", "Infinity" or "-Infinity"');
    case "$undefined":
      return content === true ? undefined : refuseToRead(here, "it must be true");
    case "$map":
      return readMap(content, here, slots, depth);
    case "$set":
      return readSet(content, here, slots, depth);
    case "$error":
      return readError(content, here, slots, depth);
    case "$service": {
      const found = isSafeInteger(content) && slots !== undefined ? slots[content as number] : undefined;
      return found ?? refuseToRead(here, "no such reference came with the message");
    }
    default:
      if (typeof content !== "object" || content === null || isArray(content)) {
        return refuseToRead(here, "it must be an object");
      }
      return raiseProperties(content, keys(content), here, slots, depth + 1);
  }
}

function readDate(content: unknown, path: string): Date {
  const made = makers.date(content === null ? NaN : (content as string | number));
  if (content === null) return made;
  if (typeof content !== "string" && typeof content !== "number") refuseToRead(path, "it must be a text or a number");
  return isFinite(makers.timeOf(made)) ? made : refuseToRead(path, "it is no date");
}

function readBytes(content: unknown, path: string): Uint8Array<ArrayBuffer> {
  if (typeof content !== "string") return refuseToRead(path, "it must be base64");
  try {
    return bytesFrom(content);
  } catch {
    return refuseToRead(path, "it is not base64");
  }
}

function readBigint(content: unknown, path: string): bigint {
  if (typeof content !== "string" || content.length > bigintLengthMax) {
    return refuseToRead(path, `it must be a text of at most ${bigintLengthMax} digits`);
  }
  const from = codeAt(content, 0) === 45 ? 1 : 0;
  let digits = content.length > from;
  for (let i = from; i < content.length; i++) {
    const code = codeAt(content, i);
    if (code < 48 || code > 57) digits = false;
  }
  return digits ? makers.bigint(content) : refuseToRead(path, "it is no whole number");
}

function readMap(content: unknown, path: string, slots: Slots | undefined, depth: number): Map<unknown, unknown> {
  const made = makers.map();
  if (!isArray(content)) return refuseToRead(path, "it must be a list of pairs");
  for (let i = 0; i < content.length; i++) {
    const pair = content[i];
    if (!isArray(pair) || pair.length !== 2) return refuseToRead(`${path}[${i}]`, "it must be a pair");
    const key = raise(pair[0], `${path}[${i}][0]`, slots, depth + 2);
    addToMap(made, key, raise(pair[1], `${path}[${i}][1]`, slots, depth + 2));
  }
  return made;
}

function readSet(content: unknown, path: string, slots: Slots | undefined, depth: number): Set<unknown> {
  const made = makers.set();
  if (!isArray(content)) return refuseToRead(path, "it must be a list");
  for (let i = 0; i < content.length; i++) addToSet(made, raise(content[i], `${path}[${i}]`, slots, depth + 2));
  return made;
}

function readError(content: unknown, path: string, slots: Slots | undefined, depth: number): Error {
  if (typeof content !== "object" || content === null) return refuseToRead(path, "it must be an object");
  const { name, message, stack, cause, properties } = content as {
    readonly name?: unknown;
    readonly message?: unknown;
    readonly stack?: unknown;
    readonly cause?: unknown;
    readonly properties?: unknown;
  };
  if (typeof name !== "string" || typeof message !== "string") {
    return refuseToRead(path, "it must have a name and a message");
  }
  const made = makers.error(name, message);
  if (made.name !== name) hide(made, "name", name);
  hide(made, "stack", typeof stack === "string" ? stack : `${name}: ${message}`);
  if (cause !== undefined) hide(made, "cause", raise(cause, `${path}.cause`, slots, depth + 2));
  if (properties !== undefined) readMore(made, properties, `${path}.properties`, slots, depth + 2);
  return made;
}

function readMore(made: Error, given: unknown, path: string, slots: Slots | undefined, depth: number): void {
  if (typeof given !== "object" || given === null || isArray(given)) return refuseToRead(path, "it must be an object");
  const names = keys(given);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? "";
    const descriptor = makeTable<unknown>();
    descriptor["value"] = raise((given as Record<string, unknown>)[name], `${path}.${name}`, slots, depth + 1);
    descriptor["enumerable"] = true;
    descriptor["writable"] = true;
    descriptor["configurable"] = true;
    defineProperty(made, name, descriptor as PropertyDescriptor);
  }
}
