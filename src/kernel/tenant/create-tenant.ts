/** CreateTenant: an agent or team gets a place of its own. */
import { limits, type Refusal, refuse } from "../../base/index.ts";
import type { Draft } from "../draft.ts";
import { done, recall } from "../requests.ts";
import { type CommandInput, principalName, type Reply } from "../turn.ts";

export function createTenant(
  draft: Draft,
  { principal, request, command: { tenant } }: CommandInput<"create_tenant">,
): Reply | Refusal {
  if (principal.role !== "admin") return refuse("NOT_ADMIN", { operation: "CreateTenant" });
  const { state } = draft;
  const repeated = recall(state.requests, request, draft.now);
  if (repeated !== undefined) return repeated;
  // The name of a deleted tenant is free again when nothing of it is left.
  if (state.tenants.has(tenant) || state.retiring.has(tenant)) return refuse("TENANT_EXISTS", { tenant });
  const wanted = state.tenants.size + state.retiring.size + 1;
  if (wanted > limits.tenantsMax)
    return refuse("QUOTA_EXCEEDED", { what: "Tenants", limit: limits.tenantsMax, wanted });
  draft.record({
    type: "tenant_created",
    tenant,
    subject: tenant,
    actor: principalName(principal),
    payload: request === undefined ? {} : { request },
  });
  return { born: [], outcome: done, repeated: false };
}
