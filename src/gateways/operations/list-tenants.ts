/** ListTenants. */
import { create } from "@bufbuild/protobuf";
import { ListTenantsResponse_TenantSchema, ListTenantsResponseSchema } from "../../api/index.ts";
import type { UnaryHandler } from "./handler.ts";

export const listTenants: UnaryHandler<"listTenants"> = async (ports) => {
  const tenants = await ports.read((state) =>
    [...state.tenants.values()].map(({ id, createdAt, phase, services }) =>
      create(ListTenantsResponse_TenantSchema, {
        tenantId: id,
        createdAtMs: BigInt(Math.trunc(createdAt)),
        services: services.size,
        phase,
      }),
    ),
  );
  return create(ListTenantsResponseSchema, {
    tenants: tenants.toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1)),
  });
};
