/**
 * Arbitraries made to a type: a field, a variant or a word that nobody wrote one for does not compile. What they make knows
 * which of its keys may be left out, for laws that leave them out ({@link mayLack}).
 */
import fc from "fast-check";

type OptionalOf<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];
type Each<T, K extends keyof T> = { readonly [P in K]: fc.Arbitrary<Exclude<T[P], undefined>> };

/** For each field what makes it: the required ones, then, if there are any, the optional ones. */
export type Parts<T> = [OptionalOf<T>] extends [never]
  ? readonly [Each<T, keyof T>]
  : readonly [Each<T, Exclude<keyof T, OptionalOf<T>>>, Each<T, OptionalOf<T>>];

interface Typed {
  readonly type: string;
}
/** One variant of a union, but for what tells it apart. */
export type BodyOf<U extends Typed, K extends U["type"]> = Omit<Extract<U, { readonly type: K }>, "type">;
export type Variants<U extends Typed> = { readonly [K in U["type"]]: Parts<BodyOf<U, K>> };

type Loose = Readonly<Record<string, fc.Arbitrary<unknown>>>;

const lacking = new WeakMap<object, (key: string) => boolean>();

/** Whether what was made is still of its type without this key. */
export const mayLack = (made: object, key: string): boolean => lacking.get(made)?.(key) ?? false;

/** Whether its keys are anybody's choice: a record of names, not of fields. */
export const isOpen = (made: object): boolean => mayLack(made, "");

function recordOf(required: Loose, optional: Loose = {}): fc.Arbitrary<object> {
  const both = { ...required, ...optional };
  return fc.record(both, { requiredKeys: Object.keys(required), noNullPrototype: true }).map((made: object) => {
    lacking.set(made, (key) => Object.hasOwn(optional, key));
    return made;
  });
}

export function fields<T extends object>(parts: Parts<T>): fc.Arbitrary<T> {
  const [required, optional] = parts as unknown as readonly [Loose, Loose?];
  return recordOf(required, optional) as fc.Arbitrary<T>;
}

/** Each variant as often as any other. */
export function variants<U extends Typed>(of: Variants<U>): fc.Arbitrary<U> {
  const each = Object.entries(of as Readonly<Record<string, readonly [Loose, Loose?]>>);
  return fc.oneof(
    ...each.map(([type, [required, optional]]) => recordOf({ type: fc.constant(type), ...required }, optional)),
  ) as fc.Arbitrary<U>;
}

/** At most so many names, each with its value. */
export const named = <T>(name: fc.Arbitrary<string>, value: fc.Arbitrary<T>, countMax: number) =>
  fc.dictionary(name, value, { maxKeys: countMax, noNullPrototype: true }).map((made) => {
    lacking.set(made, () => true);
    return made;
  });

/** Every word of a type of words. */
export const word = <T extends string>(all: Readonly<Record<T, true>>): fc.Arbitrary<T> =>
  fc.constantFrom(...(Object.keys(all) as T[]));

/** Short, and of any characters: half surrogates, quotes, control characters. */
export const words: fc.Arbitrary<string> = fc.string({ unit: "binary", maxLength: 8 });

export const whole = (min: number, max: number = Number.MAX_SAFE_INTEGER): fc.Arbitrary<number> =>
  fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }));

export const listed = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> => fc.array(item, { maxLength: 3 });
