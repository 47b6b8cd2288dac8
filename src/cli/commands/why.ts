import { type Death, ResourceLimitAction_Value, type StatusResponse, StatusResponseSchema } from "../../api/index.ts";
import { type Verb, teach } from "../command.ts";
import { messageJson } from "../output/message-json.ts";
import { oneLine, type Paint, printable } from "../output/paint.ts";
import { plural, sayDuration, sayInstant } from "../output/say.ts";
import { paintLevel, paintStatus } from "../output/status.ts";

export const why: Verb = (command, run) => {
  command
    .description(
      "Tells why a service is as it is: how its lives ended, with the stack in your own lines and the last it logged, what it is over, when it starts again, and what to do.",
    )
    .argument("<service>", "name of the service")
    .addHelpText(
      "after",
      teach([
        ["solo why counter", "the last deaths, newest first"],
        ["solo why counter --json", "everything, as Status tells it"],
      ]),
    )
    .action(
      run<[string], object>(async (context, [serviceId]) => {
        const client = await context.connect("tenant");
        const found = await client.status({ serviceId, tenantId: context.tenantId }, context.patience);
        context.out.result({
          json: messageJson(StatusResponseSchema, found),
          human: () => renderWhy(found, context.out.paint, context.now()),
        });
        return undefined;
      }),
    );
};

const indent = (text: string, by: number): string => text.replace(/^/gm, " ".repeat(by));

export function renderWhy(found: StatusResponse, paint: Paint, now: Date): string {
  const reason = found.reason === "" ? "" : `: ${oneLine(found.reason)}`;
  const blocks = [`${paint.bold(found.serviceId)} is ${paintStatus(found.status, paint)}${reason}`];
  blocks.push(...conditions(found, paint, now).map((line) => `  ${line}`));
  const [newest, ...earlier] = found.deaths;
  if (newest === undefined) {
    blocks.push("", "It has not died since it was deployed.");
    return blocks.join("\n");
  }
  blocks.push("", paint.bold("The last death"), renderDeath(newest, paint, now, "whole"));
  if (earlier.length > 0) {
    blocks.push("", paint.bold(`${plural(earlier.length, "death")} before, newest first`));
    for (const death of earlier) blocks.push(renderDeath(death, paint, now, "short"));
  }
  return blocks.join("\n");
}

/** What there is to know besides its deaths. */
function conditions(found: StatusResponse, paint: Paint, now: Date): readonly string[] {
  const lines: string[] = [];
  const { circuitBreaker: circuit } = found;
  for (const { summary, action } of found.violations) {
    const throttled =
      action === ResourceLimitAction_Value.THROTTLE ? "; it takes no new work until it is back under" : "";
    lines.push(`${paint.yellow("over its limit")}  ${oneLine(summary)}${throttled}`);
  }
  if (circuit?.state === "open") {
    const wait = sayDuration(Number(circuit.retryAfterMs));
    lines.push(
      `${paint.yellow("left alone")}  after ${plural(circuit.failures, "failure")} in a row, for ${wait} more`,
    );
  }
  if (found.restartCount > 0) lines.push(`${plural(found.restartCount, "restart")} since it was deployed`);
  if (found.nextRestartMs > 0n) {
    const at = Number(found.nextRestartMs);
    lines.push(`starts again at ${sayInstant(at, now)}, in ${sayDuration(at - now.getTime())}`);
  }
  return lines;
}

function renderDeath(death: Death, paint: Paint, now: Date, how: "whole" | "short"): string {
  const head = `${paint.dim(sayInstant(Number(death.atMs), now))}  ${death.pid}  ${paint.dim(`event ${death.eventId}`)}`;
  const summary = paint.red(oneLine(death.summary));
  if (how === "short") return indent(`${head}  ${summary}`, 2);
  const lines = [head, summary];
  if (death.stack !== "") lines.push(paint.dim(indent(printable(death.stack), 2)));
  if (death.lastLines.length > 0) {
    lines.push("the last it logged:");
    for (const { timestampMs, level, message } of death.lastLines) {
      const at = paint.dim(sayInstant(Number(timestampMs), now));
      lines.push(`  ${at} ${paintLevel(level, paint)} ${oneLine(message)}`);
    }
  }
  if (death.remedy !== "") lines.push(`${paint.green("➜")} ${death.remedy}`);
  return indent(lines.join("\n"), 2);
}
