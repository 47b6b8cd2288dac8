/**
 * From a certificate that TLS verified to a principal. What the certificate says is settled once per connection; whether
 * the tenant exists is asked of the state for each request, so that a deleted tenant's certificate opens nothing.
 */
import type { PeerCertificate } from "node:tls";
import { parseTenantId, refuse, type Refusal } from "../../base/index.ts";
import type { Principal, State } from "../../kernel/index.ts";

const unknown = refuse("CERTIFICATE_UNKNOWN");

/** CN = tenant, OU = tenant; or OU = admin, whose CN is a name for people. */
export function principalOf(certificate: PeerCertificate | undefined): Principal | Refusal {
  // An empty object is what Node gives if there is none.
  const { CN, OU } = certificate?.subject ?? {};
  if (typeof CN !== "string" || typeof OU !== "string") return unknown;
  if (OU === "admin") return { role: "admin", name: CN.slice(0, 64) };
  const tenant = OU === "tenant" ? parseTenantId(CN) : undefined;
  return tenant === undefined ? unknown : { role: "tenant", tenant };
}

/** A no if the principal's tenant is not there any more, or is about to be gone. */
export function absence(principal: Principal, state: State): Refusal | undefined {
  if (principal.role === "admin") return undefined;
  return state.tenants.get(principal.tenant)?.phase === "active" ? undefined : unknown;
}
