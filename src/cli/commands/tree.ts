import { ListResponseSchema, parseRestart, parseStrategy, type ServiceInfo } from "../../api/index.ts";
import { type Context, type Verb, teach } from "../command.ts";
import { findInit, type InitFile } from "../node-files.ts";
import { type Branch, renderTree } from "../output/branches.ts";
import { messageJson } from "../output/message-json.ts";
import { oneLine, type Paint } from "../output/paint.ts";
import { plural, sayBytes, sayDuration, sayUptime } from "../output/say.ts";
import { paintStatus } from "../output/status.ts";
import { listProcesses, type SoloProcess } from "../processes.ts";
import { saySandbox } from "./status.ts";

export const tree: Verb = (command, run) => {
  command
    .description(
      "Draws what supervises what, as it is now: the node, its processes, tenants, their services with strategy and intensity, and their instances.",
    )
    .addHelpText(
      "after",
      teach([
        ["solo tree", "the whole node, as its administrator"],
        ["solo tree --as default", "what one tenant may see"],
      ]),
    )
    .action(
      run<[], object>(async (context) => {
        const { out, tenantId, patience } = context;
        const client = await context.connect("admin");
        const listed = await client.list({ tenantId }, patience);
        const tenants = await tenantsOf(context, listed.services);
        const init = context.global.address === undefined ? findInit(context.global.dataDir) : undefined;
        const processes = init === undefined ? [] : listProcesses(init.pid);
        out.result({
          json: {
            node: init ?? null,
            system: processes,
            tenants: tenants.map((tenant) => ({
              tenantId: tenant,
              services: messageJson(ListResponseSchema, {
                ...listed,
                services: listed.services.filter((service) => service.tenantId === tenant),
              })["services"],
            })),
          },
          human: () =>
            renderTree(
              drawNode({ address: client.address, init, processes, tenants, services: listed.services }, out.paint),
              out.paint,
            ),
        });
        return undefined;
      }),
    );
};

/** All tenants, if one may know them: those without services too. */
async function tenantsOf(context: Context, services: readonly ServiceInfo[]): Promise<readonly string[]> {
  const seen = new Set(services.map((service) => service.tenantId));
  if (context.tenantId !== "") return [context.tenantId];
  if (context.global.as === undefined || context.global.as === "admin") {
    const client = await context.connect("admin");
    for (const { tenantId } of (await client.listTenants({}, context.patience)).tenants) seen.add(tenantId);
  }
  return [...seen].toSorted();
}

export interface Node {
  readonly address: string;
  readonly init: InitFile | undefined;
  readonly processes: readonly SoloProcess[];
  readonly tenants: readonly string[];
  readonly services: readonly ServiceInfo[];
}

export function drawNode(node: Node, paint: Paint): Branch {
  const { init } = node;
  const system: Branch = {
    text: `${paint.bold("system")}${init === undefined ? "" : paint.dim(`  init ${init.pid}, restarts what ends`)}`,
    branches: node.processes.map(({ role, pid, rssBytes }) => ({
      text: `${role.padEnd(8)} ${paint.dim(`process ${pid}, ${sayBytes(rssBytes)} resident`)}`,
      branches: [],
    })),
  };
  const tenants: Branch = {
    text: `${paint.bold("tenants")}${paint.dim("  one_for_one")}`,
    branches: node.tenants.map((tenant) => ({
      text: `${paint.cyan(oneLine(tenant))}`,
      branches: node.services
        .filter((service) => service.tenantId === tenant)
        .map((service) => drawService(service, paint)),
    })),
  };
  const sandbox = init === undefined ? "" : `  ${paint.dim("sandbox")} ${saySandbox(init.sandbox, paint)}`;
  return { text: `${paint.bold("solo")} ${node.address}${sandbox}`, branches: [system, tenants] };
}

function drawService(service: ServiceInfo, paint: Paint): Branch {
  const { supervision, restartCount } = service;
  const policy = [
    parseStrategy(supervision?.strategy ?? 0) ?? "unknown strategy",
    `${supervision?.maxRestarts ?? 0} in ${sayDuration(supervision?.withinMs ?? 0)}`,
    parseRestart(service.restart) ?? "unknown restart type",
  ];
  const reason = service.reason === "" ? "" : `  ${oneLine(service.reason)}`;
  return {
    text: `${paint.bold(service.serviceId)} ${paint.dim(`(${policy.join(", ")})`)}  ${plural(restartCount, "restart")}${reason}`,
    branches: service.instances.map(({ instance, pid, status, phase, uptimeSeconds, usage }) => ({
      text:
        `${instance} ${paintStatus(status, paint)} ${pid} ` +
        paint.dim(`${oneLine(phase)}, up ${sayUptime(uptimeSeconds)}, ${sayBytes(Number(usage?.memoryBytes ?? 0))}`),
      branches: [],
    })),
  };
}
