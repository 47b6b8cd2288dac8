/**
 * As much of vitest as zod's own tests use, for where there is no vitest: a guest. It runs tests and writes down what they
 * expected of what; how faithful it is matters little, since the same is done in Node and compared.
 */
interface Test {
  readonly name: string;
  readonly body: () => unknown;
}

/** What came of a test, and everything that it looked at. */
export interface Outcome {
  readonly name: string;
  readonly failed: string | undefined;
  readonly seen: readonly string[];
}

const tests: Test[] = [];
const before: (() => unknown)[] = [];
const after: (() => unknown)[] = [];
let seen: string[] = [];

/** Runs all tests that were said so far. */
export async function run(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, body } of tests) {
    seen = [];
    let failed: string | undefined;
    try {
      for (const work of before) await work();
      await body();
    } catch (error) {
      failed = describeValue(error, 3);
    }
    for (const work of after) await work();
    outcomes.push({ name, failed, seen });
  }
  return outcomes;
}

type Register = (name: string, body: () => unknown, more?: unknown) => void;

export const test: Register & {
  skip: Register;
  each: (rows: readonly unknown[]) => (name: string, body: (...args: unknown[]) => unknown) => void;
} = Object.assign<Register, object>(
  (name, body, more) => {
    const work = typeof body === "function" ? body : (more as () => unknown);
    tests.push({ name, body: work });
  },
  {
    skip: () => undefined,
    each: (rows: readonly unknown[]) => (name: string, body: (...args: unknown[]) => unknown) => {
      for (const row of rows)
        test(`${name} ${describeValue(row, 2)}`, () => body(...(Array.isArray(row) ? (row as unknown[]) : [row])));
    },
  },
) as never;
export const it = test;
export const describe = Object.assign((_name: string, body: () => void) => body(), {
  skip: () => undefined,
});
export const beforeEach = (work: () => unknown): void => void before.push(work);
export const afterEach = (work: () => unknown): void => void after.push(work);

/** Types are erased: whatever is said of them holds. */
const agreeable: unknown = new Proxy(() => undefined, { get: () => agreeable, apply: () => agreeable });
export const expectTypeOf = (): unknown => agreeable;
export const assertType = (): void => undefined;

interface Spy {
  (...args: unknown[]): unknown;
  readonly mock: { readonly calls: unknown[][] };
  mockReturnValue(value: unknown): Spy;
  mockImplementation(work: (...args: unknown[]) => unknown): Spy;
  mockRestore(): void;
}
function spy(work: (...args: unknown[]) => unknown, restore: () => void = () => undefined): Spy {
  const calls: unknown[][] = [];
  let now = work;
  const made: Spy = Object.assign(
    function (this: unknown, ...args: unknown[]): unknown {
      calls.push(args);
      return Reflect.apply(now, this, args);
    },
    {
      mock: { calls },
      mockReturnValue: (value: unknown) => ((now = () => value), made),
      mockImplementation: (other: (...args: unknown[]) => unknown) => ((now = other), made),
      mockRestore: restore,
    },
  );
  return made;
}
export const vi = {
  fn: (work: (...args: unknown[]) => unknown = () => undefined): Spy => spy(work),
  spyOn: (on: Record<string, unknown>, name: string): Spy => {
    const own = Object.getOwnPropertyDescriptor(on, name);
    const restore = (): void => {
      if (own === undefined) Reflect.deleteProperty(on, name);
      else Object.defineProperty(on, name, own);
    };
    const made = spy(on[name] as () => unknown, restore);
    Object.defineProperty(on, name, { value: made, writable: true, configurable: true });
    return made;
  },
};

class Any {
  readonly of: unknown;
  constructor(of: unknown) {
    this.of = of;
  }
  fits(value: unknown): boolean {
    return Object(value) instanceof (this.of as new () => object);
  }
}

function equal(a: unknown, b: unknown, partly: boolean, strict: boolean): boolean {
  if (b instanceof Any) return b.fits(a);
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (a instanceof RegExp && b instanceof RegExp) return String(a) === String(b);
  if (a instanceof Error && b instanceof Error) return a.message === b.message;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Map && b instanceof Map) return equal([...a], [...b], partly, strict);
  if (a instanceof Set && b instanceof Set) return equal([...a], [...b], partly, strict);
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return describeValue(a, 1) === describeValue(b, 1);
  const keys = (of: object): (string | symbol)[] =>
    Reflect.ownKeys(of).filter(
      (key) => Object.prototype.propertyIsEnumerable.call(of, key) && (strict || at(of, key) !== undefined),
    );
  const [left, right] = [keys(a), keys(b)];
  if (!partly && left.length !== right.length) return false;
  if (partly && Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return false;
  return right.every((key) => equal(at(a, key), at(b, key), partly, strict));
}
const at = (of: unknown, key: PropertyKey): unknown => (of as Record<PropertyKey, unknown>)[key];

function thrown(work: unknown): { readonly error: unknown } | undefined {
  try {
    (work as () => unknown)();
    return undefined;
  } catch (error) {
    return { error };
  }
}

function isSuch(error: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  const message = error instanceof Error ? error.message : String(error);
  if (typeof wanted === "string") return message.includes(wanted);
  if (wanted instanceof RegExp) return wanted.test(message);
  if (typeof wanted === "function") return error instanceof wanted;
  return message === (wanted as Error).message;
}

