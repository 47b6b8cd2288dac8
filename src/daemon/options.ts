/** What the kernel process is told on its command line, by init. The one place that reads it. */
import { parseArgs } from "node:util";

export interface Options {
  readonly dataDir: string;
  /** It waits for the end of the kernel that serves. */
  readonly heir: boolean;
  readonly warmCells: number;
  readonly cellRssBytesMax: number;
}

const mebibyte = 1024 * 1024;

/** Throws on a bad argument: init made it, so it is a bug. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "data-dir": { type: "string" },
      "warm-cells": { type: "string", default: "2" },
      heir: { type: "boolean", default: false },
      "cell-rss-max-mb": { type: "string", default: "1024" },
    },
  });
  const dataDir = values["data-dir"];
  if (dataDir === undefined) throw new Error("--data-dir is missing");
  return {
    dataDir,
    heir: values.heir,
    warmCells: Number(values["warm-cells"]),
    cellRssBytesMax: Number(values["cell-rss-max-mb"]) * mebibyte,
  };
}
