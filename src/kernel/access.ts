/** Who may act on whom. What a principal may not touch is, for it, not there. */
import type { TenantId } from "../base/index.ts";
import type { Principal } from "./turn.ts";

export const mayTouch = (principal: Principal, tenant: TenantId): boolean =>
  principal.role === "admin" || principal.tenant === tenant;