type Matcher = (value: unknown, wanted?: unknown, more?: unknown) => boolean;
const matchers: Readonly<Record<string, Matcher>> = {
  toBe: Object.is,
  toEqual: (a, b) => equal(a, b, false, false),
  toStrictEqual: (a, b) => equal(a, b, false, true),
  toMatchObject: (a, b) => equal(a, b, true, false),
  toBeInstanceOf: (a, Class) => a instanceof (Class as new () => object),
  toBeUndefined: (a) => a === undefined,
  toBeDefined: (a) => a !== undefined,
  toBeNull: (a) => a === null,
  toBeTruthy: Boolean,
  toBeFalsy: (a) => !a,
  toBeFunction: (a) => typeof a === "function",
  toBeTypeOf: (a, name) => typeof a === name,
  toHaveLength: (a, length) => at(a, "length") === length,
  toContain: (a, item) =>
    typeof a === "string" ? a.includes(String(item)) : [...(a as Iterable<unknown>)].includes(item),
  toContainEqual: (a, item) => [...(a as Iterable<unknown>)].some((one) => equal(one, item, false, false)),
  toBeGreaterThan: (a, b) => Number(a) > Number(b),
  toBeGreaterThanOrEqual: (a, b) => Number(a) >= Number(b),
  toBeLessThan: (a, b) => Number(a) < Number(b),
  toBeLessThanOrEqual: (a, b) => Number(a) <= Number(b),
  toBeCloseTo: (a, b) => Math.abs(Number(a) - Number(b)) < 0.005,
  toMatch: (a, pattern) => (pattern instanceof RegExp ? pattern.test(String(a)) : String(a).includes(String(pattern))),
  toHaveProperty: (a, name) =>
    String(name)
      .split(".")
      .every((part) => typeof a === "object" && a !== null && part in a && ((a = at(a, part)), true)),
  toThrow: (work, wanted) => {
    const found = typeof work === "function" ? thrown(work) : { error: work };
    if (found !== undefined) seen.push(describeValue(found.error, 4));
    return found !== undefined && isSuch(found.error, wanted);
  },
  // Snapshots are compared between Node and the guest: what was seen is written down.
  toMatchInlineSnapshot: () => true,
  toMatchSnapshot: () => true,
  toHaveBeenCalled: (made) => (made as Spy).mock.calls.length > 0,
  toHaveBeenCalledOnce: (made) => (made as Spy).mock.calls.length === 1,
  toHaveBeenCalledTimes: (made, times) => (made as Spy).mock.calls.length === times,
};

function judge(value: unknown, not: boolean): Readonly<Record<string, (wanted?: unknown, more?: unknown) => void>> {
  const known: Record<string, (wanted?: unknown, more?: unknown) => void> = {};
  for (const [name, matcher] of Object.entries(matchers)) {
    known[name] = (wanted, more) => {
      if (matcher(value, wanted, more) === not) {
        throw new Error(
          `${describeValue(value, 4)} is ${not ? "" : "not "}as ${name} says: ${describeValue(wanted, 4)}`,
        );
      }
    };
  }
  known["toThrowError"] = known["toThrow"] as () => void;
  known["toThrowErrorMatchingInlineSnapshot"] = () => known["toThrow"]?.();
  return known;
}

export const expect = Object.assign(
  (value: unknown) => {
    if (typeof value !== "function") seen.push(describeValue(value, 4));
    const later = (settle: () => Promise<unknown>): unknown =>
      new Proxy(
        {},
        {
          get:
            (_, name) =>
            async (...wanted: unknown[]) =>
              expect(await settle())[String(name)]?.(...wanted),
        },
      );
    const awaited = (): Promise<unknown> =>
      Promise.resolve(typeof value === "function" ? (value as () => unknown)() : value);
    return {
      ...judge(value, false),
      not: judge(value, true),
      resolves: later(awaited),
      rejects: later(() =>
        awaited().then(
          () => {
            throw new Error("it did not reject");
          },
          (error: unknown) => error,
        ),
      ),
    } as unknown as Record<string, (...wanted: unknown[]) => void>;
  },
  {
    any: (of: unknown) => new Any(of),
    unreachable: () => {
      throw new Error("this must not be reached");
    },
    assertions: () => undefined,
  },
);

/** What can be seen of a value; schemas, functions and depths past `depth` by their kind alone. */
function describeValue(value: unknown, depth: number): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  // Of now, no two runs see the same.
  if (value instanceof Date) return Math.abs(value.getTime() - Date.now()) < 60_000 ? "now" : `Date ${value.getTime()}`;
  if (value instanceof RegExp) return String(value);
  if (ArrayBuffer.isView(value))
    return `bytes ${String(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`;
  if ("_zod" in value && !(value instanceof Error)) return "a schema";
  const issues = value instanceof Error ? describeValue(at(value, "issues"), depth - 1) : "";
  if (value instanceof Error) return `${value.name}: ${value.message} ${issues}`;
  if (depth <= 0) return Object.prototype.toString.call(value);
  const inner = (one: unknown): string => describeValue(one, depth - 1);
  if (value instanceof Map) return `Map {${[...value].map(([key, item]) => `${inner(key)} => ${inner(item)}`).join()}}`;
  if (value instanceof Set) return `Set {${[...value].map(inner).join()}}`;
  if (Array.isArray(value)) return `[${value.map(inner).join()}]`;
  return `{${Object.keys(value)
    .map((key) => `${key}: ${inner(at(value, key))}`)
    .join()}}`;
}
