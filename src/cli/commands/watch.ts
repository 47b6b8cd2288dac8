import { type WatchResponse, WatchResponseSchema } from "../../api/index.ts";
import { type Context, type Verb, parseCount, parseDuration, teach } from "../command.ts";
import { parseLevelOption } from "../enums.ts";
import { messageJson } from "../output/message-json.ts";
import { oneLine, type Paint, printable } from "../output/paint.ts";
import { plural, sayBytes, sayInstant, sayMicros } from "../output/say.ts";
import { paintLevel, paintStatus } from "../output/status.ts";
import { throughRestarts } from "../streams.ts";

interface Options {
  readonly logs: boolean;
  readonly metrics: boolean;
  readonly level?: string;
  readonly tail?: number;
  readonly every?: number;
}

export const watch: Verb = (command, run) => {
  command
    .description("Streams what a service logs, uses and becomes, until Ctrl-C.")
    .argument("<service>", "name of the service")
    .option("--no-logs", "without log lines")
    .option("--no-metrics", "without metrics")
    .option("--level <level>", "least severe level: error, warn, info, debug")
    .option("--tail <count>", "kept log lines to begin with", parseCount)
    .option("--every <time>", "between metrics (default: 1s)", parseDuration)
    .addHelpText(
      "after",
      teach([
        ["solo watch counter", "everything"],
        ["solo watch counter --no-metrics --level warn", "what goes wrong"],
        ["solo watch counter --json", "one JSON document per line"],
      ]),
    )
    .action(
      run<[string], Options>(async (context, [serviceId], options) =>
        followService(context, {
          serviceId,
          logs: options.logs,
          metrics: options.metrics,
          tailLines: options.tail ?? 0,
          everyMs: options.every ?? 0,
          ...(options.level === undefined ? {} : { level: options.level }),
        }),
      ),
    );
};

export interface Following {
  readonly serviceId: string;
  readonly logs?: boolean;
  readonly metrics: boolean;
  readonly tailLines: number;
  readonly everyMs?: number;
  readonly level?: string;
}

/** Streams a service until the command is interrupted or the stream ends. */
export async function followService(context: Context, following: Following): Promise<undefined> {
  const { out } = context;
  for await (const seen of await openWatch(context, following)) showWatched(context, seen);
  if (!context.signal.aborted) out.note(out.paint.dim("the stream ended"));
  return undefined;
}

/** Goes on when the kernel was restarted; kept lines are not told twice. */
export async function openWatch(context: Context, following: Following): Promise<AsyncIterable<WatchResponse>> {
  const client = await context.connect("tenant");
  const { serviceId, level } = following;
  const request = {
    serviceId,
    tenantId: context.tenantId,
    includeLogs: following.logs ?? true,
    includeMetrics: following.metrics,
    metricsIntervalMs: following.everyMs ?? 0,
    ...(level === undefined ? {} : { minLevel: parseLevelOption(level) }),
  };
  let { tailLines } = following;
  const open = (): AsyncIterable<WatchResponse> => {
    const stream = client.watch({ ...request, tailLines }, context.patience);
    tailLines = 0;
    return stream;
  };
  return throughRestarts(context, open, false);
}

export function showWatched({ out, now }: Context, seen: WatchResponse): void {
  out.item({ json: messageJson(WatchResponseSchema, seen), human: () => renderWatched(seen, out.paint, now()) });
}

export function renderWatched({ event }: WatchResponse, paint: Paint, now: Date): string {
  switch (event.case) {
    case "log": {
      const { timestampMs, level, message, pid } = event.value;
      const head = `${paint.dim(sayInstant(Number(timestampMs), now))} ${paintLevel(level, paint)} ${paint.dim(pid)}`;
      return `${head} ${printable(message).replaceAll("\n", "\n    ")}`;
    }
    case "metrics": {
      const { timestampMs, usage } = event.value;
      return paint.dim(
        `${sayInstant(Number(timestampMs), now)} usage memory ${sayBytes(Number(usage?.memoryBytes ?? 0))}, ` +
          `queue ${usage?.messageQueueLen ?? 0}, CPU ${sayMicros(Number(usage?.reductions ?? 0))}`,
      );
    }
    case "statusChange": {
      const { timestampMs, newStatus, reason, pid, eventId } = event.value;
      const why = reason === "" ? "" : `  ${oneLine(reason)}`;
      return `${paint.dim(sayInstant(Number(timestampMs), now))} ${paint.bold("▶")} ${paintStatus(newStatus, paint)} ${paint.dim(pid)}${why}${eventId === 0n ? "" : paint.dim(`  event ${eventId}`)}`;
    }
    case "lost":
      return paint.yellow(`  … ${plural(Number(event.value.count), "item")} lost here: the reader was too slow`);
    case undefined:
      return paint.dim("  (something this version does not know)");
    default:
      return event satisfies never;
  }
}
