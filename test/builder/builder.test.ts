import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import vm from "node:vm";
import { limits } from "../../src/base/index.ts";
import { encodeFrame } from "../../src/wire/index.ts";
import { BuilderClient, compiledOf, connect, errorsOf, startBuilder } from "./harness.ts";

const counter = `import { Service } from "solo:service";
import type { Elsewhere } from "./types.ts";
enum Step { One = 1, Two }
export default class Counter extends Service<{ count: number }> {
  constructor(private readonly step: Step = Step.One) { super(); }
  init(): { count: number } { return { count: 0 }; }

  add(n: Elsewhere["n"] = 1): number {
    if (n < 0) throw new Error("negative");
    return (this.state.count += n * this.step);
  }
}
`;

/** Runs what was compiled, as a script: what an isolate would do, without one. */
function runAdd(code: string, file: string, n: number): unknown {
  const script = code
    .replace(/^import .*$/m, "const Service = class { state = { count: 0 } };")
    .replace("export default class", "globalThis.Made = class");
  const context = vm.createContext({ n });
  new vm.Script(script, { filename: file }).runInContext(context);
  return vm.runInContext("try { new Made().add(n) } catch (error) { error.stack }", context);
}

test("TypeScript with enums and parameter properties compiles to JavaScript that runs", async (t) => {
  const builder = await connect(t);
  const { code, cached } = compiledOf(await builder.compile(counter));
  assert.equal(cached, false);
  assert.equal(runAdd(code, "counter.ts", 3), 3);
});

test("a stack of compiled code is traced to the lines and columns of the source", async (t) => {
  const builder = await connect(t);
  const { code, map } = compiledOf(await builder.compile(counter));
  const stack = String(runAdd(code, "counter.ts", -1));
  const traced = await builder.trace(`${stack}\n    at run (solo:prelude:10:5)`, map);
  assert.ok(traced.message.type === "traced");
  assert.match(traced.message.stack, /^Error: negative\n    at .*add \(counter\.ts:9:22\)/);
  assert.doesNotMatch(traced.message.stack, /prelude|evalmachine|node:/);
});

test("JavaScript is taken as it is, and its stacks keep their places", async (t) => {
  const builder = await connect(t);
  const source = "export default class A {\n  add() { throw new Error('no'); }\n}\n";
  const answer = await builder.compile(source, { format: "javascript", file: "a.js" });
  const { code, map } = compiledOf(answer);
  assert.equal(code, source);
  const traced = await builder.trace("Error: no\n    at A.add (a.js:2:17)\n    at x (solo:prelude:1:1)", map, "a.js");
  assert.ok(traced.message.type === "traced");
  assert.equal(traced.message.stack, "Error: no\n    at A.add (a.js:2:17)");
});

test("a repeated compilation is answered from the cache, with the same bytes", async (t) => {
  const builder = await connect(t);
  const first = await builder.compile(counter);
  const again = await builder.compile(counter);
  assert.deepEqual({ first: compiledOf(first).cached, again: compiledOf(again).cached }, { first: false, again: true });
  assert.ok(again.body.equals(first.body));
  const foreign = await builder.compile(counter, { scope: "agent_2" });
  assert.equal(compiledOf(foreign).cached, false, "another tenant's compilations are its own affair");
  assert.ok(foreign.body.equals(first.body));
  const renamed = await builder.compile(counter, { file: "other.ts" });
  assert.equal(compiledOf(renamed).cached, false, "the file's name is in the map");
});

test("a builder that never saw a source gives the same bytes as one that did", async (t) => {
  const [one, other] = await Promise.all([connect(t), connect(t)]);
  await one.compile("export default 1;");
  assert.ok((await one.compile(counter)).body.equals((await other.compile(counter)).body));
});

test("a syntax error says file, line and column, and shows the lines with a caret", async (t) => {
  const builder = await connect(t);
  const [error, ...others] = errorsOf(await builder.compile("const a = 1;\nconst b = ;\nexport default a;\n"));
  assert.deepEqual(others, []);
  assert.equal(error?.severity, "error");
  assert.deepEqual([error.file, error.line, error.column], ["counter.ts", 2, 11]);
  assert.match(error.message, /Unexpected token/);
  assert.equal(error.excerpt, "1 | const a = 1;\n2 | const b = ;\n  |           ^\n3 | export default a;");
});

test("places are counted in characters of the source, whatever their size in bytes", async (t) => {
  const builder = await connect(t);
  const [error] = errorsOf(await builder.compile('const s = "héé🎉"; const b = ;'));
  assert.equal(error?.column, 30);
});

