/** Makes diagnostics, so bounded that a whole answer full of them fits a frame's header. */
import type { Diagnostic } from "../wire/index.ts";
import { excerptOf, type Place, placeOf } from "./excerpt.ts";

/** More than these tell nobody anything. */
export const diagnosticsMax = 10;
const messageLengthMax = 400;

export interface Source {
  readonly file: string;
  readonly text: string;
}

export function makeDiagnostic(source: Source, at: Place, message: string): Diagnostic {
  return {
    severity: "error",
    message: message.slice(0, messageLengthMax),
    file: source.file,
    line: at.line,
    column: at.column,
    excerpt: excerptOf(source.text, at),
  };
}

export const diagnosticAt = (source: Source, offset: number, message: string): Diagnostic =>
  makeDiagnostic(source, placeOf(source.text, offset), message);
