/**
 * Rewrites a guest's stack to the agent's own lines. A stack is text that the guest may have made up: it is read line by
 * line, without patterns that could run away, and bounded; whatever it says is at worst shown.
 *
 *   at Counter.add (counter.ts:7:15)     a frame of the service: its place is mapped
 *   at Array.map (<anonymous>)           a built-in: kept
 *   at run (solo:prelude:210:3)          Solo's own: dropped
 */
import { originalPositionFor } from "@jridgewell/trace-mapping";
import type { SourceMap } from "./source-map.ts";

const framesMax = 50;
const linesMax = 400;
const stackLengthMax = 8_000;

/** Total: never throws. At most as long as what the wire takes. */
export function traceStack(stack: string, file: string, map: SourceMap): string {
  const out: string[] = [];
  let frames = 0;
  for (const line of stack.slice(0, stackLengthMax).split("\n", linesMax)) {
    const frame = parseFrame(line, file);
    if (frame.type === "foreign") continue;
    if (frame.type !== "text" && frames++ >= framesMax) continue;
    out.push(frame.type === "own" ? sayFrame(frame, file, map) : line);
  }
  return out.join("\n").slice(0, stackLengthMax);
}

type Frame =
  /** A line of the message. */
  | { readonly type: "text" }
  | { readonly type: "builtin" }
  /** `before` and `after` are what stands around the place. */
  | {
      readonly type: "own";
      readonly before: string;
      readonly after: string;
      readonly line: number;
      readonly column: number;
    }
  | { readonly type: "foreign" };

const foreign: Frame = { type: "foreign" };

function parseFrame(line: string, file: string): Frame {
  const trimmed = line.trimStart();
  if (!trimmed.startsWith("at ")) return { type: "text" };
  const closed = line.trimEnd();
  if (closed.endsWith("(<anonymous>)")) return { type: "builtin" };
  const after = closed.endsWith(")") ? ")" : "";
  const end = closed.length - after.length;
  const columnAt = closed.lastIndexOf(":", end - 1);
  const lineAt = closed.lastIndexOf(":", columnAt - 1);
  const column = parseCount(closed.slice(columnAt + 1, end));
  const row = parseCount(closed.slice(lineAt + 1, Math.max(columnAt, 0)));
  if (lineAt < 0 || column === undefined || row === undefined) return foreign;
  const head = closed.slice(0, lineAt);
  const before = [`file:///${file}`, file]
    .map((name) => [name, head.slice(0, -name.length)] as const)
    .find(([name, rest]) => head.endsWith(name) && /[ (]$/.test(rest))?.[1];
  return before === undefined ? foreign : { type: "own", before, after, line: row, column };
}

const parseCount = (text: string): number | undefined => (/^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : undefined);

function sayFrame(frame: Extract<Frame, { type: "own" }>, file: string, map: SourceMap): string {
  const place = map.type === "same" ? frame : placeIn(map, frame);
  return `${frame.before}${file}${place === undefined ? "" : `:${place.line}:${place.column}`}${frame.after}`;
}

/** Undefined: code that stands for no place of the source (what an enum becomes, say). */
function placeIn(
  { map }: Extract<SourceMap, { type: "mapped" }>,
  { line, column }: { readonly line: number; readonly column: number },
): { readonly line: number; readonly column: number } | undefined {
  const found = originalPositionFor(map, { line, column: column - 1 });
  return found.line === null ? undefined : { line: found.line, column: found.column + 1 };
}
