// Runs one command of the tools from the repository's root, with the tools of node_modules first on PATH.

import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import type { Command } from "./steps.ts";

export const root = join(import.meta.dirname, "..", "..");

export type Outcome = { readonly ok: boolean; readonly output: string };

/** Ends when the command has ended and closed its output; `echo` sees the output as it comes. Never rejects. */
export function run([program, ...args]: Command, echo?: (chunk: Buffer) => void): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        PATH: [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
        // The runner of tests tells its children that they are its children; a step within a test is not one.
        NODE_TEST_CONTEXT: undefined,
        // What is echoed looks as it would if it had the terminal itself; what is held is read as text.
        FORCE_COLOR: echo !== undefined && process.stdout.isTTY ? "1" : undefined,
        NO_COLOR: echo === undefined ? "1" : process.env["NO_COLOR"],
      },
    });
    const chunks: Buffer[] = [];
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      echo?.(chunk);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", (error) => resolve({ ok: false, output: error.message }));
    child.on("close", (code) => resolve({ ok: code === 0, output: Buffer.concat(chunks).toString() }));
  });
}
