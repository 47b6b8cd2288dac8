import { statusWord, type StatusResponse, StatusResponseSchema } from "../../api/index.ts";
import { type Context, type Verb, teach } from "../command.ts";
import { findInit } from "../node-files.ts";
import { messageJson } from "../output/message-json.ts";
import { oneLine, type Paint, printable } from "../output/paint.ts";
import { plural, sayBytes, sayInstant, sayMicros, sayUptime } from "../output/say.ts";
import { paintStatus } from "../output/status.ts";
import { renderFacts } from "../output/table.ts";

export const status: Verb = (command, run) => {
  command
    .description(
      "With a service: its state, why it is in it, what it uses and how it died before. Without: whether Solo answers, and how many services it runs.",
    )
    .argument("[service]", "name of the service")
    .addHelpText(
      "after",
      teach([
        ["solo status", "the node"],
        ["solo status counter", "one service"],
      ]),
    )
    .action(
      run<[string | undefined], object>(async (context, [serviceId]) => {
        if (serviceId === undefined) return nodeStatus(context);
        const client = await context.connect("tenant");
        const found = await client.status({ serviceId, tenantId: context.tenantId }, context.patience);
        context.out.result({
          json: messageJson(StatusResponseSchema, found),
          human: () => renderStatus(found, context.out.paint, context.now()),
        });
        return undefined;
      }),
    );
};

async function nodeStatus(context: Context): Promise<undefined> {
  const { out, global } = context;
  const client = await context.connect("tenant");
  const { services } = await client.list({ tenantId: context.tenantId }, context.patience);
  const counts: Record<string, number> = {};
  for (const service of services) {
    const word = statusWord(service.status);
    counts[word] = (counts[word] ?? 0) + 1;
  }
  const init = findInit(global.dataDir);
  const sandbox = init === undefined ? undefined : init.sandbox;
  out.result({
    json: { reachable: true, address: client.address, dataDir: global.dataDir, init, services: counts },
    human: () => {
      const facts: [string, string][] = [["address", `${client.address} (mutual TLS)`]];
      if (init !== undefined) {
        facts.push(["data", init.dataDir], ["process", `${init.pid}, kernel epoch ${init.kernelEpoch} at its start`]);
      }
      const said = Object.entries(counts).map(([word, count]) => `${count} ${word}`);
      facts.push(["services", said.length === 0 ? "none" : said.join(", ")]);
      if (init?.safeMode !== undefined)
        facts.push(["mode", out.paint.red(`READ-ONLY SAFE MODE: ${oneLine(init.safeMode)}`)]);
      if (sandbox !== undefined) facts.push(["sandbox", saySandbox(sandbox, out.paint)]);
      return [`${out.paint.green("✔")} ${out.paint.bold("Solo answers")}`, renderFacts(facts, out.paint)].join("\n");
    },
  });
  return undefined;
}

export const saySandbox = (layers: readonly string[], paint: Paint): string =>
  layers.length === 0
    ? paint.yellow("NONE: cells run without an operating system sandbox")
    : layers.map(oneLine).join(", ");

export function renderStatus(found: StatusResponse, paint: Paint, now: Date): string {
  const usage = found.currentUsage;
  const limit = Number(found.resourceLimits?.maxMemoryBytes ?? 0);
  const facts: [string, string][] = [
    ["status", `${paintStatus(found.status, paint)}${found.reason === "" ? "" : `  ${oneLine(found.reason)}`}`],
    ["tenant", found.tenantId],
    ["release", found.release],
    ["uptime", sayUptime(found.uptimeSeconds)],
    ["restarts", String(found.restartCount)],
    [
      "usage",
      `memory ${sayBytes(Number(usage?.memoryBytes ?? 0))}${limit === 0 ? "" : ` of ${sayBytes(limit)}`}, ` +
        `queue ${usage?.messageQueueLen ?? 0}, CPU ${sayMicros(Number(usage?.reductions ?? 0))}${sayProcesses(found)}`,
    ],
  ];
  if (found.nextRestartMs > 0n) facts.push(["restarts at", sayInstant(Number(found.nextRestartMs), now)]);
  for (const { instance, pid, status: one, phase, uptimeSeconds } of found.instances) {
    const said = `${paintStatus(one, paint)}  ${pid}  ${oneLine(phase)}  up ${sayUptime(uptimeSeconds)}`;
    facts.push([`instance ${instance}`, said]);
  }
  if (found.sandbox !== "") facts.push(["sandbox", paint.yellow(oneLine(found.sandbox))]);
  const blocks = [paint.bold(found.serviceId), renderFacts(facts, paint)];
  if (found.deaths.length > 0) {
    blocks.push(`\n${paint.bold(plural(found.deaths.length, "past death"))}, newest first`);
    for (const death of found.deaths) {
      const head = `${paint.dim(sayInstant(Number(death.atMs), now))}  ${death.pid}  ${paint.red(oneLine(death.summary))}  ${paint.dim(`event ${death.eventId}`)}`;
      blocks.push(death.stack === "" ? head : `${head}\n${paint.dim(printable(death.stack).replace(/^/gm, "  "))}`);
    }
  }
  return blocks.join("\n");
}

/** Only where there are more than its instances: most services spawn none. */
function sayProcesses({ currentUsage, instances }: StatusResponse): string {
  const processes = currentUsage?.processes ?? 0;
  return processes > instances.length ? `, ${processes} processes` : "";
}
