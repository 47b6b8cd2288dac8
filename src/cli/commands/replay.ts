import { ReplayStateResponseSchema } from "../../api/index.ts";
import { type Verb, parseCount, teach } from "../command.ts";
import { messageJson } from "../output/message-json.ts";
import { printable } from "../output/paint.ts";
import { withProgress } from "../output/progress.ts";

interface Options {
  readonly at?: number;
}

export const replay: Verb = (command, run) => {
  command
    .description("Replays the log up to an event and prints the state that it makes, as JSON.")
    .option("--at <id>", "the event (default: the newest)", parseCount)
    .addHelpText(
      "after",
      teach([
        ["solo replay", "the state now"],
        ["solo replay --at 17", "the state after event 17"],
        ["solo replay --at 17 --as admin", "the node's, by the node's numbering"],
      ]),
    )
    .action(
      run<[], Options>(async (context, _args, options) => {
        const { out, tenantId, patience } = context;
        const client = await context.connect("tenant");
        const request = { eventId: BigInt(options.at ?? 0), tenantId };
        const found = await withProgress(out, "replaying", client.replayState(request, patience));
        out.result({
          json: messageJson(ReplayStateResponseSchema, found),
          human: () => {
            const head = out.paint.dim(`state after event ${found.eventId}`);
            return `${head}\n${printable(JSON.stringify(found.state ?? {}, undefined, 2))}`;
          },
        });
        return undefined;
      }),
    );
};
