/**
 * IssueCertificate: a client certificate with a fresh key, which is shown once and not kept. The certificate is made before
 * the log records it: what is not recorded is not given out.
 */
import { create } from "@bufbuild/protobuf";
import {
  IssueCertificateRequest_Role,
  IssueCertificateRequestSchema,
  IssueCertificateResponseSchema,
} from "../../api/index.ts";
import { isRefusal, refuse } from "../../base/index.ts";
import { absentTenant } from "./call.ts";
import { countOf, invalid, namedTenant } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";
import { markOf } from "./request-mark.ts";

const daysDefault = 365;
const daysMax = 3_650;

export const issueCertificate: UnaryHandler<"issueCertificate"> = async (ports, principal, request) => {
  const days = countOf("days", request.days, { otherwise: daysDefault, min: 1, max: daysMax });
  if (isRefusal(days)) return days;
  const whose = holderOf(request);
  if (isRefusal(whose)) return whose;
  const mark = markOf(ports, IssueCertificateRequestSchema, request, whose.tenant);
  if (isRefusal(mark)) return mark;
  if (whose.tenant !== undefined && !ports.isActive(whose.tenant)) return absentTenant(ports, whose.tenant);

  const born = whose.tenant === undefined ? undefined : ports.bornAt(whose.tenant);
  const issued = await ports.certificates.issue({ ...whose, ...(born === undefined ? {} : { bornAt: born.at }), days });
  const { fingerprint, notAfterMs } = issued;
  const reply = await ports.command({
    principal,
    ...mark,
    command: { type: "issue_certificate", ...whose, fingerprint, notAfterMs },
  });
  if (isRefusal(reply)) return reply;
  if (reply.repeated) return refuse("CERTIFICATE_ISSUED", { requestId: request.requestId });
  return create(IssueCertificateResponseSchema, {
    certificatePem: issued.certificatePem,
    privateKeyPem: issued.privateKeyPem,
    caPem: issued.caPem,
    notAfterMs: BigInt(notAfterMs),
    fingerprint,
  });
};

function holderOf(request: { readonly role: number; readonly tenantId: string }) {
  if (request.role === IssueCertificateRequest_Role.ADMIN) {
    if (request.tenantId !== "") return invalid("tenant_id", "must be empty with role ADMIN");
    return { role: "admin" } as const;
  }
  if (request.role !== IssueCertificateRequest_Role.TENANT) return invalid("role", "is no known role");
  const tenant = namedTenant(request.tenantId);
  return isRefusal(tenant) ? tenant : ({ role: "tenant", tenant } as const);
}
