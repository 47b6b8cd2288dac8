/**
 * `npm run demo`: a whole Solo in a temporary directory, shown at work in a few seconds. Everything it says is checked: it
 * exits 0 only if all of it held, and leaves no process and no file behind either way.
 */
import { exitCodes } from "../exit-codes.ts";
import { makeNarrator, Untrue } from "./narrator.ts";
import { Stage } from "./stage.ts";
import { tell } from "./story.ts";

const narrator = makeNarrator(process.stdout, process.env);
const { paint } = narrator;
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => interruption.abort(signal));
// Whoever listened has left (`npm run demo | head`): that ends the demo, not its cleaning up.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => interruption.abort("nobody listens"));

async function perform(): Promise<void> {
  const started = performance.now();
  const stage = new Stage();
  try {
    await tell(stage, narrator, interruption.signal);
  } catch (error) {
    // Before the directory goes: what Solo itself knows of it.
    if (!interruption.signal.aborted) console.error(paint.dim(`\n${stage.lastWords()}`));
    throw error;
  } finally {
    await stage[Symbol.asyncDispose]();
  }
  narrator.check(stage.left().length === 0 && stage.isDataGone(), "no process and no file is left");
  console.log(
    `\n${paint.bold(paint.green("All of it held"))}, in ${((performance.now() - started) / 1_000).toFixed(1)} s.`,
  );
}

try {
  await perform();
} catch (error) {
  process.exitCode = interruption.signal.aborted ? exitCodes.interrupted : exitCodes.refused;
  if (interruption.signal.aborted) console.error("\nInterrupted; everything was cleaned up.");
  else if (error instanceof Untrue) console.error(`\n${paint.red("✖")} It should be so: ${error.message}`);
  else
    console.error(
      `\n${paint.red("✖")} The demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
}
