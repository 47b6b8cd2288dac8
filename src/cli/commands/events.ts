import { type Event, EventSchema } from "../../api/index.ts";
import { limits } from "../../base/index.ts";
import { type Context, type Verb, collect, parseCount, parseInstant, teach } from "../command.ts";
import { usageHalt } from "../halt.ts";
import { renderEvent, widthsOf } from "../output/event.ts";
import { messageJson } from "../output/message-json.ts";
import { throughRestarts } from "../streams.ts";

interface Options {
  readonly type?: readonly string[];
  readonly subject?: string;
  readonly since?: string;
  readonly until?: string;
  readonly after?: number;
  readonly limit: number;
  readonly all?: true;
  readonly follow?: true;
}

export const events: Verb = (command, run) => {
  command
    .description(
      "Shows the newest events of the log, oldest of them first. A tenant sees its own, in its own numbering.",
    )
    .option("--type <types>", "only these types, e.g. service_crashed (repeatable, or with commas)", collect)
    .option("--subject <name>", "only about this service, tenant or cell")
    .option("--since <when>", "from: an age such as 10m, or a date")
    .option("--until <when>", "up to: an age such as 10m, or a date")
    .option("--after <id>", "only events after this one", parseCount)
    .option("--limit <count>", "how many", parseCount, 50)
    .option("--all", "all of them, from the first")
    .option("-f, --follow", "then go on with new ones, until Ctrl-C")
    .addHelpText(
      "after",
      teach([
        ["solo events", "the newest 50 of the default tenant"],
        ["solo events --as admin --follow", "everybody's, as they happen"],
        ["solo events --subject counter --since 10m", "what happened to counter"],
        ["solo events --type service_crashed --json", "one JSON document per line"],
      ]),
    )
    .action(
      run<[], Options>(async (context, _args, options) => {
        const shown = await showPast(context, options);
        if (options.follow !== true) return undefined;
        const client = await context.connect("tenant");
        let last = shown;
        // 0 would begin at the first event of all: nothing was there yet, so that is right as well.
        const open = () => client.watchEvents({ filter: filterOf(context, options), afterId: last }, context.patience);
        for await (const event of throughRestarts(context, open, true)) {
          last = event.id;
          showPage(context, [event]);
        }
        return undefined;
      }),
    );
};

function filterOf({ tenantId, now }: Context, options: Options) {
  const at = (text: string | undefined): bigint =>
    text === undefined ? 0n : BigInt(parseInstant(text, now().getTime()));
  return {
    eventTypes: [...(options.type ?? [])],
    subject: options.subject ?? "",
    fromMs: at(options.since),
    toMs: at(options.until),
    tenantId,
  };
}

/** Shows what is there; returns the id of the last event shown, or the one to go on from. */
async function showPast(context: Context, options: Options): Promise<bigint> {
  if (options.limit === 0) throw usageHalt("--limit is 0.", "Ask for at least one event.");
  const wanted = options.all === true ? Number.POSITIVE_INFINITY : options.limit;
  const forward = options.all === true || options.after !== undefined;
  let last = BigInt(options.after ?? 0);
  if (forward) {
    for await (const page of pages(context, options, { newestFirst: false, after: last, wanted })) {
      showPage(context, page);
      last = page.at(-1)?.id ?? last;
    }
    return last;
  }
  const newest: Event[] = [];
  for await (const page of pages(context, options, { newestFirst: true, after: 0n, wanted })) newest.push(...page);
  showPage(context, newest.toReversed());
  return newest[0]?.id ?? last;
}

interface Order {
  readonly newestFirst: boolean;
  /** Where to begin, exclusive; 0: at the end that the order begins at. */
  readonly after: bigint;
  readonly wanted: number;
}

async function* pages(
  context: Context,
  options: Options,
  { newestFirst, after, wanted }: Order,
): AsyncGenerator<readonly Event[]> {
  const client = await context.connect("tenant");
  const filter = filterOf(context, options);
  let cursor = after;
  let left = wanted;
  while (left > 0 && !context.signal.aborted) {
    const request = { filter, cursor, newestFirst, limit: Math.min(left, limits.eventsPageMax) };
    const page = await client.queryEvents(request, context.patience);
    yield page.events;
    left -= page.events.length;
    if (page.nextCursor === 0n) return;
    cursor = page.nextCursor;
  }
}

function showPage({ out, now }: Context, events: readonly Event[]): void {
  const widths = widthsOf(events);
  for (const event of events) {
    out.item({ json: messageJson(EventSchema, event), human: () => renderEvent(event, out.paint, now(), widths) });
  }
}
