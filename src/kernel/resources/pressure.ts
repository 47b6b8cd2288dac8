/**
 * What the whole node shares runs short. It is recorded; and where ending services gives some of it back, the newest user
 * services are ended, one after the other. They start again after a while, as victims do: at no cost to them.
 */
import type { IncarnationNumber, ServiceId, TenantId } from "../../base/index.ts";
import { incarnationsRunning } from "../read.ts";
import type { Draft } from "../draft.ts";
import type { Input } from "../turn.ts";

export function pressure(draft: Draft, input: Extract<Input, { readonly type: "pressure" }>): void {
  const { type: _, direction, ...payload } = input;
  const type = direction === "rose" ? "pressure_rose" : "pressure_fell";
  draft.record({ type, subject: "node", actor: "solo", payload });
}

interface Place {
  readonly tenant: TenantId;
  readonly service: ServiceId;
  readonly incarnation: IncarnationNumber;
}

export function relieve(draft: Draft, input: Extract<Input, { readonly type: "relieve" }>): void {
  const { what, percent, count, cell } = input;
  const places: readonly Place[] = incarnationsRunning(draft.state)
    .filter((one) => cell === undefined || one.cell === cell)
    .filter((one) => draft.service(one.tenant, one.service)?.release.tier === "user")
    .toReversed()
    .slice(0, count);
  for (const { tenant, service, incarnation } of places) {
    const death = { type: "shed", what, percent: Math.round(percent) } as const;
    const graceMs = draft.getService(tenant, service).release.limits.shutdownTimeoutMs;
    draft.effect({ type: "stop", tenant, service, incarnation, death, graceMs });
  }
}
