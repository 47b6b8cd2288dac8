/** URLs in a guest: by the examples of RFC 3986, and by whatever the tests of packages from npm call a URL. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { here, hold, quotedIn, textOf, type Vector } from "./vectors.ts";

const properties = "href origin protocol username password host hostname port pathname search hash".split(" ");

test("URLs are resolved as RFC 3986 says by examples (from fast-uri)", async (t) => {
  const base = "uri://a/b/c/d;p?q";
  const examples = new Map(
    [...textOf("fast-uri", "test", "resolve.test.js").matchAll(/resolve\(base, '([^']*)'\), '([^']*)'/g)].map(
      ([, input = "", href = ""]) => [input, href],
    ),
  );
  assert.equal(examples.size, 42);
  const vectors = [...examples].map(([input, href]) => ({ name: input, given: [input, base], expected: { is: href } }));
  await hold(t, `const answer = ([input, base]) => new URL(input, base).href;`, vectors);
});

const bases = [undefined, "http://a/b/c/d;p?q", "file:///C:/x/y", "sch://h/a/b", "sch:opaque"] as const;
const inputs = [
  ...new Set([...quotedIn("fast-uri", "test"), ...quotedIn("zod", "src", "v4", "classic", "tests")]),
].filter((text) => text.length < 2_000);

test("each text of the tests of fast-uri and zod is the URL that it is to Node, or none", async (t) => {
  const vectors: Vector[] = [];
  for (const input of inputs) {
    for (const base of bases) {
      const expected = await here(() => {
        const url = new URL(input, base) as unknown as Readonly<Record<string, string>>;
        return properties.map((property) => url[property]);
      });
      vectors.push({ name: `${JSON.stringify(input)} in ${base}`, given: [input, base], expected });
    }
  }
  t.diagnostic(`${inputs.length} texts`);
  await hold(
    t,
    `const properties = ${JSON.stringify(properties)};
     function answer([input, base]) {
       const url = new URL(input, base ?? undefined);
       if (URL.canParse(input, base ?? undefined) !== true || String(url) !== url.href) throw new Error();
       return properties.map((property) => url[property]);
     }`,
    vectors,
  );
});

test("what is set of a URL changes it as it does in Node", async (t) => {
  const before = [
    "https://user:pass@example.com:8080/a/b?c=d#e",
    "http://example.com",
    "file:///C:/x",
    "sch://host:1/x",
    "sch:opaque?q",
  ];
  const values = inputs.filter((text, i) => i % 40 === 0 && text.length < 100);
  const vectors: Vector[] = [];
  for (const url of before) {
    for (const property of properties.filter((name) => name !== "origin")) {
      for (const value of values) {
        const expected = await here(() => Object.assign(new URL(url), { [property]: value }).href);
        const name = `${url}: ${property} = ${JSON.stringify(value)}`;
        vectors.push({ name, given: [url, property, value], expected });
      }
    }
  }
  await hold(
    t,
    `function answer([url, property, value]) {
       const made = new URL(url);
       made[property] = value;
       return made.href;
     }`,
    vectors,
  );
});

// Node loses the upper byte of characters in a text that has a malformed percent-encoding; the standard does not.
const ofNode = "it is Node that deviates";
const deviations = { "café/%2f%GG": ofNode, "日本/%2f#%GG": ofNode, "😀/%3f#%GG": ofNode };

test("queries are read and written as they are in Node", async (t) => {
  const queries = inputs.flatMap((text) => [text, text.replaceAll(/[/:;,]/g, "&")]);
  const vectors: Vector[] = [];
  for (const query of new Set(queries)) {
    const params = new URLSearchParams(query);
    const expected = { is: [[...params], String(params), (params.sort(), String(params))] };
    vectors.push({ name: query, given: query, expected });
  }
  await hold(
    t,
    `function answer(query) {
       const params = new URLSearchParams(query);
       return [[...params], String(params), (params.sort(), String(params))];
     }`,
    vectors,
    deviations,
  );
});
