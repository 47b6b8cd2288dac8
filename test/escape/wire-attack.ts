/** Attacks by a cell whose process is hostile: the guest does nothing, the deed is that of the cell. */
import assert from "node:assert/strict";
import type { ServiceInfo } from "../../src/api/index.ts";
import { type Attack, endsSoon, type Expected, guest, type Stage } from "./attack.ts";

export const wireAttack = (name: string, what: string, expects: Expected, run?: Attack["run"]): Attack => ({
  name,
  what,
  // Never answered by the guest: an answer is the deed's.
  source: guest("attack() { return new Promise(() => {}); }"),
  limits: endsSoon,
  expects,
  ...(run === undefined ? {} : { run }),
});

/** The attacker among all services of all tenants, as an administrator is told of them; the other tenant's must be there. */
export async function listed({ admin, tenantId }: Stage): Promise<ServiceInfo | undefined> {
  const { services } = await admin.list({});
  const find = (tenant: string, service: string): ServiceInfo | undefined =>
    services.find((one) => one.tenantId === tenant && one.serviceId === service);
  assert.ok(find("victim", "steady") !== undefined, "the other tenant's service is listed");
  return find(tenantId, "attacker");
}
