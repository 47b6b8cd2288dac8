/** DeleteTenant: everything of a tenant stops, then the tenant is gone; at last its cells and payloads. */
import { type EventId, type Refusal, refuse, type TenantId } from "../../base/index.ts";
import type { Draft } from "../draft.ts";
import { recall } from "../requests.ts";
import { isAlive } from "../service/life.ts";
import { stopLiving } from "../service/stop.ts";
import type { Service } from "../state.ts";
import { type CommandInput, principalName, type Reply } from "../turn.ts";

export function deleteTenant(
  draft: Draft,
  { principal, request, command }: CommandInput<"delete_tenant">,
): Reply | Refusal {
  if (principal.role !== "admin") return refuse("NOT_ADMIN", { operation: "DeleteTenant" });
  const repeated = recall(draft.state.requests, request, draft.now);
  if (repeated !== undefined) return repeated;
  const tenant = draft.state.tenants.get(command.tenant);
  if (tenant === undefined) return refuse("TENANT_NOT_FOUND", { tenant: command.tenant });
  if (tenant.phase === "deleting") {
    // Without it, the request repeated later would delete another tenant of this name.
    if (request !== undefined) {
      draft.record({
        type: "tenant_deletion_noted",
        subject: tenant.id,
        actor: principalName(principal),
        payload: { deletes: tenant.id, request },
      });
    }
    return { born: [], outcome: { name: "pending" }, repeated: false };
  }

  const asked = draft.record({
    type: "tenant_deletion_requested",
    tenant: tenant.id,
    subject: tenant.id,
    actor: principalName(principal),
    payload: request === undefined ? {} : { request },
  });
  for (const service of tenant.services.keys()) stopLiving(draft, tenant.id, service);
  const gone = finishDeletion(draft, tenant.id, asked);
  return {
    born: [],
    outcome: gone ? { name: "stopped", death: { type: "stopped", why: "tenant_deleted" } } : { name: "pending" },
    repeated: false,
  };
}

const livesIn = (service: Service): number => {
  let count = 0;
  for (const { phase } of service.instances.values()) if (isAlive(phase)) count++;
  return count;
};

/** If the tenant is being deleted and nothing of it lives any more, it is gone. */
export function finishDeletion(draft: Draft, id: TenantId, asked?: EventId): boolean {
  const tenant = draft.tenant(id);
  if (tenant === undefined || (tenant.phase !== "deleting" && asked === undefined)) return false;
  const alive = (draft.state.index.living.get(id)?.size ?? 0) + draft.change(id, livesIn);
  if (alive > 0) return false;
  const cause = asked ?? tenant.deletionRequestedBy;
  draft.record({
    type: "tenant_deleted",
    tenant: id,
    subject: id,
    actor: "solo",
    payload: {},
    ...(cause === undefined ? {} : { cause }),
  });
  draft.effect({ type: "retire_tenant", tenant: id });
  return true;
}
