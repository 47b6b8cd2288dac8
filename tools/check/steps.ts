// What is judged without running anything of src/: one command each, silent or at least ignorable when it passes.
// `npm run check` runs them as steps; `npm test` runs them as tests, so that one summary counts everything.

export type Command = readonly [program: string, ...args: string[]];

export type Step = {
  /** As `npm run check` names it, and as `tools/check.ts NAME` runs it alone. */
  readonly name: string;
  /** What is true when it passes: the name of its test. */
  readonly promise: string;
  readonly command: Command;
};

export const steps: readonly Step[] = [
  { name: "types", promise: "every file has its types", command: ["tsc", "-p", "."] },
  {
    name: "pure",
    promise: "the pure rooms have their types without Node in sight",
    command: ["tsc", "-p", "tsconfig.pure.json"],
  },
  { name: "law", promise: "the import law holds", command: [process.execPath, "tools/law.ts"] },
  { name: "lint", promise: "the linter finds nothing", command: ["oxlint", "--deny-warnings"] },
  {
    name: "format",
    promise: "every file is formatted",
    command: ["oxfmt", "--check", "--no-error-on-unmatched-pattern"],
  },
];
