/**
 * Who takes a place of which shedder. Calls may be held up by the services that they call; what one does about that (Kill,
 * Status) has places of its own. Administrators take none: they always get through.
 */
import type { OperationName } from "../api/index.ts";
import type { Refusal } from "../base/index.ts";
import type { Principal } from "../kernel/index.ts";
import { type Lease, Shedder, type ShedderLimits } from "./shedder.ts";

export interface SheddingLimits {
  /** Calls and casts. */
  readonly calls: ShedderLimits;
  /** All other operations that answer once. */
  readonly control: ShedderLimits;
}

export const sheddingDefaults: SheddingLimits = {
  calls: { totalMax: 6_000, perTenantMax: 2_000, waitingPerTenantMax: 1_000, waitMsMax: 500 },
  control: { totalMax: 1_000, perTenantMax: 250, waitingPerTenantMax: 1_000, waitMsMax: 2_000 },
};

export type Shedding = (
  principal: Principal,
  operation: OperationName,
  signal: AbortSignal,
) => Lease | Promise<Lease | Refusal>;

export function makeShedding(limits: SheddingLimits): Shedding {
  const calls = new Shedder(limits.calls);
  const control = new Shedder(limits.control);
  return (principal, operation, signal) => {
    if (principal.role === "admin") return free;
    const shedder = operation === "call" || operation === "cast" ? calls : control;
    return shedder.enter(principal.tenant, signal);
  };
}

const free: Lease = () => undefined;
