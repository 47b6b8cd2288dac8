/** Source, checked and compiled: what Deploy and Validate have in common. */
import { isUtf8 } from "node:buffer";
import { create } from "@bufbuild/protobuf";
import { DiagnosticSchema, parseFormat, type CodeFormat, type Diagnostic } from "../../api/index.ts";
import { limits, refuse, type Refusal, type TenantId } from "../../base/index.ts";
import type { Place, Ports } from "../ports.ts";
import { invalid } from "./fields.ts";

export type Source = Parameters<Ports["builder"]["compile"]>[0];

export function sourceOf(given: {
  readonly tenant: TenantId;
  readonly name: string;
  readonly code: Uint8Array;
  readonly format: CodeFormat;
}): Source | Refusal {
  const { tenant, name, code } = given;
  const format = parseFormat(given.format);
  if (format === undefined) return invalid("format", "is no known code format");
  if (format === "WASM_MODULE" || format === "EXTERNAL_BINARY") return refuse("FORMAT_UNSUPPORTED", { format });
  if (code.length === 0) return invalid("code", "is missing");
  if (code.length > limits.sourceBytesMax) {
    return refuse("TOO_LARGE", { what: "code", size: code.length, limit: limits.sourceBytesMax });
  }
  if (!isUtf8(code)) return invalid("code", "is not UTF-8");
  const kind = format === "TYPESCRIPT_SOURCE" ? "typescript" : "javascript";
  return { tenant, file: fileOf(name, kind), format: kind, source: code };
}

/** Diagnostics and stacks name the source by this. */
const fileOf = (name: string, format: Source["format"]): string =>
  /\.[cm]?[jt]sx?$/.test(name) ? name : `${name}.${format === "typescript" ? "ts" : "js"}`;

export const diagnosticsOf = (places: readonly Place[]): readonly Diagnostic[] =>
  places.map((place) => create(DiagnosticSchema, place));

/** What a source that was rejected is refused with: its first error; the others stand in the evidence. */
export function syntaxError(source: Source, rejected: readonly Place[]): Refusal {
  const first = rejected.find(({ severity }) => severity === "error") ?? rejected[0];
  return refuse("SYNTAX_ERROR", {
    file: first?.file ?? source.file,
    line: first?.line ?? 0,
    column: first?.column ?? 0,
    message: first?.message ?? "it was rejected",
    excerpt: first?.excerpt ?? "",
  });
}
