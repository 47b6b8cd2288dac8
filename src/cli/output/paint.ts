/** Colour, on a terminal that wants it (NO_COLOR, FORCE_COLOR and TERM=dumb are respected), and text made safe to print. */
import { styleText } from "node:util";

type Style = (text: string) => string;

export interface Paint {
  readonly bold: Style;
  readonly dim: Style;
  readonly red: Style;
  readonly green: Style;
  readonly yellow: Style;
  readonly blue: Style;
  readonly cyan: Style;
  readonly magenta: Style;
}

const styles = ["bold", "dim", "red", "green", "yellow", "blue", "cyan", "magenta"] as const;

export function makePaint(colour: boolean): Paint {
  const plain: Style = (text) => text;
  const entries = styles.map((name): readonly [keyof Paint, Style] => [
    name,
    colour ? (text) => styleText(name, text, { validateStream: false }) : plain,
  ]);
  return Object.fromEntries(entries) as unknown as Paint;
}

interface Terminal {
  readonly isTTY?: boolean;
}
type Environment = Readonly<Record<string, string | undefined>>;

/** https://no-color.org and https://force-color.org: NO_COLOR wins when both are set. */
export function wantsColour(stream: Terminal, env: Environment): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/**
 * Text from a guest, a client or a log, made harmless: control characters (which could move the cursor, retitle the
 * window or hide what was printed) and bidirectional overrides become visible. Line ends and tabs stay.
 */
export const printable = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });

/** The same for a place that holds one line. */
export const oneLine = (text: string): string => printable(text.replace(/\r?\n/g, " ⏎ ").replaceAll("\t", " "));
