/** CreateTenant. Its certificate is another step: IssueCertificate. */
import { create } from "@bufbuild/protobuf";
import { CreateTenantRequestSchema, CreateTenantResponseSchema } from "../../api/index.ts";
import { isRefusal } from "../../base/index.ts";
import { namedTenant } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";
import { markOf } from "./request-mark.ts";

export const createTenant: UnaryHandler<"createTenant"> = async (ports, principal, request) => {
  const tenant = namedTenant(request.tenantId);
  if (isRefusal(tenant)) return tenant;
  const mark = markOf(ports, CreateTenantRequestSchema, request, tenant);
  if (isRefusal(mark)) return mark;
  const reply = await ports.command({ principal, ...mark, command: { type: "create_tenant", tenant } });
  return isRefusal(reply) ? reply : create(CreateTenantResponseSchema, { tenantId: tenant });
};
