/** Places in a source, and the lines around them as people read them. Sources are hostile: all that comes out is bounded. */

export interface Place {
  /** From 1. */
  readonly line: number;
  /** In UTF-16 units, from 1. */
  readonly column: number;
}

const linesBefore = 2;
const linesAfter = 1;
const lineLengthMax = 100;

/** Where `offset` (in UTF-16 units) is. An offset past the end is the end. */
export function placeOf(source: string, offset: number): Place {
  const end = Math.min(offset, source.length);
  let line = 1;
  let lineStart = 0;
  for (let at = source.indexOf("\n"); at !== -1 && at < end; at = source.indexOf("\n", at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: end - lineStart + 1 };
}

/**
 * The line of a place with a caret under it, and its neighbours:
 *
 *     1 | const a = 1;
 *     2 | const b = ;
 *       |           ^
 */
export function excerptOf(source: string, { line, column }: Place): string {
  const first = Math.max(1, line - linesBefore);
  const lines = linesFrom(source, first, line + linesAfter - first + 1);
  // A long line is shown around the place, all lines through the same window so that they stay aligned.
  const windowStart = Math.max(0, column - Math.floor(lineLengthMax * 0.8));
  const digits = String(first + lines.length - 1).length;
  const out: string[] = [];
  lines.forEach((text, index) => {
    const number = first + index;
    const shown = visible(text.slice(windowStart, windowStart + lineLengthMax));
    out.push(`${String(number).padStart(digits)} | ${shown}`.trimEnd());
    if (number === line) out.push(`${" ".repeat(digits)} | ${" ".repeat(column - 1 - windowStart)}^`);
  });
  return out.join("\n");
}

function linesFrom(source: string, first: number, countMax: number): readonly string[] {
  let start = 0;
  for (let line = 1; line < first; line++) start = source.indexOf("\n", start) + 1;
  const lines: string[] = [];
  while (lines.length < countMax && start <= source.length) {
    const end = source.indexOf("\n", start);
    lines.push(source.slice(start, end === -1 ? source.length : end));
    if (end === -1) break;
    start = end + 1;
  }
  return lines;
}

/** One column per unit, and nothing that could steer a terminal. */
const visible = (text: string): string =>
  text.replace(/\t/g, " ").replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, " ");
