/** Text and bytes in a guest: by the tables of the Encoding standard that text-encoding carries, and as in Node. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";
import fc from "fast-check";
import { here, hold, inPackage, quotedIn, textOf, valueOf, type Vector } from "./vectors.ts";

interface Encoding {
  readonly name: string;
  readonly labels: readonly string[];
}

/** The standard's encodings with their labels, as text-encoding was made from them; it does not export the table. */
function encodingsOf(): Encoding[] {
  const [, table = ""] =
    /^ {2}var encodings = (\[[\s\S]*?^ {2}\]);/m.exec(textOf("text-encoding", "lib", "encoding.js")) ?? [];
  return (valueOf(table) as { readonly encodings: Encoding[] }[]).flatMap(({ encodings }) => encodings);
}

/** The standard's indexes: code points by pointer. */
function indexesOf(): Readonly<Record<string, readonly (number | null)[]>> {
  const exported: { "encoding-indexes"?: Record<string, (number | null)[]> } = {};
  vm.runInNewContext(textOf("text-encoding", "lib", "encoding-indexes.js"), exported);
  return exported["encoding-indexes"] ?? assert.fail();
}

const multibyte = new Set(["gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr"]);

test("encodings go by the labels that the standard gives them (from text-encoding)", async (t) => {
  const vectors: Vector[] = [];
  const known: Record<string, string> = {};
  for (const { name, labels } of encodingsOf()) {
    for (const label of labels) {
      for (const form of new Set([label, label.toUpperCase(), `\t ${label}\r\n`])) {
        const expected = name === "replacement" ? { no: "RangeError" } : { is: name.toLowerCase() };
        vectors.push({ name: JSON.stringify(form), given: form, expected });
        if (multibyte.has(name.toLowerCase()))
          known[JSON.stringify(form)] = "legacy encodings of several bytes are not there";
      }
    }
  }
  await hold(t, `const answer = (label) => new TextDecoder(label).encoding;`, vectors, known);
});

test("each byte of each encoding of single bytes is the standard's character, or none (from text-encoding)", async (t) => {
  const vectors: Vector[] = [];
  for (const [encoding, index] of Object.entries(indexesOf())) {
    if (index.length !== 128) continue;
    for (const [i, code] of index.entries()) {
      const byte = 128 + i;
      const expected =
        code === null ? ["\ufffd", "TypeError"] : [String.fromCodePoint(code), String.fromCodePoint(code)];
      vectors.push({ name: `${encoding} ${byte}`, given: [encoding, byte], expected: { is: expected } });
    }
  }
  assert.equal(vectors.length, 27 * 128);
  await hold(
    t,
    `function answer([encoding, byte]) {
       const decode = (options) => {
         try { return new TextDecoder(encoding, options).decode(Uint8Array.of(byte)); } catch (error) { return error.name; }
       };
       return [decode(), decode({ fatal: true })];
     }`,
    vectors,
  );
});

test("a text is the same however its bytes are cut (from protobufjs)", async (t) => {
  const bytes = readFileSync(inPackage("@protobufjs", "utf8", "tests", "data", "utf8.txt"));
  const text = bytes.toString();
  const vectors = Array.from(bytes.subarray(0, 4_000), (_, at) => ({
    name: `cut at ${at}`,
    given: at,
    expected: { is: text.slice(0, 5_000) },
  }));
  await hold(
    t,
    `const bytes = Uint8Array.fromBase64("${bytes.toString("base64")}").subarray(0, ${Buffer.from(text.slice(0, 5_000)).length});
     function answer(at) {
       const decoder = new TextDecoder();
       return decoder.decode(bytes.subarray(0, at), { stream: true }) + decoder.decode(bytes.subarray(at, at + 1), { stream: true }) + decoder.decode(bytes.subarray(at + 1));
     }`,
    vectors,
  );
});

