/** A peer of whatever starts a process: Node, from nothing to the end of a program that does nothing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { type Figures, oneByOne } from "./measure.ts";

const starts = 20;

export const nodeStart = (): Promise<Figures> =>
  oneByOne(starts, () => once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "close"));
