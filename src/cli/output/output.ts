/**
 * Where a command's words go. Results go to stdout, everything said by the way to stderr. With --json, stdout carries one
 * JSON document, or JSON lines for a stream, and nothing else; an error is `{"error": …}` in the same place.
 */
import type { Writable } from "node:stream";
import { type Paint, makePaint, wantsColour } from "./paint.ts";

export interface Output {
  readonly json: boolean;
  readonly paint: Paint;
  /** May progress be shown (a terminal, and no --json)? */
  readonly live: boolean;
  /** The command's one result: `human` is rendered only for people. */
  readonly result: (result: { readonly json: unknown; readonly human: () => string }) => void;
  /** One item of a stream. */
  readonly item: (item: { readonly json: unknown; readonly human: () => string }) => void;
  /** Said by the way; people only. */
  readonly note: (text: string) => void;
  readonly trouble: (text: string) => void;
  /** Overwrites the line on which progress is shown; an empty text clears it. */
  readonly progress: (text: string) => void;
}

export type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export function makeOutput(options: {
  readonly json: boolean;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Output {
  const { json, stdout, stderr, env } = options;
  const live = !json && stderr.isTTY === true && stdout.isTTY === true && env["TERM"] !== "dumb";
  const clear = live ? "\r\u001b[2K" : "";
  const write = (text: string): void => void stdout.write(`${text}\n`);
  return {
    json,
    live,
    paint: makePaint(wantsColour(stdout, env)),
    result: (result) => write(json ? JSON.stringify(result.json, undefined, 2) : result.human()),
    item: (item) => write(json ? JSON.stringify(item.json) : item.human()),
    note: (text) => {
      if (!json) stderr.write(`${text}\n`);
    },
    trouble: (text) => void stderr.write(`${text}\n`),
    progress: (text) => {
      if (live) stderr.write(clear + text);
    },
  };
}
