/**
 * Errors, on both sides of what a tenant throws: a thrown value becomes three bounded strings here, inside the isolate
 * and under its timeout, since reading it may run the tenant's code (getters, proxies, `prepareStackTrace`).
 */
import { apply, cut, makeTable, textOf } from "./primordials.ts";

export const messageLengthMax = 2_000;
const nameLengthMax = 128;
const stackLengthMax = 8_000;

export interface DescribedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** Bounded text of anything; never throws. */
export function boundedText(value: unknown, lengthMax: number, otherwise: string): string {
  try {
    const text = typeof value === "string" ? value : textOf(value);
    return text.length > lengthMax ? cut(text, 0, lengthMax) : text;
  } catch {
    return otherwise;
  }
}

/** `instanceof` for what a tenant threw: false where a proxy of the tenant's throws or was revoked. */
export function isA<T>(value: unknown, Class: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof Class;
  } catch {
    return false;
  }
}

function read(thrown: object, property: string): unknown {
  try {
    return (thrown as Record<string, unknown>)[property];
  } catch {
    return undefined;
  }
}

/** What was thrown, as text. Runs the tenant's code if it booby-trapped the value; never throws. */
export function describeError(thrown: unknown): DescribedError {
  if ((typeof thrown !== "object" || thrown === null) && typeof thrown !== "function") {
    return { name: "Error", message: boundedText(thrown, messageLengthMax, "?"), stack: "" };
  }
  const name = read(thrown, "name");
  const message = read(thrown, "message");
  const stack = read(thrown, "stack");
  return {
    name: boundedText(name ?? "Error", nameLengthMax, "Error"),
    message: boundedText(message ?? describeOther(thrown), messageLengthMax, "?"),
    stack: typeof stack === "string" ? boundedText(stack, stackLengthMax, "") : "",
  };
}

function describeOther(thrown: object): string {
  try {
    return `a thrown ${typeof thrown === "function" ? "function" : "object"} that is no Error: ${textOf(thrown)}`;
  } catch {
    return "a thrown object that is no Error";
  }
}

/** A failure that Solo reports to the tenant's code: `code` says which, in the words of the public contract. */
export class SoloError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
    hide(this, "name", "SoloError");
  }
}

/** A call that brought no result. `executed` says whether the method may have run: what decides if a retry is safe. */
export class CallError extends SoloError {
  readonly executed: string;
  constructor(code: string, message: string, executed: string) {
    super(code, message);
    this.executed = executed;
    hide(this, "name", "CallError");
  }
}

/** A property that listings of the error leave out. */
export function hide(error: Error, name: string, value: unknown): void {
  const descriptor = makeTable<unknown>();
  descriptor["value"] = value;
  descriptor["writable"] = true;
  descriptor["configurable"] = true;
  apply(defineHidden, undefined, [error, name, descriptor]);
}
const defineHidden = Object.defineProperty;
