/** The demo's voice, and its conscience: what it says is checked, and a check that does not hold ends it. */
import { makePaint, oneLine, type Paint, printable, wantsColour } from "../output/paint.ts";

/** Something was not as it should be. */
export class Untrue extends Error {}

export interface Narrator {
  readonly paint: Paint;
  /** A new chapter. */
  readonly chapter: (title: string) => void;
  /** As one would type it. */
  readonly command: (line: string) => void;
  readonly say: (text: string) => void;
  /** Says what holds, or ends the demo. */
  readonly check: (holds: boolean, what: string, found?: unknown) => void;
}

export function makeNarrator(stdout: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Narrator {
  const paint = makePaint(wantsColour(stdout, env));
  const write = (text: string): void => void stdout.write(`${text}\n`);
  let chapters = 0;
  return {
    paint,
    chapter: (title) => write(`\n${paint.bold(paint.cyan(`${++chapters}. ${title}`))}`),
    command: (line) => write(`${paint.dim("  $")} ${line}`),
    say: (text) => write(printable(text).replace(/^/gm, "    ")),
    check: (holds, what, found) => {
      if (!holds) throw new Untrue(`${what}${found === undefined ? "" : `; found ${oneLine(JSON.stringify(found))}`}`);
      write(`  ${paint.green("✔")} ${what}`);
    },
  };
}
