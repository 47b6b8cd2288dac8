/** An error as people read it: what, where, why, the guest's own stack, and what to do about it. */
import type { HaltFacts, Place } from "../halt.ts";
import { type Paint, oneLine, printable } from "./paint.ts";

export function renderHalt(facts: HaltFacts, paint: Paint): string {
  const { message, code, death, places, stack, logs, executed, remedy } = facts;
  const blocks = [`${paint.red("✖")} ${paint.bold(printable(message))} ${paint.dim(`[${code}]`)}`];
  for (const place of places ?? []) blocks.push(renderPlace(place, paint));
  if (death !== undefined && !message.includes(death)) blocks.push(`  ${printable(death)}`);
  if (stack !== undefined && stack !== "") blocks.push(indent(paint.dim(printable(stack))));
  if (logs !== undefined && logs.length > 0) {
    blocks.push(`  ${paint.dim("its last log lines:")}`);
    for (const line of logs) blocks.push(`    ${paint.dim(line.level.padEnd(5))} ${oneLine(line.message)}`);
  }
  // Of what was refused outright, it goes without saying.
  if (executed !== undefined && (executed !== "not_executed" || code.startsWith("CALL_"))) {
    blocks.push(`  ${sayExecuted(executed)}`);
  }
  if (remedy !== undefined && remedy !== "") blocks.push(`${paint.cyan("→")} ${printable(remedy)}`);
  return blocks.join("\n");
}

function sayExecuted(executed: string): string {
  switch (executed) {
    case "not_executed":
      return "It was not executed.";
    case "executed":
      return "It was executed.";
    default:
      return "Whether it was executed is unknown.";
  }
}

export function renderPlace(place: Place, paint: Paint): string {
  const mark = place.severity === "warning" ? paint.yellow("warning") : paint.red("error");
  const head = `  ${paint.cyan(oneLine(place.file))}:${place.line}:${place.column}  ${mark}  ${oneLine(place.message)}`;
  return place.excerpt === "" ? head : `${head}\n${indent(printable(place.excerpt), "    ")}`;
}

/** The lines up to a place with a caret under it; empty if the source has no such line. */
export function excerptOf(source: string, at: { readonly line: number; readonly column: number }): string {
  const lines = source.split(/\r?\n/);
  if (at.line < 1 || at.line > lines.length) return "";
  const first = Math.max(1, at.line - 2);
  const width = String(at.line).length;
  const shown = lines.slice(first - 1, at.line).map((text, offset) => {
    return `${String(first + offset).padStart(width)} │ ${text.slice(0, 200)}`;
  });
  const before = (lines[at.line - 1] ?? "").slice(0, Math.max(0, at.column - 1)).slice(0, 200);
  return [...shown, `${" ".repeat(width)} │ ${before.replace(/[^\t]/g, " ")}^`].join("\n");
}

const indent = (text: string, by = "  "): string => text.replace(/^/gm, by);
