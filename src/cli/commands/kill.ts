import { KillResponseSchema, statusWord } from "../../api/index.ts";
import { type Verb, parseDuration, teach } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { messageJson } from "../output/message-json.ts";
import { oneLine } from "../output/paint.ts";
import { withProgress } from "../output/progress.ts";

interface Options {
  readonly force?: true;
  readonly grace?: number;
}

export const kill: Verb = (command, run) => {
  command
    .description(
      "Ends a service: its terminate() runs, and what has not ended in time is cut off. It stays listed as STOPPED.",
    )
    .argument("<service>", "name of the service")
    .option("--force", "cut it off at once, without terminate()")
    .option("--grace <time>", "how long terminate() may take (default: as deployed, 30s)", parseDuration)
    .addHelpText(
      "after",
      teach([
        ["solo kill counter", "gently"],
        ["solo kill counter --force", "at once"],
      ]),
    )
    .action(
      run<[string], Options>(async (context, [serviceId], options) => {
        const { out, tenantId, patience } = context;
        const client = await context.connect("tenant");
        const request = { serviceId, tenantId, force: options.force ?? false, timeoutMs: options.grace ?? 0 };
        const killed = await withProgress(out, `ending ${serviceId}`, client.kill(request, patience));
        out.result({
          json: messageJson(KillResponseSchema, killed),
          human: () =>
            `${out.paint.green("✔")} ${out.paint.bold(serviceId)} is ${statusWord(killed.finalStatus)}: ${oneLine(killed.reason)}`,
        });
        return exitCodes.ok;
      }),
    );
};
