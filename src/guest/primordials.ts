/**
 * The language's own functions, taken before any tenant code runs. What the prelude calls once a tenant's code may have
 * run, it calls through these: a tenant may replace `Array.prototype.push` or `JSON.parse` in its isolate, and harms
 * nobody but itself. For the same reason the prelude then uses no iterator, no spread of a list, no regular expression
 * and no list with a prototype (an index on `Array.prototype` can have a setter).
 */

type Method<This, Args extends readonly unknown[], Result> = (this: This, ...args: Args) => Result;

const uncurry = <This, Args extends readonly unknown[], Result>(
  method: Method<This, Args, Result>,
): ((self: This, ...args: Args) => Result) =>
  Function.prototype.bind.call(Function.prototype.call, method) as (self: This, ...args: Args) => Result;

export const parseJson: (text: string) => unknown = JSON.parse;
export const writeJson: (value: unknown) => string | undefined = JSON.stringify;
export const isArray: (value: unknown) => value is readonly unknown[] = Array.isArray;
export const isError: (value: unknown) => boolean = Error.isError;
export const now: () => number = Date.now;
export const textOf: (value: unknown) => string = String;
export const numberOf: (value: unknown) => number = Number;
export const isSafeInteger: (value: unknown) => boolean = Number.isSafeInteger;
export const floor = Math.floor;

export const {
  create: createObject,
  defineProperty,
  freeze,
  getOwnPropertyDescriptor,
  getOwnPropertyNames,
  getOwnPropertySymbols: symbolsOf,
  getPrototypeOf,
  keys,
  setPrototypeOf,
} = Object;
export const { apply } = Reflect;
/** Runs code in the global scope. */
// oxlint-disable-next-line no-eval -- inside an isolate this gives no more power than its tenant has
export const evaluate: (code: string) => unknown = globalThis.eval;
export const objectPrototype: object = Object.prototype;
export const globalObject: object = globalThis;

export const cut: (text: string, from: number, to?: number) => string = uncurry(String.prototype.slice);
export const codeAt: (text: string, index: number) => number = uncurry(String.prototype.charCodeAt);
export const startsWith: (text: string, with_: string) => boolean = uncurry(String.prototype.startsWith);
export const tagOf: (value: unknown) => string = uncurry(Object.prototype.toString);

/** Own names only, whatever a tenant puts on Object.prototype. */
export const makeTable = <T>(): Record<string | number, T> => createObject(null) as Record<string | number, T>;

export const hasText: (text: string, part: string) => boolean = uncurry(String.prototype.includes);
export const isFinite: (value: unknown) => boolean = Number.isFinite;

export const timeOf: (date: Date) => number = uncurry(Date.prototype.getTime);
export const isoOf: (date: Date) => string = uncurry(Date.prototype.toISOString);
const OwnDate = Date;
const OwnMap = Map;
const OwnSet = Set;
const OwnBigInt = BigInt;
const OwnBytes = Uint8Array;
const OwnError = Error;

export const forEachOfMap: (map: ReadonlyMap<unknown, unknown>, work: (value: unknown, key: unknown) => void) => void =
  uncurry(Map.prototype.forEach);
export const forEachOfSet: (set: ReadonlySet<unknown>, work: (value: unknown) => void) => void = uncurry(
  Set.prototype.forEach,
);
export const addToMap: (map: Map<unknown, unknown>, key: unknown, value: unknown) => unknown = uncurry(
  Map.prototype.set,
);
export const addToSet: (set: Set<unknown>, value: unknown) => unknown = uncurry(Set.prototype.add);

/** Conversions that came late to the language. */
interface Base64 {
  toBase64(this: Uint8Array): string;
}
export const base64Of: (bytes: Uint8Array) => string = uncurry((Uint8Array.prototype as unknown as Base64).toBase64);
const fromBase64 = (Uint8Array as unknown as { readonly fromBase64: (text: string) => Uint8Array<ArrayBuffer> })
  .fromBase64;
export const bytesFrom = (text: string): Uint8Array<ArrayBuffer> => apply(fromBase64, OwnBytes, [text]);
export const bytesOf = (buffer: ArrayBuffer): Uint8Array<ArrayBuffer> => new OwnBytes(buffer);
const getBuffer = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "buffer")?.get;
export const bufferOf = (bytes: Uint8Array<ArrayBuffer>): ArrayBuffer =>
  getBuffer === undefined ? bytes.buffer : apply(getBuffer as () => ArrayBuffer, bytes, []);

const errors = makeTable<new (message: string) => Error>();
for (const Class of [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
  errors[Class.name] = Class;
}

export const makers = {
  date: (time: string | number): Date => new OwnDate(time),
  timeOf,
  map: (): Map<unknown, unknown> => new OwnMap(),
  set: (): Set<unknown> => new OwnSet(),
  bigint: (digits: string): bigint => OwnBigInt(digits),
  error: (name: string, message: string): Error => new (errors[name] ?? OwnError)(message),
} as const;

/** A list without a prototype: index it, nothing else. */
export const makeList = <T>(): T[] => setPrototypeOf([], null) as T[];

/** Runs `work` in a microtask. `await undefined` looks up nothing that a tenant could have replaced. */
export async function soon(work: () => void): Promise<void> {
  // oxlint-disable-next-line typescript/await-thenable -- it is the waiting that is wanted
  await undefined;
  work();
}
