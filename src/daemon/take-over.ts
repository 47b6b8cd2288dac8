/**
 * The first that a kernel decides: what became of everything while there was none. It is durable before anything else is
 * decided.
 */
import { type CellNumber, isRefusal, parseTenantId } from "../base/index.ts";
import { defaultTenant } from "../gateways/index.ts";
import { type Survivor, takeOver, type Turns } from "../kernel/index.ts";
import type { EventLog } from "../store/index.ts";
import type { Begin } from "./init-channel.ts";
import { version } from "./version.ts";

export interface TakeoverParts {
  readonly turns: Turns;
  readonly log: EventLog;
  readonly acknowledgeExit: (cell: CellNumber) => void;
}

/** `survivors`: what cells of an earlier kernel hold. `exits`: cells that ended, of which no kernel has recorded how. */
export async function beginToDecide(
  { turns, log, acknowledgeExit }: TakeoverParts,
  { epoch, boot }: Pick<Begin, "epoch" | "boot">,
  found: { readonly survivors: readonly Survivor[]; readonly exits: Begin["exits"] },
): Promise<void> {
  const { booted, losses } = takeOver(turns.state, { epoch, boot, version, ...found });
  const recorded = turns.submit(booted);
  for (const loss of losses) void turns.submit(loss).then(() => acknowledgeExit(loss.cell));
  await recorded;
  if (turns.state.tenants.size === 0) await provideFirstTenant(turns, log);
  turns.begin();
}

/** Unless there ever was one: whoever deleted it wanted it gone. */
async function provideFirstTenant(turns: Turns, log: EventLog): Promise<void> {
  const created = await log.query({ types: ["tenant_created"], limit: 1 });
  const tenant = parseTenantId(defaultTenant);
  if (isRefusal(created) || created.events.length > 0 || tenant === undefined) return;
  await turns.command({
    type: "command",
    principal: { role: "admin", name: "admin" },
    command: { type: "create_tenant", tenant },
  });
}
