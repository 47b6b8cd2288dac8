/** IssueCertificate: the log says that a certificate exists. Making it is its caller's; no key is seen here. */
import { type Refusal, refuse } from "../../base/index.ts";
import type { Draft } from "../draft.ts";
import { done, recall } from "../requests.ts";
import { type CommandInput, principalName, type Reply } from "../turn.ts";

export function issueCertificate(
  draft: Draft,
  { principal, request, command }: CommandInput<"issue_certificate">,
): Reply | Refusal {
  if (principal.role !== "admin") return refuse("NOT_ADMIN", { operation: "IssueCertificate" });
  const repeated = recall(draft.state.requests, request, draft.now);
  if (repeated !== undefined) return repeated;
  const { role, tenant, fingerprint, notAfterMs } = command;
  if ((role === "tenant") !== (tenant !== undefined)) {
    return refuse("INVALID_ARGUMENT", {
      field: "tenant",
      problem: role === "tenant" ? "is missing" : "must be absent for an administrator",
    });
  }
  if (tenant !== undefined && draft.state.tenants.get(tenant)?.phase !== "active") {
    return refuse("TENANT_NOT_FOUND", { tenant });
  }
  draft.record({
    type: "certificate_issued",
    ...(tenant === undefined ? {} : { tenant }),
    subject: tenant ?? "admin",
    actor: principalName(principal),
    payload: { role, fingerprint, notAfterMs, ...(request === undefined ? {} : { request }) },
  });
  return { born: [], outcome: done, repeated: false };
}
