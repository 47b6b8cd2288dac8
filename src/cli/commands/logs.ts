import { setTimeout as wait } from "node:timers/promises";
import type { WatchResponse } from "../../api/index.ts";
import { type Verb, parseCount, teach } from "../command.ts";
import { openWatch, showWatched } from "./watch.ts";

interface Options {
  readonly follow?: true;
  readonly lines: number;
  readonly level?: string;
}

export const logs: Verb = (command, run) => {
  command
    .description("Prints the kept log lines of a service, oldest first.")
    .argument("<service>", "name of the service")
    .option("-f, --follow", "then go on with new lines, until Ctrl-C")
    .option("-n, --lines <count>", "how many kept lines", parseCount, 100)
    .option("--level <level>", "least severe level: error, warn, info, debug")
    .addHelpText(
      "after",
      teach([
        ["solo logs chatty", "the last 100 lines"],
        ["solo logs chatty -f --level warn", "warnings and errors as they come"],
      ]),
    )
    .action(
      run<[string], Options>(async (context, [serviceId], options) => {
        const level = options.level === undefined ? {} : { level: options.level };
        const following = { serviceId, tailLines: options.lines, ...level };
        if (options.follow === true) {
          for await (const seen of await openWatch(context, { ...following, metrics: false })) {
            if (seen.event.case !== "statusChange") showWatched(context, seen);
          }
          return undefined;
        }
        if (options.lines === 0) return undefined;
        // Metrics are asked for because they come after the kept lines: the first one says that those are complete.
        const stream = await openWatch(context, { ...following, metrics: true, everyMs: 100 });
        for await (const seen of untilQuiet(stream, 2_000)) {
          if (seen.event.case === "metrics") break;
          if (seen.event.case !== "statusChange") showWatched(context, seen);
        }
        return undefined;
      }),
    );
};

/** Ends when nothing has come for this long: a service that does not run has no metrics. */
async function* untilQuiet(stream: AsyncIterable<WatchResponse>, quietMs: number): AsyncGenerator<WatchResponse> {
  const items = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const timer = new AbortController();
      const quiet = wait(quietMs, undefined, { signal: timer.signal }).catch(() => undefined);
      const next = await Promise.race([items.next(), quiet]);
      timer.abort();
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    await items.return?.();
  }
}