const refusedSources: readonly (readonly [
  what: string,
  source: string,
  place: readonly [number, number],
  says: RegExp,
])[] = [
  ["an import of a Node module", 'import fs from "node:fs";\nexport default fs;', [1, 16], /capabilities/],
  ["an import of a Node module that is not used", 'import fs from "fs";\nexport default 1;', [1, 16], /capabilities/],
  ["an import of a file", 'export default 1;\nimport { a } from "./a.ts"; a();', [2, 19], /one file/],
  ["an import of a package", 'import React from "react";\nexport default React;', [1, 19], /Bundle the package/],
  ["an export from elsewhere", 'export * from "x";', [1, 15], /Bundle the package/],
  ["an import for its effects", 'import "left-pad";', [1, 8], /Bundle the package/],
  ["a dynamic import", 'export default async () => import("solo:service");', [1, 28], /import\(\) is not available/],
  [
    "a dynamic import in disguise",
    "export default async () => import /* , */\n( x );",
    [1, 28],
    /import\(\) is not available/,
  ],
  ["a decorator", "\n@sealed class A {}\nexport default A;", [2, 1], /decorators are not available/],
  ["an accessor field", "export default class A { accessor x = 1; }", [1, 26], /accessor fields are not available/],
  ["an invalid regular expression", "export const r = /(/;", [1, 18], /Unterminated group/],
  ["a name declared twice", "const a = 1;\nconst a = 2;", [2, 7], /already been declared/],
  ["an undeclared private name", "export default class A { b() { return this.#z; } }", [1, 44], /#z/],
  ["a class without a name", "class { }", [1, 1], /class name/],
];
for (const [what, source, [line, column], says] of refusedSources) {
  test(`${what} is refused at its place, with a remedy where there is one`, async (t) => {
    const builder = await connect(t);
    const [error] = errorsOf(await builder.compile(source));
    assert.ok(error !== undefined);
    assert.match(error.message, says);
    assert.deepEqual([error.line, error.column], [line, column]);
  });
}

test("the same holds for JavaScript", async (t) => {
  const builder = await connect(t);
  const [error] = errorsOf(await builder.compile("let x: number = 1;", { format: "javascript", file: "a.js" }));
  assert.deepEqual([error?.file, error?.line, error?.column], ["a.js", 1, 6]);
});

test("types may be imported from anywhere: they are erased", async (t) => {
  const builder = await connect(t);
  const source =
    'import type { A } from "./a.ts";\nexport type { B } from "b";\nexport default class C { x?: A; y?: typeof import("c"); }';
  assert.doesNotMatch(compiledOf(await builder.compile(source)).code, /import|"b"/);
});

test("text that merely looks like an import is no import", async (t) => {
  const builder = await connect(t);
  const source = '// import("x") from "y"\nexport default `import("x") from "y"`;\nexport const m = import.meta;';
  compiledOf(await builder.compile(source));
});

test("a source full of mistakes gets a bounded answer", async (t) => {
  const builder = await connect(t);
  const mistakes = Array.from(
    { length: 500 },
    (_, n) => `class A${n} { m() { return this.#\u00e9${"x".repeat(2_000)}${n}; } }`,
  ).join("\n");
  const errors = errorsOf(await builder.compile(mistakes));
  assert.ok(errors.length > 0 && errors.length <= 10);
});

test("excerpts carry nothing that steers a terminal", async (t) => {
  const builder = await connect(t);
  const [error] = errorsOf(await builder.compile("const a = '\u001b[2J\u202e'; const b = ;"));
  assert.doesNotMatch(error?.excerpt ?? "", /[\u001b\u202e]/);
});

test("a source over the limit, or not in UTF-8, is refused and the next is served", async (t) => {
  const builder = await connect(t);
  const large = await builder.compile(`//${"x".repeat(limits.sourceBytesMax)}`);
  assert.ok(large.message.type === "failed");
  assert.match(large.message.problem, /the limit is/);
  builder.write(
    encodeFrame({ type: "compile", id: 99, scope: "t", file: "a.ts", format: "typescript" }, Buffer.from([0xff, 0xfe])),
  );
  const binary = await builder.next();
  assert.ok(binary?.message.type === "failed");
  assert.match(binary.message.problem, /UTF-8/);
  compiledOf(await builder.compile("export default 1;"));
});

test("the largest source that is allowed compiles", async (t) => {
  const builder = await connect(t);
  const line = "export const x0000000 = (a: number): number => a + 1;\n";
  const count = Math.floor(limits.sourceBytesMax / line.length);
  const source = Array.from({ length: count }, (_, n) => line.replace("0000000", String(n).padStart(7, "0"))).join("");
  const { code } = compiledOf(await builder.compile(source));
  assert.ok(code.length > limits.sourceBytesMax / 2);
});

test("a source nested so deeply that the parser overflows ends the builder and nothing else", async (t) => {
  const builder = startBuilder(t);
  const client = new BuilderClient(t, builder.socket);
  await client.hello();
  client.write(
    encodeFrame(
      { type: "compile", id: 1, scope: "t", file: "a.ts", format: "typescript" },
      Buffer.from("(".repeat(2_000_000)),
    ),
  );
  const answer = await client.next();
  // Either it survives with an answer or it is gone with its connection; it never hangs.
  if (answer === undefined) assert.notEqual(await builder.ended, 0);
  else assert.ok(answer.message.type === "rejected" || answer.message.type === "failed");
});

test("a hostile stack is bounded and changes nothing else", async (t) => {
  const builder = await connect(t);
  const { map } = compiledOf(await builder.compile(counter));
  const stacks = [
    "",
    "at ".repeat(2_600),
    "    at (((((((counter.ts:1:1)))))))\n".repeat(200),
    "    at counter.ts:99999999:99999999\n    at counter.ts:0:0\n    at counter.ts:1e9:-1\n    at counter.ts:1:1:1:1",
    "\u0000\uffff\ud800 at x (counter.ts:8:1",
    ":".repeat(8_000),
    `${"Error: x\n".repeat(800)}`,
  ];
  for (const stack of stacks) {
    const traced = await builder.trace(stack, map);
    assert.ok(traced.message.type === "traced");
    assert.ok(traced.message.stack.split("\n").length <= 400);
  }
  const nonsense = await builder.trace("Error\n    at counter.ts:1:1", Buffer.from('{"version":3}'));
  assert.equal(nonsense.message.type, "failed");
  const damaged = await builder.trace(
    "Error\n    at counter.ts:1:1",
    Buffer.from('{"version":3,"sources":[],"names":[],"mappings":"!!"}'),
  );
  assert.ok(damaged.message.type === "failed" || damaged.message.type === "traced");
  compiledOf(await builder.compile(counter));
});

test("the newest kernel wins: an older one is cut off, and is not let in again", async (t) => {
  const builder = startBuilder(t);
  const old = new BuilderClient(t, builder.socket);
  await old.hello(4);
  const same = new BuilderClient(t, builder.socket);
  await same.hello(4);
  compiledOf(await old.compile("export default 1;"));
  const next = new BuilderClient(t, builder.socket);
  await next.hello(5);
  await Promise.all([old.closed, same.closed]);
  const again = new BuilderClient(t, builder.socket);
  again.write(encodeFrame({ type: "hello", epoch: 4 }));
  await again.closed;
  compiledOf(await next.compile("export default 2;"));
});

test("whoever speaks before hello, or nonsense, is cut off", async (t) => {
  const builder = startBuilder(t);
  for (const bytes of [
    encodeFrame({ type: "compile", id: 1, scope: "t", file: "a.ts", format: "typescript" }),
    encodeFrame({ type: "sing" }),
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
  ]) {
    const client = new BuilderClient(t, builder.socket);
    client.write(bytes);
    await client.closed;
  }
  const good = new BuilderClient(t, builder.socket);
  await good.hello();
});

test("requests sent in one go are answered once each, in order", async (t) => {
  const builder = await connect(t);
  const ids = Array.from({ length: 200 }, (_, n) => n + 1_000);
  for (const id of ids) {
    builder.write(
      encodeFrame(
        { type: "compile", id, scope: "t", file: "a.ts", format: "typescript" },
        Buffer.from(`export default ${id};`),
      ),
    );
  }
  for (const id of ids) {
    const answer = await builder.next();
    assert.ok(answer?.message.type === "compiled");
    assert.equal(answer.message.id, id);
  }
});

test("the builder ends when nobody hears its heart", async (t) => {
  const builder = startBuilder(t);
  const client = new BuilderClient(t, builder.socket);
  await client.hello();
  builder.process.stdio[4]?.destroy();
  assert.equal(await builder.ended, 1);
  assert.equal(process.exitCode, undefined);
});
