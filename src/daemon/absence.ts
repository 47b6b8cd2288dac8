/** What the state says to a message whose service has no route. */
import { type IncarnationNumber, never, sayDeath, type ServiceId, type TenantId } from "../base/index.ts";
import type { Absence, Life } from "../host/index.ts";
import { findIncarnation, type Instance, type State } from "../kernel/index.ts";

export function absenceOf(state: State, tenant: TenantId, id: ServiceId): Absence {
  const service = state.tenants.get(tenant)?.services.get(id);
  if (service === undefined) return { name: "absent" };
  let why = "it has no instances";
  for (const { phase } of service.instances.values()) {
    switch (phase.name) {
      case "starting":
      case "running":
      case "waiting":
      case "suspended":
        return { name: "coming" };
      case "resting":
        why = "it crashed too often and rests";
        break;
      case "stopping":
        if (phase.then === "restart") return { name: "coming" };
        why = sayDeath(phase.death);
        break;
      case "stopped":
        why = sayDeath(phase.death);
        break;
      default:
        return never(phase);
    }
  }
  return { name: "stopped", why };
}

/** What the state says of one life of a service. Numbers are never used twice: what ended stays so. */
export function lifeOf(
  state: State,
  { tenant, service, incarnation }: { tenant: TenantId; service: ServiceId; incarnation: IncarnationNumber },
): Life {
  const known = state.tenants.get(tenant);
  if (known === undefined || incarnation >= known.nextIncarnation) return "unknown";
  const place = findIncarnation(state, { tenant, incarnation });
  if (place === undefined) return "ended";
  if (place.service !== service) return "unknown";
  const instance = known.services.get(service)?.instances.get(place.instance);
  return instance?.phase.name === "stopping" ? "ended" : "lives";
}

/** In safe mode the state stands still and nothing is started: only what a cell still holds can come. */
export function absenceInSafeMode(
  state: State,
  tenant: TenantId,
  id: ServiceId,
  isHeld: (incarnation: IncarnationNumber) => boolean,
): Absence {
  const found = absenceOf(state, tenant, id);
  const instances = state.tenants.get(tenant)?.services.get(id)?.instances ?? new Map<number, Instance>();
  for (const { phase } of instances.values()) if ("incarnation" in phase && isHeld(phase.incarnation)) return found;
  return found.name === "coming"
    ? { name: "stopped", why: "it ended in safe mode, in which nothing is started" }
    : found;
}
