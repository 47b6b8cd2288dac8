/** Expressions, one on each line: each gives, or throws, in a guest what it does in Node. */
import { test } from "node:test";
import vm from "node:vm";
import { type Deviations, here, hold, type Vector } from "./vectors.ts";

const judge = `
  const text = (data) => new TextDecoder().decode(data);
  const bytes = (value) => new TextEncoder().encode(value);
  const hex = (data) => new Uint8Array(data).toHex();
  async function answer(source) {
    const value = await (0, eval)("(async ({ text, bytes, hex }) => (" + source + "))")({ text, bytes, hex });
    return value === undefined ? "undefined" : ArrayBuffer.isView(value) ? "a view" : value;
  }`;

/** Holds each line to what Node makes of it. */
export function holds(what: string, lines: string, known: Deviations = {}): void {
  test(what, async (t) => {
    const answer = vm.runInThisContext(`(() => { ${judge}; return answer; })()`) as (source: string) => unknown;
    const sources = lines.split("\n").map((line) => line.trim());
    const vectors: Vector[] = [];
    for (const source of sources.filter((line) => line !== "")) {
      vectors.push({ name: source, given: source, expected: await here(() => answer(source)) });
    }
    await hold(t, judge, vectors, known);
  });
}
