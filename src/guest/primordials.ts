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
  getPrototypeOf,
  keys,
  setPrototypeOf,
} = Object;
export const { apply } = Reflect;
export const objectPrototype: object = Object.prototype;

export const cut: (text: string, from: number, to?: number) => string = uncurry(String.prototype.slice);
export const codeAt: (text: string, index: number) => number = uncurry(String.prototype.charCodeAt);
export const startsWith: (text: string, with_: string) => boolean = uncurry(String.prototype.startsWith);
export const tagOf: (value: unknown) => string = uncurry(Object.prototype.toString);

/** Own names only, whatever a tenant puts on Object.prototype. */
export const makeTable = <T>(): Record<string | number, T> => createObject(null) as Record<string | number, T>;

/** A list without a prototype: index it, nothing else. */
export const makeList = <T>(): T[] => setPrototypeOf([], null) as T[];

/** Runs `work` in a microtask. `await undefined` looks up nothing that a tenant could have replaced. */
export async function soon(work: () => void): Promise<void> {
  // oxlint-disable-next-line typescript/await-thenable -- it is the waiting that is wanted
  await undefined;
  work();
}
