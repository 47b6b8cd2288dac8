// Which test files there are, how node:test runs them, and how to read the summary with which it closes.

import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { root } from "./run.ts";
import type { Command } from "./steps.ts";

/** A test that runs longer than this hangs: it is ended, and reported by name. */
const testMsMax = 180_000;

/** Tests of these rooms hold no process, socket or file: they share one process and take milliseconds. */
const sharing = ["src/base/", "src/api/", "src/wire/", "src/kernel/", "src/guest/"];

export type TestFiles = { readonly together: readonly string[]; readonly apart: readonly string[] };

/** The tests beside the code. `together` may share a process; `apart` get one each. */
export function unitTests(): TestFiles {
  const files = find("{src,tools}/**/*.test.ts");
  const shares = (path: string): boolean => sharing.some((room) => path.startsWith(room));
  return { together: files.filter(shares), apart: files.filter((path) => !shares(path)) };
}

export function allTests(): readonly string[] {
  return find("{src,tools,test}/**/*.test.ts");
}

export function testCommand(files: readonly string[], isolation: "none" | "process"): Command {
  return [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    // Cells are started with this flag; tests that run isolates in their own process need it as much.
    "--no-turboshaft-loop-unrolling",
    "--test",
    `--test-isolation=${isolation}`,
    `--test-concurrency=${availableParallelism()}`,
    `--test-timeout=${testMsMax}`,
    "--test-reporter=spec",
    ...files,
  ];
}

/** The closing lines of the spec reporter ("ℹ tests 12", "ℹ pass 12", …), without colours; none if it never closed. */
export function summaryOf(output: string): readonly string[] {
  return output
    .split("\n")
    .map((line) => line.replaceAll(/\u001b\[[0-9;]*m/g, ""))
    .filter((line) => /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(line))
    .slice(-8);
}

/** From the list of failed tests on, or all of it when the runner itself failed. */
export function failuresIn(output: string): string {
  const at = output.lastIndexOf("✖ failing tests:");
  return at === -1 ? output : output.slice(at);
}

function find(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: root }).toSorted();
}
