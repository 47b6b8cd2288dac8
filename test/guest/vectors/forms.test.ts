/** Forms in a guest: by the tests of busboy, and as Node writes and reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { type Answer, hold, quotedIn, textOf, type Vector } from "./vectors.ts";

/** The table `tests` of one of busboy's test files, which exports nothing. */
function testsOf<T>(file: string): T[] {
  const [table] = /^const tests = (\[[\s\S]*?^\]);/m.exec(textOf("busboy", "test", file)) ?? assert.fail(file);
  return vm.runInNewContext(`${table} tests`, { Buffer, transcode: (): Buffer => Buffer.alloc(0) }) as T[];
}

interface Multipart {
  readonly what: string;
  readonly source: readonly (string | Buffer)[];
  readonly boundary: string;
  readonly limits?: object;
  readonly events?: object;
  readonly expected: readonly (
    | { readonly type: "field"; readonly name: string; readonly val: string }
    | { readonly type: "file"; readonly name: string; readonly data: Buffer; readonly info: FileInfo }
    | { readonly error: string }
    | string
  )[];
}
interface FileInfo {
  readonly filename: string;
  readonly mimeType: string;
}

/** What the platform's forms say of a body that busboy reads so: it is read as a whole, or it is refused. */
function formOf({ expected }: Multipart): Answer {
  const entries: unknown[] = [];
  for (const one of expected) {
    if (typeof one === "string" || "error" in one) return { no: "TypeError" };
    if (one.type === "field") entries.push([one.name, one.val]);
    else entries.push([one.name, one.info.filename, one.info.mimeType, one.data.toString("base64")]);
  }
  return { is: entries };
}

const readForm = `
  async function answer([type, source]) {
    const form = await new Response(Uint8Array.fromBase64(source), { headers: { "content-type": type } }).formData();
    return Promise.all([...form].map(async ([name, value]) => typeof value === "string"
      ? [name, value]
      : [name, value.name, value.type, (await value.bytes()).toBase64()]));
  }`;

test("multipart bodies are read as busboy's tests say", async (t) => {
  // What they limit or leave out is busboy's own.
  const tests = testsOf<Multipart>("test-types-multipart.js").filter(
    ({ limits, events }) => limits === undefined && events === undefined,
  );
  const vectors: Vector[] = tests.map((one) => ({
    name: one.what,
    given: [
      `multipart/form-data; boundary=${one.boundary}`,
      Buffer.concat(one.source.map((part) => Buffer.from(part))).toString("base64"),
    ],
    expected: formOf(one),
  }));
  const parameters = "a file's type is the whole header: busboy keeps the parameters apart, the platform does not";
  const nameless =
    "a form with a part that has no name is refused as a whole, as the Fetch standard says; busboy skips the part";
  await hold(t, readForm, vectors, {
    "Text file with charset": parameters,
    "Folded header value": parameters,
    "Lookbehind data should not stall file streams": parameters,
    "Header size limit should be per part": parameters,
    "Empty content-type and empty content-disposition": nameless,
    "No Content-Disposition": nameless,
    "Files with filenames containing paths": "a file's name is what was sent; busboy cuts paths off",
    "Oversized part header": "headers are bounded by the size of the body; busboy has a limit of its own",
  });
});

interface UrlEncoded {
  readonly what: string;
  readonly source: readonly string[];
  readonly charset?: string;
  readonly limits?: object;
  readonly expected: readonly (readonly [string, string])[];
}

test("urlencoded bodies are read as busboy's tests say", async (t) => {
  const tests = testsOf<UrlEncoded>("test-types-urlencoded.js").filter(
    ({ limits, charset }) => limits === undefined && charset === undefined,
  );
  const vectors: Vector[] = tests.map(({ what, source, expected }) => ({
    name: what,
    given: ["application/x-www-form-urlencoded", Buffer.from(source.join("")).toString("base64")],
    expected: { is: expected.map(([name, value]) => [name, value]) },
  }));
  await hold(t, readForm, vectors);
});

test("forms are written as Node writes them, and read back", async (t) => {
  const texts = quotedIn("fast-uri", "test").slice(0, 600);
  const names = [...texts, "a\r\nb", 'a"b', "a\nb", "a\rb", "ä", "\ud83d", ""];
  const given = names.map((name, i) => [name, names[names.length - 1 - i]]);
  const write = `
    async function answer([name, value]) {
      const form = new FormData();
      form.append(name, value);
      form.append(name, new Blob([value], { type: "a/b" }), value);
      form.append("f", new File([name], name));
      const response = new Response(form);
      const type = response.headers.get("content-type");
      const text = await response.clone().text();
      const back = [...await response.formData()].map(([a, b]) => [a, typeof b === "string" ? b : b.name]);
      const boundary = /boundary=(.*)/.exec(type)[1];
      return [text.replaceAll(boundary, "BOUNDARY"), type.replace(boundary, "BOUNDARY"), back];
    }`;
  const answer = vm.runInThisContext(`(() => { ${write}; return answer; })()`) as (pair: unknown) => Promise<unknown>;
  const vectors: Vector[] = [];
  for (const pair of given) {
    vectors.push({ name: JSON.stringify(pair), given: pair, expected: { is: await answer(pair) } });
  }
  const empty = "it is Node that deviates: it leaves a file's name out where it is empty";
  await hold(t, write, vectors, {
    '["","#s"]': empty,
    '["#s",""]': empty,
    '["","use strict"]': empty,
    '["use strict",""]': empty,
  });
});
