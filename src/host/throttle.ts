/** Which services take nothing new for now: their cells are told, and only of what has changed. */
import type { ServiceId, TenantId } from "../base/index.ts";
import type { Cell } from "./cell.ts";

/** These services, and no others. */
export function throttle(
  cells: readonly Cell[],
  services: readonly { readonly tenant: TenantId; readonly service: ServiceId }[],
): void {
  const wanted = new Set(services.map(({ tenant, service }) => `${tenant}/${service}`));
  for (const { tenant, phase, held } of cells) {
    if (tenant === undefined || phase.name !== "open") continue;
    for (const one of held.values()) {
      const throttled = wanted.has(`${tenant}/${one.service}`);
      if (one.phase !== "running" || (one.throttled ?? false) === throttled) continue;
      one.throttled = throttled;
      phase.link.send({ type: "throttle", incarnation: one.incarnation, throttled });
    }
  }
}
