import { ListResponseSchema, type ServiceInfo } from "../../api/index.ts";
import { type Verb, teach } from "../command.ts";
import { messageJson } from "../output/message-json.ts";
import { oneLine, type Paint } from "../output/paint.ts";
import { plural, sayBytes, sayMicros, sayUptime } from "../output/say.ts";
import { paintStatus } from "../output/status.ts";
import { type Column, renderTable } from "../output/table.ts";

export const list: Verb = (command, run) => {
  command
    .description("Lists your services: those of the default tenant, or everybody's as an administrator.")
    .addHelpText(
      "after",
      teach([
        ["solo list", "the default tenant's services"],
        ["solo list --as admin", "every tenant's"],
        ["solo list --tenant agent_2", "one tenant's, as an administrator"],
        ["solo list --json | jq -r '.services[].serviceId'", "for scripts"],
      ]),
    )
    .action(
      run<[], object>(async (context) => {
        const client = await context.connect("tenant");
        const listed = await client.list({ tenantId: context.tenantId }, context.patience);
        const { paint } = context.out;
        context.out.result({
          json: messageJson(ListResponseSchema, listed),
          human: () =>
            listed.services.length === 0
              ? `No services. Deploy one: ${paint.cyan("solo deploy counter.ts")}`
              : renderServices(listed.services, paint),
        });
        return undefined;
      }),
    );
};

export function renderServices(services: readonly ServiceInfo[], paint: Paint): string {
  const several = new Set(services.map((service) => service.tenantId)).size > 1;
  const tenant: Column<ServiceInfo> = { head: "TENANT", cell: (service) => service.tenantId };
  const columns: readonly Column<ServiceInfo>[] = [
    ...(several ? [tenant] : []),
    { head: "SERVICE", cell: (service) => paint.bold(service.serviceId) },
    { head: "STATUS", cell: (service) => paintStatus(service.status, paint) },
    { head: "PID", cell: (service) => sayPids(service) },
    { head: "UPTIME", right: true, cell: ({ uptimeSeconds }) => sayUptime(uptimeSeconds) },
    { head: "RESTARTS", right: true, cell: (service) => String(service.restartCount) },
    { head: "MEMORY", right: true, cell: ({ currentUsage }) => sayBytes(Number(currentUsage?.memoryBytes ?? 0)) },
    { head: "QUEUE", right: true, cell: ({ currentUsage }) => String(currentUsage?.messageQueueLen ?? 0) },
    { head: "CPU", right: true, cell: ({ currentUsage }) => sayMicros(Number(currentUsage?.reductions ?? 0)) },
    { head: "REASON", cell: (service) => paint.dim(oneLine(sayReason(service))) },
  ];
  return renderTable(columns, services, paint);
}

/** Of one that is well: how it ended last, if it did. */
const sayReason = ({ reason, lastDeath }: ServiceInfo): string =>
  reason !== "" || lastDeath === undefined ? reason : `before this life: ${lastDeath.summary}`;

const sayPids = ({ pid, instances }: ServiceInfo): string =>
  instances.length > 1 ? `${pid} +${plural(instances.length - 1, "more", "more")}` : pid;