/** Bytes of which many begin, go on with or end a character wrongly, or are a byte order mark. */
const bytes = fc.array(
  fc.oneof(
    fc.constantFrom(
      0xef,
      0xbb,
      0xbf,
      0xfe,
      0xff,
      0xed,
      0xa0,
      0x80,
      0xd8,
      0xdc,
      0x00,
      0xc0,
      0xc2,
      0xe0,
      0xf0,
      0xf4,
      0x90,
    ),
    fc.integer({ min: 0, max: 255 }),
  ),
  { maxLength: 10 },
);

test("any bytes are the text, or the error, that they are in Node", async (t) => {
  const decode = `
    function answer([label, options, bytes, cut]) {
      const decoder = new TextDecoder(label, options);
      const list = Uint8Array.from(bytes);
      const said = [];
      for (const [part, stream] of [[list.subarray(0, cut), true], [list.subarray(cut), false], [list, false]]) {
        try { said.push(decoder.decode(part, { stream })); } catch (error) { said.push(error.name); break; }
      }
      return said;
    }`;
  const answer = vm.runInThisContext(`(() => { ${decode}; return answer; })()`) as (given: unknown) => unknown;
  const vectors = new Map<string, Vector>();
  for (const [label, seed] of [
    ["utf-8", 1],
    ["utf-16le", 2],
    ["utf-16be", 3],
  ] as const) {
    for (const list of fc.sample(bytes, { seed, numRuns: 1_000 })) {
      for (const options of [{}, { fatal: true }, { ignoreBOM: true }]) {
        const given = [label, options, list, seed + (list.length % 3)];
        vectors.set(JSON.stringify(given), {
          name: JSON.stringify(given),
          given,
          expected: await here(() => answer(given)),
        });
      }
    }
  }
  await hold(t, decode, [...vectors.values()]);
});

test("any text is the bytes that it is in Node, also where there is too little room", async (t) => {
  const encode = `
    function answer([text, room]) {
      const into = new Uint8Array(room);
      return [[...new TextEncoder().encode(text)], new TextEncoder().encodeInto(text, into), [...into]];
    }`;
  const answer = vm.runInThisContext(`(() => { ${encode}; return answer; })()`) as (given: unknown) => unknown;
  const lone = fc.string({ unit: fc.constantFrom("a", "é", "€", "😀", "\ud83d", "\ude00", "\0"), maxLength: 8 });
  const texts = new Set([
    ...quotedIn("zod", "src", "v4", "classic", "tests"),
    ...fc.sample(lone, { seed: 4, numRuns: 1_000 }),
  ]);
  const vectors: Vector[] = [];
  for (const text of texts) {
    if (text.length > 200) continue;
    const given = [text, text.length];
    vectors.push({ name: JSON.stringify(text), given, expected: await here(() => answer(given)) });
  }
  await hold(t, encode, vectors);
});

test("streams of text are encoded and decoded as they are in Node, wherever they are cut", async (t) => {
  const pass = `
    async function answer(chunks) {
      const source = (list) => new ReadableStream({ start(to) { for (const one of list) to.enqueue(one); to.close(); } });
      const all = async (stream) => { const list = []; for await (const one of stream) list.push(one); return list; };
      const encoded = await all(source(chunks).pipeThrough(new TextEncoderStream()));
      const cut = encoded.flatMap((bytes) => [bytes.subarray(0, 1), bytes.subarray(1)]);
      const decoded = await all(source(cut).pipeThrough(new TextDecoderStream()));
      return [encoded.map((bytes) => [...bytes]), decoded];
    }`;
  const answer = vm.runInThisContext(`(() => { ${pass}; return answer; })()`) as (given: unknown) => unknown;
  const chunks = fc.array(fc.string({ unit: fc.constantFrom("a", "€", "\ud83d", "\ude00", "😀"), maxLength: 4 }), {
    maxLength: 4,
  });
  const vectors = new Map<string, Vector>();
  for (const given of fc.sample(chunks, { seed: 5, numRuns: 500 })) {
    const name = JSON.stringify(given);
    vectors.set(name, { name, given, expected: await here(() => answer(given)) });
  }
  await hold(t, pass, [...vectors.values()]);
});
