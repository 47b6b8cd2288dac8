import { type Verb, parseArgument, parseDuration, teach } from "../command.ts";
import { printable } from "../output/paint.ts";
import { usageHalt } from "../halt.ts";

interface Options {
  readonly args?: string;
  readonly within?: number;
}

export const call: Verb = (command, run) => {
  command
    .description("Calls a public method of a service, waits for its result and prints it as JSON.")
    .argument("<service>", "name of the service")
    .argument("<method>", "a public method of its class")
    .argument("[arguments...]", "each is JSON if it is JSON, else a string")
    .option("--args <json>", "all arguments as one JSON array, in place of single ones")
    .option("--within <time>", "how long the method may take (default: 5s)", parseDuration)
    .addHelpText(
      "after",
      teach(
        [
          ["solo call counter add 2", "the number 2"],
          ["solo call greeter hello Ada", 'the string "Ada"'],
          [`solo call greeter hello '"2"'`, 'the string "2"'],
          [`solo call cart put '{"id": 7, "count": 2}'`, "an object"],
          ["solo call counter add -- -2", "a negative number, after --"],
          [`solo call cart put --args '[{"id": 7}, null]'`, "all arguments at once"],
        ],
        "A call runs at most once. If it fails, the error says whether it was executed.",
      ),
    )
    .action(
      run<[string, string, readonly string[]], Options>(async (context, [serviceId, method, words], options) => {
        const args = encodeArguments(words, options.args);
        const client = await context.connect("tenant");
        const request = { serviceId, method, args, timeoutMs: options.within ?? 0, tenantId: context.tenantId };
        const { result } = await client.call(request, context.patience);
        const text = new TextDecoder().decode(result);
        // A method that returned undefined has no result: {} for scripts, no line for people.
        const value = text === "" ? undefined : (JSON.parse(text) as unknown);
        if (context.out.json || value !== undefined) {
          context.out.result({ json: { result: value }, human: () => printable(JSON.stringify(value, undefined, 2)) });
        }
        return undefined;
      }),
    );
};

/** The JSON array that the contract wants, in UTF-8. */
export function encodeArguments(words: readonly string[], all: string | undefined): Uint8Array {
  if (all === undefined) return new TextEncoder().encode(JSON.stringify(words.map(parseArgument)));
  if (words.length > 0) throw usageHalt("Arguments are given twice: singly and with --args.", "Use one of the two.");
  const parsed = parseArgument(all);
  if (!Array.isArray(parsed))
    throw usageHalt("--args is not a JSON array.", `For one string, write --args '["text"]'.`);
  return new TextEncoder().encode(JSON.stringify(parsed));
}
