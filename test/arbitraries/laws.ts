/**
 * The laws of shapes: of whatever is given nothing is thrown; what is sound is taken as it is, however often; and what is
 * wrong in one place is refused, with that place. What has more than it should is taken without it: that is how an older
 * reader lives with a newer writer.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isMisfit, type Shape } from "../../src/base/index.ts";
import { isOpen, mayLack } from "./typed.ts";

/** A field, or an item of a list, somewhere in a value. `at`: as a misfit names it. */
interface Place {
  readonly at: string;
  readonly keys: readonly (string | number)[];
  readonly value: unknown;
  /** The value is as sound without it. */
  readonly spare: boolean;
}

function* placesIn(value: unknown, at = "", keys: Place["keys"] = []): Generator<Place> {
  if (typeof value !== "object" || value === null) return;
  const isList = Array.isArray(value);
  for (const [key, inner] of Object.entries(value) as readonly [string, unknown][]) {
    const path = isList ? `${at}[${key}]` : `${at}.${key}`;
    const place = { at: path, keys: [...keys, isList ? Number(key) : key], value: inner };
    yield { ...place, spare: isList || mayLack(value, key) };
    yield* placesIn(inner, path, place.keys);
  }
}

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** A copy that is different in one place; without it, if `change` gives undefined. */
function changed(value: unknown, [key, ...further]: Place["keys"], change: (was: unknown) => unknown): unknown {
  if (key === undefined) return change(value);
  const next = changed((value as Record<string | number, unknown>)[key], further, change);
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === key ? next : item));
  const { [key]: _, ...rest } = value as Record<string | number, unknown>;
  return next === undefined ? rest : { ...rest, [key]: next };
}

/** Longer than any text, and any list, that a shape allows; more names than any record may have. */
const tooLong = 70_000;
const farTooMuch = "x".repeat(tooLong);
const tooManyNames = Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`n${n}`, ""]));
/** Where a fraction is as good as a whole number. */
const amounts = new Set(["limitMs"]);

/** What does not belong in the place of this, whatever it is there for. */
function wrongFor({ value, keys }: Place): readonly unknown[] {
  const field = keys.at(-1);
  switch (typeof value) {
    case "string":
      return [null, 7, [value], value + farTooMuch];
    case "number":
      return [null, String(value), [value], ...(amounts.has(String(field)) ? [] : [0.5, -1 - value])];
    case "boolean":
      return [null, String(value), Number(value)];
    default:
      if (value === null) return [];
      if (Array.isArray(value)) return [null, "", {}, Array.from({ length: tooLong }).fill(value[0])];
      return isOpen(value as object) ? [null, "", tooManyNames] : [null, "", 7, true];
  }
}

export interface Lawful<T> {
  readonly shape: Shape<T>;
  readonly sound: fc.Arbitrary<T>;
  /** There and back, as it travels or is kept. Default: JSON. */
  readonly carry?: (value: unknown) => unknown;
}

const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)];

/** For {@link fc.assert}: nothing is thrown, and what is accepted is accepted again as it is. */
export function neverThrows({ shape, sound }: Lawful<unknown>, runs = 300): void {
  const accepts = (value: unknown): void => {
    const parsed = shape(value);
    if (!isMisfit(parsed)) assert.deepEqual(shape(parsed), parsed);
  };
  const anything = fc.anything({ withNullPrototype: true, withMap: true, withSparseArray: true, withBigInt: true });
  fc.assert(fc.property(anything, accepts), { numRuns: runs });
  // Of what is quite different nothing is looked at. So here anything stands in one place of what is sound.
  fc.assert(
    fc.property(sound, fc.nat(), anything, (value, n, other) => {
      const place = pick([...placesIn(value)], n);
      accepts(changed(value, place?.keys ?? [], () => other));
    }),
    { numRuns: runs },
  );
}

export function roundTrips({ shape, sound, carry = json }: Lawful<unknown>, runs = 300): void {
  fc.assert(
    fc.property(sound, (value) => {
      const parsed = shape(carry(value));
      assert.deepEqual(json(parsed), json(value));
      assert.deepEqual(shape(carry(parsed)), parsed);
    }),
    { numRuns: runs },
  );
}

/**
 * What is wrong in one place, or lacks something, is refused there; what has something more is taken without it. Each place of a
 * sound value is tried.
 */
export function refusesWhatIsWrong({ shape, sound, carry = json }: Lawful<unknown>, runs = 200): void {
  fc.assert(
    fc.property(sound, (value) => {
      for (const place of placesIn(value)) {
        for (const wrong of wrongFor(place)) {
          const parsed = shape(changed(value, place.keys, () => wrong));
          if (!isMisfit(parsed)) assert.fail(`${place.at} may be ${JSON.stringify(wrong).slice(0, 40)}`);
          // A union is told apart by a field of it, and that is the place.
          assert.ok(`${parsed.at}.`.startsWith(`${place.at}.`), `${place.at} is wrong, and not ${parsed.at}`);
        }
        if (typeof place.keys.at(-1) === "string") {
          const without = changed(value, place.keys, () => undefined);
          const parsed = shape(carry(without));
          if (place.spare) assert.deepEqual(json(parsed), json(without), `${place.at} may be missing`);
          else assert.equal(isMisfit(parsed) && parsed.at, place.at);
        }
        if (isRecord(place.value)) takesMore(place.keys);
      }
      takesMore([]);

      function takesMore(keys: Place["keys"]): void {
        const grown = changed(value, keys, (was) => ({ ...(was as object), invented_later: { a: 1 } }));
        assert.deepEqual(json(shape(carry(grown))), json(value), "what is unknown is left out");
      }
    }),
    { numRuns: runs },
  );
}

const isRecord = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isOpen(value);

/** The variants that a union's shape knows, by its own words. */
export function variantsOf(shape: Shape<unknown>, field = "type"): readonly string[] {
  const parsed = shape({ [field]: "?" });
  assert.ok(isMisfit(parsed) && parsed.at === `.${field}`, "it is a union");
  return parsed.misfit.replace("must be one of ", "").split(", ");
}

/** Every variant is made, of those that the shape knows; and no other. */
export function makesEveryVariant({ shape, sound }: Lawful<unknown>): void {
  const seen = new Set(fc.sample(sound, { numRuns: 500, seed: 1 }).map((value) => (value as { type: string }).type));
  assert.deepEqual([...seen].toSorted(), variantsOf(shape).toSorted());
}
