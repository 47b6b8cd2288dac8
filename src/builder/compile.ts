/**
 * From a tenant's source to the JavaScript that a cell loads, or to what is wrong with it and where.
 *
 *   source ─▶ transform (types away, enums and the like become code) ─▶ V8 takes it? ─▶ imports allowed? ─▶ code + map
 *                  └─ no ─────────────────────────────────────────────────┴─ no ────────────┴─ no ─▶ explain: diagnostics
 *
 * The way of a source that is fine is the quick one; a second, slower parse says where another is wrong.
 */
import { transformSync } from "rolldown/utils";
import { limits } from "../base/index.ts";
import type { Diagnostic } from "../wire/index.ts";
import { diagnosticAt, type Source } from "./diagnostics.ts";
import { askEngine } from "./engine-check.ts";
import { explain, explainEngine } from "./explain.ts";
import { mightImport, moduleAllowed, sayImport } from "./imports.ts";

export type Format = "typescript" | "javascript";

export type Compiled =
  | { readonly type: "compiled"; readonly code: Uint8Array; readonly map: Uint8Array }
  | { readonly type: "rejected"; readonly errors: readonly Diagnostic[] };

const encoder = new TextEncoder();

/** May end the process on a source that is nested deeply enough to exhaust the stack of native code. */
export function compile(source: Source, format: Format): Compiled {
  try {
    return compileNested(source, format);
  } catch (error) {
    // What the stack of JavaScript has no room for is the source's fault, wherever in it that shows.
    if (!(error instanceof RangeError)) throw error;
    return rejectAs(source, [], "it is nested too deeply to be compiled");
  }
}

function compileNested(source: Source, format: Format): Compiled {
  const lang = format === "typescript" ? "ts" : "js";
  const output = format === "typescript" ? transform(source) : { code: source.text, mappings: "", names: [] };
  if (output === undefined) return rejectAs(source, explain(source, lang).syntax, "the source does not parse");

  const verdict = askEngine(source.file, output.code);
  if (!verdict.taken) {
    const { syntax } = explain(source, lang);
    return { type: "rejected", errors: syntax.length > 0 ? syntax : [explainEngine(source, lang, verdict.problem)] };
  }
  const stray = verdict.imports.find((specifier) => specifier !== moduleAllowed);
  if (stray !== undefined || mightImport(source.text)) {
    const { imports } = explain(source, lang);
    if (stray !== undefined || imports.length > 0) return rejectAs(source, imports, sayImport(stray ?? ""));
  }
  return fit(source, output);
}

/** Undefined: it does not parse. */
function transform(source: Source): Output | undefined {
  const { code, map, errors } = transformSync(source.file, source.text, {
    lang: "ts",
    sourceType: "module",
    sourcemap: true,
    // Nothing of the disk has a say in what a source means.
    tsconfig: false,
  });
  return errors.length > 0 ? undefined : { code, mappings: map?.mappings ?? "", names: map?.names ?? [] };
}

interface Output {
  readonly code: string;
  /** Empty: code and source are the same text. */
  readonly mappings: string;
  readonly names: readonly string[];
}

function fit(source: Source, { code, mappings, names }: Output): Compiled {
  const bytes = encoder.encode(code);
  const map = encoder.encode(JSON.stringify({ version: 3, sources: [source.file], names, mappings }));
  const size = bytes.length + map.length;
  if (size <= limits.frameBytesMax - limits.frameHeaderBytesMax) return { type: "compiled", code: bytes, map };
  return rejectAs(source, [], `the compiled code and its source map are ${size} bytes, which is too much`);
}

/** Rejected for certain, even if the closer look found no place. */
const rejectAs = (source: Source, errors: readonly Diagnostic[], otherwise: string): Compiled => ({
  type: "rejected",
  errors: errors.length > 0 ? errors : [diagnosticAt(source, 0, otherwise)],
});
