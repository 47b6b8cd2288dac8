/**
 * Shapes: parsers for what comes from outside (a cell, a guest, a file, another process). A shape turns `unknown` into
 * a known type or says where it does not fit; it never throws and never keeps a property that it does not name.
 */

/** What no value from outside has: a record of somebody's own names is never taken for a misfit. */
const brand: unique symbol = Symbol("misfit");

export interface Misfit {
  readonly misfit: string;
  readonly at: string;
  readonly [brand]: true;
}

/** Returns the parsed value, or a {@link Misfit} that says where (`at` is a path such as `.limits.memory`). */
export type Shape<T> = (value: unknown, at?: string) => T | Misfit;

export type Of<S> = S extends Shape<infer T> ? T : never;

export function isMisfit(value: unknown): value is Misfit {
  return typeof value === "object" && value !== null && brand in value;
}

/** For a shape of one's own. */
export const misfit = (at: string, problem: string): Misfit =>
  Object.defineProperty({ misfit: problem, at: at === "" ? "." : at } as Misfit, brand, { value: true });

/** A string of at most `lengthMax` UTF-16 units. */
export const text =
  (lengthMax: number): Shape<string> =>
  (value, at = "") =>
    typeof value === "string" && value.length <= lengthMax
      ? value
      : misfit(at, `must be a string of at most ${lengthMax}`);

/** A string that one of our `parse…` functions for branded ids accepts. */
export const branded =
  <T extends string>(parse: (value: string) => T | undefined, what: string): Shape<T> =>
  (value, at = "") =>
    (typeof value === "string" ? parse(value) : undefined) ?? misfit(at, `must be ${what}`);

/** A safe integer in [min, max]. */
export const whole =
  (min: number, max: number = Number.MAX_SAFE_INTEGER): Shape<number> =>
  (value, at = "") =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : misfit(at, `must be a whole number in [${min}, ${max}]`);

/** A finite number. */
export const amount: Shape<number> = (value, at = "") =>
  typeof value === "number" && Number.isFinite(value) ? value : misfit(at, "must be a finite number");

export const flag: Shape<boolean> = (value, at = "") =>
  typeof value === "boolean" ? value : misfit(at, "must be true or false");

export const oneOf =
  <const T extends readonly string[]>(...choices: T): Shape<T[number]> =>
  (value, at = "") =>
    choices.includes(value as string) ? (value as T[number]) : misfit(at, `must be one of ${choices.join(", ")}`);

export const literal =
  <const T extends string>(only: T): Shape<T> =>
  (value, at = "") =>
    value === only ? only : misfit(at, `must be ${only}`);

export const listOf =
  <T>(shape: Shape<T>, lengthMax: number): Shape<readonly T[]> =>
  (value, at = "") => {
    if (!Array.isArray(value) || value.length > lengthMax) return misfit(at, `must be a list of at most ${lengthMax}`);
    const out: T[] = [];
    for (let i = 0; i < value.length; i++) {
      const item = shape(value[i], `${at}[${i}]`);
      if (isMisfit(item)) return item;
      out.push(item);
    }
    return out;
  };

/** A record of strings: at most `countMax` own keys, each accepted by `key`. */
export const recordOf =
  <T>(key: Shape<string>, shape: Shape<T>, countMax: number): Shape<Readonly<Record<string, T>>> =>
  (value, at = "") => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return misfit(at, "must be a record");
    const names = Object.keys(value);
    if (names.length > countMax) return misfit(at, `must have at most ${countMax} keys`);
    const out: Record<string, T> = Object.create(null) as Record<string, T>;
    for (const name of names) {
      const parsedName = key(name, `${at}.${name.slice(0, 40)}`);
      if (isMisfit(parsedName)) return parsedName;
      const item = shape((value as Record<string, unknown>)[name], `${at}.${name}`);
      if (isMisfit(item)) return item;
      out[parsedName] = item;
    }
    return out;
  };

interface Optional<T> {
  readonly optional: Shape<T>;
}
export const optional = <T>(shape: Shape<T>): Optional<T> => ({ optional: shape });

type Field = Shape<unknown> | Optional<unknown>;
type RequiredKeys<F> = { [K in keyof F]: F[K] extends Optional<unknown> ? never : K }[keyof F];
type OptionalKeys<F> = { [K in keyof F]: F[K] extends Optional<unknown> ? K : never }[keyof F];
type Fields<F> = { readonly [K in RequiredKeys<F>]: F[K] extends Shape<infer T> ? T : never } & {
  readonly [K in OptionalKeys<F>]?: F[K] extends Optional<infer T> ? T : never;
};
type Flat<T> = { readonly [K in keyof T]: T[K] };

/** An object with these fields; others are dropped. */
export const record = <const F extends Readonly<Record<string, Field>>>(fields: F): Shape<Flat<Fields<F>>> => {
  const plan = Object.entries(fields).map(([name, field]) =>
    typeof field === "function"
      ? { name, shape: field, required: true }
      : { name, shape: field.optional, required: false },
  );
  return (value, at = "") => {
    if (typeof value !== "object" || value === null) return misfit(at, "must be an object");
    const out: Record<string, unknown> = {};
    for (const { name, shape, required } of plan) {
      const given = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      if (given === undefined) {
        if (required) return misfit(`${at}.${name}`, "is missing");
        continue;
      }
      const item = shape(given, `${at}.${name}`);
      if (isMisfit(item)) return item;
      out[name] = item;
    }
    return out as Flat<Fields<F>>;
  };
};

type Variant<N extends string, K, S> = S extends Shape<infer T> ? Flat<{ readonly [F in N]: K } & T> : never;

/** A union told apart by one of its fields. */
export const unionBy =
  <const N extends string, const V extends Readonly<Record<string, Shape<unknown>>>>(
    field: N,
    variants: V,
  ): Shape<{ [K in keyof V]: Variant<N, K, V[K]> }[keyof V]> =>
  (value, at = "") => {
    const name =
      typeof value === "object" && value !== null && Object.hasOwn(value, field)
        ? (value as Readonly<Record<string, unknown>>)[field]
        : undefined;
    const shape = typeof name === "string" && Object.hasOwn(variants, name) ? variants[name] : undefined;
    if (shape === undefined) return misfit(`${at}.${field}`, `must be one of ${Object.keys(variants).join(", ")}`);
    const item = shape(value, at);
    if (isMisfit(item)) return item;
    return { ...(item as object), [field]: name } as { [K in keyof V]: Variant<N, K, V[K]> }[keyof V];
  };

/** A union told apart by its `type` field. */
export const union = <const V extends Readonly<Record<string, Shape<unknown>>>>(
  variants: V,
): Shape<{ [K in keyof V]: Variant<"type", K, V[K]> }[keyof V]> => unionBy("type", variants);
