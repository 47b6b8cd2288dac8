import { VerifyLogResponseSchema } from "../../api/index.ts";
import { type Verb, teach } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { usageHalt } from "../halt.ts";
import { messageJson } from "../output/message-json.ts";
import { oneLine } from "../output/paint.ts";
import { withProgress } from "../output/progress.ts";
import { plural } from "../output/say.ts";

interface Options {
  readonly expect?: string;
}

export const verify: Verb = (command, run) => {
  command
    .description(
      "Recomputes the log's hash chain and finds the first altered, missing or reordered event. Ends with 1 if there is one. A log that was rewritten as a whole shows only against a checkpoint noted earlier: --expect.",
    )
    .option("--expect <id:hash>", "a checkpoint noted earlier that the log must contain")
    .addHelpText(
      "after",
      teach([
        ["solo verify", "prints the checkpoint to note: ID:HASH"],
        ["solo verify --expect 1200:9f86d0…", "the log must still contain that event"],
      ]),
    )
    .action(
      run<[], Options>(async (context, _args, options) => {
        const { out } = context;
        const { paint } = out;
        const expected = parseCheckpoint(options.expect);
        const client = await context.connect("admin");
        const found = await withProgress(out, "verifying the log", client.verifyLog(expected, context.patience));
        out.result({
          json: messageJson(VerifyLogResponseSchema, found),
          human: () =>
            found.valid
              ? [
                  `${paint.green("✔")} ${paint.bold("The log is whole:")} ${plural(Number(found.eventsChecked), "event")} checked` +
                    (found.erased === 0n ? "" : `, ${plural(Number(found.erased), "payload")} erased on purpose`),
                  `${paint.dim("checkpoint")}  ${found.headId}:${found.headHash}`,
                ].join("\n")
              : `${paint.red("✖")} ${paint.bold(`The log does not hold from event ${found.firstBadId} on:`)} ${oneLine(found.problem)}\n` +
                `${paint.cyan("→")} Keep the data directory as it is for examination, and restore it from a backup.`,
        });
        return found.valid ? exitCodes.ok : exitCodes.refused;
      }),
    );
};

export function parseCheckpoint(text: string | undefined): {
  readonly expectedId?: bigint;
  readonly expectedHash?: string;
} {
  if (text === undefined) return {};
  const parts = /^([0-9]{1,15}):([0-9a-f]{64})$/i.exec(text);
  if (parts?.[1] === undefined || parts[2] === undefined) {
    throw usageHalt(
      `${text} is no checkpoint.`,
      "Give ID:HASH as `solo verify` prints it: a number and 64 hexadecimal digits.",
    );
  }
  return { expectedId: BigInt(parts[1]), expectedHash: parts[2].toLowerCase() };
}
