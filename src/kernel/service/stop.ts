/** Carrying out what the state already says: whatever is stopping is told to, right to left. */
import type { ServiceId, TenantId } from "../../base/index.ts";
import type { Draft } from "../draft.ts";

/** Repeats itself harmlessly: a stop is idempotent by incarnation. */
export function stopLiving(draft: Draft, tenant: TenantId, service: ServiceId): void {
  for (const { phase } of [...draft.getService(tenant, service).instances.values()].toReversed()) {
    if (phase.name !== "stopping") continue;
    const { incarnation, death, graceMs } = phase;
    draft.effect({ type: "stop", tenant, service, incarnation, death, graceMs });
  }
}
