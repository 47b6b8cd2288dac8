/** Tables for people: as wide as their cells, aligned by what is seen (colours take no room), the last column free. */
import { stripVTControlCharacters } from "node:util";
import type { Paint } from "./paint.ts";

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand right. */
  readonly right?: true;
}

export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], paint: Paint): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, at) =>
    Math.max(column.head.length, ...cells.map((line) => seenWidth(line[at] ?? ""))),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => {
        const gap = " ".repeat(Math.max(0, (widths[at] ?? 0) - seenWidth(text)));
        if (columns[at]?.right === true) return gap + text;
        return at === columns.length - 1 ? text : text + gap;
      })
      .join("  ")
      .trimEnd();
  const head = line(columns.map((column) => paint.dim(column.head)));
  return [head, ...cells.map(line)].join("\n");
}

/** Pairs of a name and what it is, one under another. */
export function renderFacts(facts: readonly (readonly [name: string, value: string])[], paint: Paint): string {
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  return facts
    .map(([name, value]) => `${paint.dim(name.padEnd(width))}  ${value.replaceAll("\n", `\n${" ".repeat(width + 2)}`)}`)
    .join("\n");
}

/** Columns that a text takes: a wide character (most of East Asia, emoji) takes two, a combining one none. */
export function seenWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) {
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) continue;
    width += /\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Emoji_Presentation}/u.test(
      character,
    )
      ? 2
      : 1;
  }
  return width;
}
