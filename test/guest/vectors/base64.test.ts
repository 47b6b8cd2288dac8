/** `atob` and `btoa` in a guest: by the vectors of multiformats and protobufjs, and as Node has them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { here, hold, quotedIn, textOf, valueOf, type Vector } from "./vectors.ts";

const bytesOf = (text: string): string => Buffer.from(text).toString("latin1");
const answer = `const answer = ([way, text]) => way === "to" ? btoa(text) : atob(text);`;

test("texts are base64 as the multibase specification says (from multiformats)", async (t) => {
  const source = textOf("multiformats", "test", "test-multibase-spec.js");
  const [table = ""] = /^const encoded = (\[[\s\S]*?^\])/m.exec(source) ?? [];
  const list = valueOf(table.replace("const encoded = ", "")) as {
    readonly input: string;
    readonly tests: readonly (readonly [string, string])[];
  }[];
  assert.equal(list.length, 5);
  const vectors: Vector[] = [];
  for (const { input, tests } of list) {
    const text = bytesOf(input);
    for (const [name, encoded] of tests) {
      const body = encoded.slice(1);
      const about = `${JSON.stringify(input)} as ${name}`;
      if (name === "base64pad")
        vectors.push({ name: `${about}, written`, given: ["to", text], expected: { is: body } });
      if (name === "base64pad" || name === "base64") {
        vectors.push({ name: `${about}, read`, given: ["from", body], expected: { is: text } });
      }
    }
  }
  await hold(t, answer, vectors);
});

test("texts are base64 as the tests of protobufjs say", async (t) => {
  const [table = ""] = /\{[^}]*\}/.exec(textOf("@protobufjs", "base64", "tests", "index.js")) ?? [];
  const vectors = Object.entries(valueOf(table) as Readonly<Record<string, string>>).flatMap(([text, encoded]) => [
    { name: `${text}, written`, given: ["to", text], expected: { is: encoded } },
    { name: `${text}, read`, given: ["from", encoded], expected: { is: text } },
  ]);
  assert.equal(vectors.length, 12);
  const invalid = ["YQ!", "Y"].map((text) => ({
    name: text,
    given: ["from", text],
    expected: { no: "InvalidCharacterError" },
  }));
  await hold(t, answer, [...vectors, ...invalid]);
});

test("bytes are base64 as hash-test-vectors has them", async (t) => {
  const list = JSON.parse(textOf("hash-test-vectors", "index.json")) as { readonly input: string }[];
  const vectors = list.flatMap(({ input }, i) => {
    const text = Buffer.from(input, "base64").toString("latin1");
    return [
      { name: `${i}, written`, given: ["to", text], expected: { is: input } },
      { name: `${i}, read`, given: ["from", input], expected: { is: text } },
    ];
  });
  assert.equal(vectors.length, 2 * 196);
  await hold(t, answer, vectors);
});

test("any text is base64, or is none, as it is in Node", async (t) => {
  const letters = "AZaz09+/=-_ \t\n\f\r\v\u00a0\u0100é!".split("");
  const nearly = fc.string({ unit: fc.constantFrom(...letters), maxLength: 12 });
  const texts = [
    ...quotedIn("fast-uri", "test"),
    ...fc.sample(nearly, { seed: 1, numRuns: 2_000 }),
    ...fc.sample(fc.base64String(), { seed: 1, numRuns: 500 }),
    ...fc.sample(fc.string({ unit: "binary" }), { seed: 1, numRuns: 500 }),
  ];
  const vectors: Vector[] = [];
  for (const text of new Set(texts)) {
    vectors.push({
      name: `${JSON.stringify(text)} read`,
      given: ["from", text],
      expected: await here(() => atob(text)),
    });
    vectors.push({
      name: `${JSON.stringify(text)} written`,
      given: ["to", text],
      expected: await here(() => btoa(text)),
    });
  }
  await hold(t, answer, vectors);
});
