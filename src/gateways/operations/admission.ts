/** What is asked of every request before its handler sees it, whatever protocol it came by. */
import type { Failure, Operation } from "../../api/index.ts";
import { refusals, refuse, type Refusal } from "../../base/index.ts";
import type { Principal } from "../../kernel/index.ts";
import { absence } from "../identity/principal.ts";
import type { Ports } from "../ports.ts";

/** Resolves with a no, if there is one. Its order is part of the contract: who asks, what is asked, whether it can be now. */
export async function refuseAdmission(
  ports: Ports,
  principal: Principal,
  operation: Operation,
): Promise<Refusal | undefined> {
  // The quick look waits for no disk; before a tenant is turned away, its end must be certain.
  if (principal.role === "tenant" && !ports.isActive(principal.tenant)) {
    const gone = await ports.read((state) => absence(principal, state));
    if (gone !== undefined) return gone;
  }
  if (operation.who === "admin" && principal.role !== "admin") return refuse("NOT_ADMIN", { operation: operation.rpc });
  if (!operation.implemented) return refuse("UNIMPLEMENTED", { operation: operation.rpc });
  return operation.mutates ? ports.node.readOnly() : undefined;
}

/** Refusals that tell of someone trying what is not theirs are counted in the log. */
export function observeRefusal(
  ports: Ports,
  principal: Principal | undefined,
  operation: Operation,
  failure: Failure,
): void {
  const { status } = refusals[failure.refused];
  const foreign = principal?.role === "tenant" && failure.refused === "TENANT_NOT_FOUND";
  if (status !== "PERMISSION_DENIED" && status !== "UNAUTHENTICATED" && !foreign) return;
  ports.events.observe({
    type: "request_refused",
    // What was counted of a deleted tenant would outlive its erasure.
    ...(principal?.role === "tenant" && ports.isActive(principal.tenant) ? { tenant: principal.tenant } : {}),
    subject: operation.rpc,
    detail: failure.refused,
    count: 1,
  });
}
