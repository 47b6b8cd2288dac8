import { type Verb, teach } from "../command.ts";
import { encodeArguments } from "./call.ts";

interface Options {
  readonly args?: string;
}

export const cast: Verb = (command, run) => {
  command
    .description(
      "Calls a public method and returns once the message is in the service's mailbox: at most once, no result.",
    )
    .argument("<service>", "name of the service")
    .argument("<method>", "a public method of its class")
    .argument("[arguments...]", "each is JSON if it is JSON, else a string")
    .option("--args <json>", "all arguments as one JSON array, in place of single ones")
    .addHelpText("after", teach([["solo cast counter add 2", "adds 2, some time"]]))
    .action(
      run<[string, string, readonly string[]], Options>(async (context, [serviceId, method, words], options) => {
        const args = encodeArguments(words, options.args);
        const client = await context.connect("tenant");
        await client.cast({ serviceId, method, args, tenantId: context.tenantId }, context.patience);
        if (context.out.json) context.out.result({ json: {}, human: () => "" });
        return undefined;
      }),
    );
};
