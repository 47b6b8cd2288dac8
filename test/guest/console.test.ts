/** The console that authors expect, as lines of the service's log, in a real cell. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { cellFor, service } from "../cell/cell-process.ts";

/** The lines, with their levels, that a body of a method leaves in the log. */
async function said(t: TestContext, body: string): Promise<string[]> {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`async run() { ${body}; console.log("the end"); }`));
  await kernel.result(id, "run");
  await kernel.until(() => kernel.logs.find((line) => line === "the end"));
  return kernel.all("log").flatMap(({ level, text }) => (text === "the end" ? [] : [`${level} ${text}`]));
}

test("each level has its method", async (t) => {
  assert.deepEqual(
    await said(
      t,
      `console.log("a", 1); console.info("b"); console.warn("c"); console.error("d"); console.debug("e"); console.trace("f", [1])`,
    ),
    ["INFO a 1", "INFO b", "WARN c", "ERROR d", "DEBUG e", "DEBUG f [1]"],
  );
});

test("what is no text is shown, in bounds", async (t) => {
  assert.deepEqual(
    await said(
      t,
      `console.dir({ a: [1, "x", null], f() {}, at: { deep: { deeper: { deepest: {} } } } });
       console.table([{ id: 1, name: "a" }, { id: 2, name: "b" }]);
       console.log(new Map(), 1n, undefined, Symbol("s"))`,
    ),
    [
      'INFO { a: [1, "x", null], f: [function f], at: { deep: { deeper: { deepest: {...} } } } }',
      'INFO [{ id: 1, name: "a" }, { id: 2, name: "b" }]',
      "INFO [object Map] {} 1n undefined Symbol(s)",
    ],
  );
});

test("groups are lines like others", async (t) => {
  assert.deepEqual(
    await said(
      t,
      `console.group("outer", 1); console.groupCollapsed("inner"); console.log("x"); console.groupEnd(); console.groupEnd()`,
    ),
    ["INFO outer 1", "INFO inner", "INFO x"],
  );
});

test("an assertion is said only when it does not hold", async (t) => {
  assert.deepEqual(await said(t, `console.assert(1 === 1, "not this"); console.assert(0, "this", { a: 1 })`), [
    "ERROR Assertion failed: this { a: 1 }",
  ]);
});

test("counts go by their labels, and begin anew when they are reset", async (t) => {
  assert.deepEqual(
    await said(
      t,
      `console.count(); console.count("x"); console.count(); console.countReset(); console.count(); console.count("x"); console.count(null)`,
    ),
    ["INFO default: 1", "INFO x: 1", "INFO default: 2", "INFO default: 1", "INFO x: 2", "INFO default: 2"],
  );
});

test("times go by their labels, and are forgotten at their end", async (t) => {
  const lines = await said(
    t,
    `console.time(); console.time("x"); console.timeLog("x", "so far", { n: 1 }); console.timeEnd("x"); console.timeEnd("x"); console.timeEnd()`,
  );
  assert.deepEqual(
    lines.map((line) => line.replace(/\d+ ms/, "N ms")),
    ["INFO x: N ms so far { n: 1 }", "INFO x: N ms", "WARN there is no timer x", "INFO default: N ms"],
  );
});

test("labels are bounded, in their number and in their length", async (t) => {
  const lines = await said(
    t,
    `for (let i = 0; i < 1_000; i++) console.time("t" + i);
     console.time("one too many"); console.timeEnd("one too many"); console.count("none left"); console.timeEnd("t999");
     console.count("y".repeat(1_000))`,
  );
  assert.deepEqual(
    lines.map((line) => line.replace(/\d+ ms/, "N ms")),
    ["WARN there is no timer one too many", "INFO none left: ?", "INFO t999: N ms", `INFO ${"y".repeat(128)}: 1`],
  );
});

test("timers that have ended make room for others, however many there were", async (t) => {
  const lines = await said(t, `for (let i = 0; i < 1_500; i++) { console.time("x"); console.timeEnd("x"); }`);
  assert.deepEqual([...new Set(lines.map((line) => line.replace(/\d+ ms/, "N ms")))], ["INFO x: N ms"]);
});
