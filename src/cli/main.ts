/** The process `solo`. Reads what surrounds it once, here, and leaves with an exit code of exit-codes.ts. */
import process from "node:process";
import { exitCodes } from "./exit-codes.ts";
import { run } from "./program.ts";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A second Ctrl-C does not wait for anything.
    if (interruption.signal.aborted) process.exit(signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated);
    interruption.abort(signal);
  });
}
// `solo events | head`: the reader has enough, which is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    throw error;
  });
}

process.exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interruption.signal,
  now: () => new Date(),
});
