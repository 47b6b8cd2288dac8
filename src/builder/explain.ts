/**
 * The closer look at a source that was refused, or that might import what it may not: parses it again, with places.
 * Slow (0.7 ms for 5 KB), so it is not on the way of a source that is fine.
 */
import { parseSync, Visitor } from "rolldown/utils";
import type { Diagnostic } from "../wire/index.ts";
import { diagnosticAt, diagnosticsMax, type Source } from "./diagnostics.ts";
import { dynamicImport, moduleAllowed, sayImport } from "./imports.ts";

export interface Explanation {
  /** It does not parse. */
  readonly syntax: readonly Diagnostic[];
  /** It imports what it may not. */
  readonly imports: readonly Diagnostic[];
}

/** What the parser of this language says. Both lists are bounded. */
export function explain(source: Source, lang: "ts" | "js"): Explanation {
  const parsed = parseSync(source.file, source.text, { lang, sourceType: "module", showSemanticErrors: true });
  const syntax = parsed.errors.slice(0, diagnosticsMax).map((error) => {
    const label = error.labels.find(({ message }) => message?.endsWith("redeclared here")) ?? error.labels[0];
    const help = error.helpMessage === null ? "" : ` (${error.helpMessage})`;
    return diagnosticAt(source, label?.start ?? 0, `${error.message}${help}`);
  });
  if (syntax.length > 0) return { syntax, imports: [] };
  return { syntax, imports: findImports(source, parsed.module) };
}

type Module = ReturnType<typeof parseSync>["module"];

function findImports(source: Source, module: Module): readonly Diagnostic[] {
  const wanted = [
    // Types are erased: they may come from anywhere.
    ...module.staticImports
      .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
      .map(({ moduleRequest }) => moduleRequest),
    ...module.staticExports
      .flatMap(({ entries }) => entries)
      .filter(({ isType }) => !isType)
      .flatMap(({ moduleRequest }) => (moduleRequest === null ? [] : [moduleRequest])),
  ];
  const found = [
    ...wanted
      .filter(({ value }) => value !== moduleAllowed)
      .map(({ start, value }) => ({ start, message: sayImport(value) })),
    ...module.dynamicImports.map(({ start }) => ({ start, message: dynamicImport })),
  ];
  return found
    .toSorted((a, b) => a.start - b.start)
    .slice(0, diagnosticsMax)
    .map(({ start, message }) => diagnosticAt(source, start, message));
}

/** Why V8 refuses what the parser takes: syntax that is newer than the engine, or an invalid regular expression. */
export function explainEngine(source: Source, lang: "ts" | "js", problem: string): Diagnostic {
  const parsed = parseSync(source.file, source.text, { lang, sourceType: "module" });
  let found: { readonly start: number; readonly message: string } | undefined;
  const note = (start: number, message: string): void => {
    found ??= { start, message };
  };
  new Visitor({
    Decorator: ({ start }) => note(start, "decorators are not available: the engine does not know them yet"),
    AccessorProperty: ({ start }) =>
      note(start, "accessor fields are not available: the engine does not know them yet"),
    Literal: (literal) => {
      if (!("regex" in literal)) return;
      const trouble = troubleOf(literal.regex);
      if (trouble !== undefined) note(literal.start, trouble);
    },
  }).visit(parsed.program);
  return diagnosticAt(source, found?.start ?? 0, found?.message ?? problem);
}

function troubleOf(regex: { readonly pattern: string; readonly flags: string }): string | undefined {
  try {
    new RegExp(regex.pattern, regex.flags);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "invalid regular expression";
  }
}
