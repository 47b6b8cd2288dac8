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
        // A watch has no end. Its first metrics come at once, the second through the queue, behind the kept lines: then
        // those are complete.
        let metrics = 0;
        for await (const seen of await openWatch(context, { ...following, metrics: true, everyMs: 100 })) {
          if (seen.event.case === "metrics") metrics += 1;
          else if (seen.event.case !== "statusChange") showWatched(context, seen);
          if (metrics === 2) break;
        }
        return undefined;
      }),
    );
};
