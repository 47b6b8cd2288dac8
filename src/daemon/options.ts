/** What the kernel process is told on its command line, by init. The one place that reads it. */
import { parseArgs } from "node:util";

export interface Options {
  readonly dataDir: string;
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
      // Read by whoever looks at the list of processes.
      heir: { type: "boolean" },
      "cell-rss-max-mb": { type: "string", default: "1024" },
    },
  });
  const dataDir = values["data-dir"];
  if (dataDir === undefined) throw new Error("--data-dir is missing");
  return {
    dataDir,
    warmCells: Number(values["warm-cells"]),
    cellRssBytesMax: Number(values["cell-rss-max-mb"]) * mebibyte,
  };
}
