import { setTimeout as wait } from "node:timers/promises";
import { ShutdownResponseSchema } from "../../api/index.ts";
import { type Context, type Verb, parseDuration, teach } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { Halt } from "../halt.ts";
import { findInit, isAlive } from "../node-files.ts";
import { messageJson } from "../output/message-json.ts";
import { withProgress } from "../output/progress.ts";
import { sayDuration } from "../output/say.ts";

interface Options {
  readonly within?: number;
}

const withinMsDefault = 30_000;
/** On top of what the services may take: for init to end its processes. */
const marginMs = 10_000;

export const stop: Verb = (command, run) => {
  command
    .description(
      "Ends every service, closes the log and waits until Solo's processes are gone. What should run, runs again after the next start.",
    )
    .option("--within <time>", "how long services may take to end (default: 30s)", parseDuration)
    .addHelpText(
      "after",
      teach([
        ["solo stop", "gently"],
        ["solo stop --within 1s", "what has not ended after a second is cut off"],
      ]),
    )
    .action(
      run<[], Options>(async (context, _args, options) => {
        const { out } = context;
        const withinMs = options.within ?? withinMsDefault;
        const started = performance.now();
        const stopped = await withProgress(out, "stopping Solo", shutDown(context, withinMs));
        const tookMs = Math.round(performance.now() - started);
        const cutOff = stopped.outcome === "deadline" ? "; some services were cut off" : "";
        out.result({
          json: { ...messageJson(ShutdownResponseSchema, stopped), tookMs },
          human: () =>
            `${out.paint.green("✔")} ${out.paint.bold("Solo has stopped")} after ${sayDuration(tookMs)}${cutOff}`,
        });
        return undefined;
      }),
    );
};

async function shutDown(context: Context, withinMs: number) {
  // Of a Solo elsewhere, only the answer can be waited for.
  const init = context.global.address === undefined ? findInit(context.global.dataDir) : undefined;
  const client = await context.connect("admin");
  const timeoutSeconds = Math.max(1, Math.ceil(withinMs / 1_000));
  const stopped = await client.shutdown({ timeoutSeconds }, context.patience);
  // It waits for its clients to leave.
  client.close();
  if (init !== undefined) await awaitEnd(init.pid, withinMs + marginMs, context.signal);
  return stopped;
}

async function awaitEnd(pid: number, msMax: number, signal: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + msMax;
  while (isAlive(pid)) {
    signal.throwIfAborted();
    if (performance.now() > giveUpAt) {
      throw new Halt({
        code: "STOP_SLOW",
        exit: exitCodes.tryLater,
        message: `Solo said that it stopped, but its process ${pid} is still there.`,
        remedy: `Look at log/kernel.log in the data directory; kill -9 ${pid} ends all of it.`,
      });
    }
    await wait(10);
  }
}
