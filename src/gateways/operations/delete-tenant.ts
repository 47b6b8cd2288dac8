/** DeleteTenant: answered when it is decided for good; its services then end, and its data is erased. */
import { create } from "@bufbuild/protobuf";
import { DeleteTenantRequestSchema, DeleteTenantResponseSchema } from "../../api/index.ts";
import { isRefusal } from "../../base/index.ts";
import { namedTenant } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";
import { markOf } from "./request-mark.ts";

export const deleteTenant: UnaryHandler<"deleteTenant"> = async (ports, principal, request) => {
  const tenant = namedTenant(request.tenantId);
  if (isRefusal(tenant)) return tenant;
  const mark = markOf(ports, DeleteTenantRequestSchema, request, tenant);
  if (isRefusal(mark)) return mark;
  const reply = await ports.command({ principal, ...mark, command: { type: "delete_tenant", tenant } });
  return isRefusal(reply) ? reply : create(DeleteTenantResponseSchema, { tenantId: tenant });
};
