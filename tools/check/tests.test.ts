import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { run } from "./run.ts";
import { allTests, failuresIn, summaryOf, testCommand, unitTests } from "./tests.ts";

/** Runs one test file of this text as `npm test` would. */
async function runText(text: string): ReturnType<typeof run> {
  const folder = mkdtempSync(join(tmpdir(), "solo-check-"));
  try {
    const file = join(folder, "one.test.mjs");
    writeFileSync(file, `import test from "node:test";\n${text}`);
    return await run(testCommand([file], "process"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the summary of a run counts what passed and what failed", async () => {
  const { ok, output } = await runText('test("good", () => {});\ntest("bad", () => { throw new Error("no"); });\n');
  assert.equal(ok, false);
  const summary = summaryOf(output);
  assert.deepEqual(summary.slice(0, 7), [
    "ℹ tests 2",
    "ℹ suites 0",
    "ℹ pass 1",
    "ℹ fail 1",
    "ℹ cancelled 0",
    "ℹ skipped 0",
    "ℹ todo 0",
  ]);
  assert.match(summary[7] ?? "", /^ℹ duration_ms /);
});

test("of a failed run only the failures are shown, and all of it if the runner itself failed", async () => {
  const { output } = await runText('test("good one", () => {});\ntest("bad one", () => { throw new Error("no"); });\n');
  assert.match(failuresIn(output), /bad one/);
  assert.doesNotMatch(failuresIn(output), /good one/);
  assert.equal(failuresIn("node: bad option\n"), "node: bad option\n");
});

test("a run that never closes has no summary", () => {
  assert.deepEqual(summaryOf("✔ one\nSegmentation fault\n"), []);
});

test("colours do not hide a summary", () => {
  assert.deepEqual(summaryOf("\u001b[34mℹ pass 3\u001b[39m\n"), ["ℹ pass 3"]);
});

test("every test file is run by npm test, and every one beside the code by npm run check, once", () => {
  const { together, apart } = unitTests();
  const unit = [...together, ...apart];
  assert.equal(new Set(unit).size, unit.length);
  assert.deepEqual(
    unit.toSorted(),
    allTests().filter((path) => !path.startsWith("test/")),
  );
  assert.ok(unit.includes("tools/check/tests.test.ts"));
});

test("an unknown step is refused with the names of those that exist", async () => {
  const { ok, output } = await run([process.execPath, "tools/check.ts", "tipes"]);
  assert.equal(ok, false);
  assert.match(output, /unknown step tipes; there are types, pure, law, lint, format, unit/);
});
