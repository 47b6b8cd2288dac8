/**
 * Vectors that no one here wrote (the data and the tests of packages from npm), put to a guest in a real cell. The guest only
 * answers; what it should have answered stays outside, and is compared there.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import vm from "node:vm";
import { cellFor, service } from "../../cell/cell-process.ts";

/** What comes of a vector: a value as JSON has it, or an error of that name. */
export type Answer = { readonly is: unknown } | { readonly no: string };

export interface Vector {
  /** Unique among the vectors that are held together. */
  readonly name: string;
  /** What the guest is given: JSON. */
  readonly given: unknown;
  readonly expected: Answer;
}

/** Reasons by the name of a vector: the guest is known to answer it otherwise. */
export type Deviations = Readonly<Record<string, string>>;

/** Vectors for one call: few enough for the CPU time of a message, and for its size. */
const batchLengthMax = 100;
const batchTextMax = 500_000;
/** Of vectors that fail, as many are shown, and as much of what they said. */
const shownMax = 10;
const shownLengthMax = 400;
const brief = (value: unknown): string => JSON.stringify(value).slice(0, shownLengthMax);

/**
 * Puts each vector to `answer(given)`, which the guest's `source` defines, and demands that what is answered is what is
 * expected: for all of them but the `known` deviations, and for none of those.
 */
export async function hold(
  t: TestContext,
  source: string,
  vectors: readonly Vector[],
  known: Deviations = {},
): Promise<void> {
  assert.equal(new Set(vectors.map(({ name }) => name)).size, vectors.length, "each vector has a name of its own");
  const answers = await put(
    t,
    source,
    vectors.map(({ given }) => given),
  );
  const failed: Record<string, string> = {};
  for (const [i, { name, expected }] of vectors.entries()) {
    const answered = answers[i];
    try {
      assert.deepEqual(answered, plain(expected));
    } catch {
      failed[name] = `${brief(answered)}, and not ${brief(expected)}`;
    }
  }
  const news = Object.entries(failed).filter(([name]) => known[name] === undefined);
  const mended = Object.keys(known).filter((name) => failed[name] === undefined);
  const deviations = Object.keys(failed).length;
  t.diagnostic(`${vectors.length - deviations} of ${vectors.length} vectors hold; ${deviations} deviate`);
  assert.deepEqual(Object.fromEntries(news.slice(0, shownMax)), {}, `${news.length} vectors fail`);
  assert.deepEqual(mended, [], "these hold now: they are no longer deviations");
}

/** What a guest answers to each of these. */
export async function put(t: TestContext, source: string, given: readonly unknown[]): Promise<Answer[]> {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    `${service(`
      async run(list) {
        const answers = [];
        for (const given of list) {
          try { answers.push({ is: await answer(given) }); } catch (error) { answers.push({ no: error.name }); }
        }
        return answers;
      }`)}
    ${source}`,
  );
  const answers: Answer[] = [];
  for (const batch of batches(given)) answers.push(...((await kernel.result(id, "run", batch)) as Answer[]));
  return answers;
}

function batches(given: readonly unknown[]): unknown[][] {
  const made: unknown[][] = [];
  let text = 0;
  for (const one of given) {
    const length = JSON.stringify(one).length;
    const last = made.at(-1);
    if (last === undefined || last.length === batchLengthMax || text + length > batchTextMax) {
      made.push([one]);
      text = length;
    } else {
      last.push(one);
      text += length;
    }
  }
  return made;
}

/** As it is after having been JSON: what is `undefined` in an object is not there. */
export const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** What `make` gives or throws, as an answer: with Node's own platform, which is held to the web's tests. */
export async function here(make: () => unknown): Promise<Answer> {
  try {
    return { is: await make() };
  } catch (error) {
    return { no: error instanceof Error ? error.name : String(error) };
  }
}

/** The folder of a package from npm, or of something in it. */
export const inPackage = (...path: readonly string[]): string =>
  join(import.meta.dirname, "..", "..", "..", "node_modules", ...path);

export const textOf = (...path: readonly string[]): string => readFileSync(inPackage(...path), "utf8");

/** Each text that stands between quotes in the JavaScript files of a folder: what a package's tests are about. */
export function quotedIn(...path: readonly string[]): string[] {
  const found = new Set<string>();
  for (const file of readdirSync(inPackage(...path))) {
    if (!/\.[jt]s$/.test(file)) continue;
    for (const [literal] of textOf(...path, file).matchAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g)) {
      const text = valueOf(literal);
      if (typeof text === "string") found.add(text);
    }
  }
  return [...found];
}

const nowhere = vm.createContext({});

/** The value of a literal; what is none has none. */
export function valueOf(literal: string): unknown {
  try {
    return plain(vm.runInContext(`(${literal})`, nowhere) as unknown);
  } catch {
    return undefined;
  }
}
