import { ListTenantsResponseSchema } from "../../api/index.ts";
import { type Verb, teach } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { Halt, usageHalt } from "../halt.ts";
import { messageJson } from "../output/message-json.ts";
import { withProgress } from "../output/progress.ts";
import { sayInstant } from "../output/say.ts";
import { renderTable } from "../output/table.ts";

interface DeleteOptions {
  readonly yes?: true;
}

export const tenant: Verb = (group, run) => {
  group.description("A tenant is an agent or a team: the unit of isolation, of quota and of data.").addHelpText(
    "after",
    teach([
      ["solo tenant create agent_2", "then: solo cert issue --tenant agent_2"],
      ["solo tenant list", ""],
      ["solo tenant delete agent_2", "with all that is its own"],
    ]),
  );

  group
    .command("create")
    .summary("create a tenant")
    .description("Creates a tenant. Its certificate is issued apart: solo cert issue --tenant ID.")
    .argument("<id>", "1-64 of a-z A-Z 0-9 _ -")
    .action(
      run<[string], object>(async (context, [tenantId]) => {
        const client = await context.connect("admin");
        await client.createTenant({ tenantId }, context.patience);
        const { paint } = context.out;
        context.out.result({
          json: { tenantId },
          human: () =>
            `${paint.green("✔")} tenant ${paint.bold(tenantId)} is there\n` +
            `${paint.cyan("→")} solo cert issue --tenant ${tenantId}   issues its certificate`,
        });
        return undefined;
      }),
    );

  group
    .command("list")
    .summary("list tenants")
    .description("Lists all tenants of the node.")
    .action(
      run<[], object>(async (context) => {
        const client = await context.connect("admin");
        const listed = await client.listTenants({}, context.patience);
        context.out.result({
          json: messageJson(ListTenantsResponseSchema, listed),
          human: () =>
            renderTable(
              [
                { head: "TENANT", cell: ({ tenantId }) => context.out.paint.bold(tenantId) },
                { head: "SERVICES", right: true, cell: ({ services }) => String(services) },
                { head: "PHASE", cell: ({ phase }) => phase },
                { head: "CREATED", cell: ({ createdAtMs }) => sayInstant(Number(createdAtMs), context.now()) },
              ],
              listed.tenants,
              context.out.paint,
            ),
        });
        return undefined;
      }),
    );

  group
    .command("delete")
    .summary("delete a tenant with all its services and data")
    .description(
      "Ends all services of a tenant and erases its data. The events stay in the log, without their payloads.",
    )
    .argument("<id>", "the tenant")
    .option("-y, --yes", "do not ask")
    .action(
      run<[string], DeleteOptions>(async (context, [tenantId], options) => {
        if (options.yes !== true) await confirmDeletion(tenantId, context.out.live && process.stdin.isTTY);
        const client = await context.connect("admin");
        const work = client.deleteTenant({ tenantId }, context.patience);
        await withProgress(context.out, `deleting ${tenantId}`, work);
        const { paint } = context.out;
        context.out.result({
          json: { tenantId },
          human: () => `${paint.green("✔")} tenant ${paint.bold(tenantId)} and all that was its own are gone`,
        });
        return undefined;
      }),
    );
};

async function confirmDeletion(tenantId: string, mayAsk: boolean): Promise<void> {
  if (!mayAsk) throw usageHalt(`Deleting ${tenantId} cannot be undone.`, "Say --yes to delete it without being asked.");
  const { confirm } = await import("@clack/prompts");
  const answer = await confirm({
    message: `Delete ${tenantId}, its services and its data, for good?`,
    initialValue: false,
  });
  if (answer !== true) {
    throw new Halt({ code: "NOT_CONFIRMED", exit: exitCodes.interrupted, message: "Nothing was deleted." });
  }
}
