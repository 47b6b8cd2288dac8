// npm run check          everything that can be judged without starting a Solo, in under a minute
// tools/check.ts NAME…   only these steps: types, pure, law, lint, format, unit
// npm test               (--all) the steps as tests, and every other test, in one run of node:test
//
// A step prints one line with its time; only what fails prints more. With --all, node:test's summary is the last thing
// printed, and it counts everything: a failed lint is a failed test (test/tooling/steps.test.ts).

import { performance } from "node:perf_hooks";
import { run } from "./check/run.ts";
import { steps } from "./check/steps.ts";
import type { Command } from "./check/steps.ts";
import { allTests, failuresIn, summaryOf, testCommand, unitTests } from "./check/tests.ts";

type Line = {
  readonly name: string;
  readonly command: Command;
  readonly trim: (output: string) => string;
  readonly detail: (output: string) => string;
};

function linesOf(wanted: readonly string[]): readonly Line[] {
  const { together, apart } = unitTests();
  const asTests = { trim: failuresIn, detail: countOf };
  const all: Line[] = steps.map(({ name, command }) => ({
    name,
    command,
    trim: (output) => output,
    detail: () => "",
  }));
  if (together.length > 0) all.push({ name: "unit", command: testCommand(together, "none"), ...asTests });
  if (apart.length > 0) all.push({ name: "unit", command: testCommand(apart, "process"), ...asTests });
  return all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
}

function countOf(output: string): string {
  const count = (word: string): string =>
    summaryOf(output)
      .find((line) => line.startsWith(`ℹ ${word} `))
      ?.slice(word.length + 3) ?? "0";
  return `${count("pass")} of ${count("tests")} tests pass`;
}

async function check(lines: readonly Line[]): Promise<boolean> {
  const begun = performance.now();
  let failed = 0;
  for (const { name, command, trim, detail } of lines) {
    const started = performance.now();
    const { ok, output } = await run(command);
    console.log(`${ok ? "ok  " : "FAIL"}  ${name.padEnd(7)} ${seconds(started)}  ${detail(output)}`.trimEnd());
    if (ok) continue;
    failed += 1;
    console.log(trim(output).trimEnd());
  }
  console.log(`${failed === 0 ? "ok  " : "FAIL"}  ${"check".padEnd(7)} ${seconds(begun)}`);
  return failed === 0;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1).padStart(5)} s`;
}

async function testAll(): Promise<boolean> {
  const { ok, output } = await run(testCommand(allTests(), "process"), (chunk) => process.stdout.write(chunk));
  const summary = summaryOf(output);
  // The reporter prints failures below its summary; say it again, so that the counts stand last either way.
  if (!ok) console.log(["", ...summary].join("\n"));
  return ok && summary.length > 0;
}

const wanted = process.argv.slice(2);
const known = [...steps.map(({ name }) => name), "unit", "--all"];
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`check: unknown step ${unknown.join(", ")}; there are ${known.join(", ")}`);
  process.exitCode = 64;
} else {
  const ok = wanted.includes("--all") ? await testAll() : await check(linesOf(wanted));
  process.exitCode = ok ? 0 : 1;
}
