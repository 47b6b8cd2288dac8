/** Kill: a service is told to stop, and stays stopped. */
import { limits, type Refusal, refuse, type ServiceId, type TenantId } from "../../base/index.ts";
import { mayTouch } from "../access.ts";
import type { Draft } from "../draft.ts";
import { recall } from "../requests.ts";
import type { Outcome, Service } from "../state.ts";
import { type CommandInput, principalName, type Reply } from "../turn.ts";
import { endOf, isBeingKilled, isStopped, living } from "./life.ts";
import { stopLiving } from "./stop.ts";

export function kill(draft: Draft, { principal, request, command }: CommandInput<"kill">): Reply | Refusal {
  const tenant = draft.state.tenants.get(command.tenant);
  if (!mayTouch(principal, command.tenant)) return refuse("SERVICE_NOT_FOUND", { service: command.service });
  if (tenant === undefined) {
    return principal.role === "admin"
      ? refuse("TENANT_NOT_FOUND", { tenant: command.tenant })
      : refuse("SERVICE_NOT_FOUND", { service: command.service });
  }
  const repeated = recall(tenant.requests, request, draft.now);
  if (repeated !== undefined) return repeated;
  const { graceMs: wanted = 0 } = command;
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > limits.shutdownTimeoutMsMax) {
    const problem = `must be a whole number in [0, ${limits.shutdownTimeoutMsMax}]`;
    return refuse("INVALID_ARGUMENT", { field: "grace_ms", problem });
  }
  const service = tenant.services.get(command.service);
  if (service === undefined) return refuse("SERVICE_NOT_FOUND", { service: command.service });

  if (service.release.tier === "system" && principal.role !== "admin") {
    return refuse("NOT_ADMIN", { operation: "Killing a SYSTEM service" });
  }

  const born = living(service);
  const isUnderWay = tenant.phase === "deleting" || (isBeingKilled(service) && !(command.forced && canHasten(service)));
  if (isStopped(service) || isUnderWay) {
    // Without it, the request repeated after the next deployment would kill that.
    if (request !== undefined) {
      draft.record({
        type: "service_kill_noted",
        tenant: tenant.id,
        subject: service.id,
        actor: principalName(principal),
        payload: { service: service.id, request },
      });
    }
    return { born, outcome: endOf(service), repeated: false };
  }

  const graceMs = command.forced ? 0 : (command.graceMs ?? service.release.limits.shutdownTimeoutMs);
  draft.record({
    type: "service_kill_requested",
    tenant: tenant.id,
    subject: service.id,
    actor: principalName(principal),
    payload: {
      service: service.id,
      forced: command.forced,
      graceMs,
      by: principalName(principal),
      ...(request === undefined ? {} : { request }),
    },
  });
  stopLiving(draft, tenant.id, service.id);
  const outcome = finishKill(draft, tenant.id, service.id);
  return { born, outcome, repeated: false };
}

const canHasten = (service: Service): boolean => {
  for (const { phase } of service.instances.values()) if (phase.name === "stopping" && phase.graceMs > 0) return true;
  return false;
};

/** Records that a kill is fulfilled, if nothing of the service is left. */
export function finishKill(draft: Draft, tenant: TenantId, id: ServiceId): Outcome {
  const service = draft.getService(tenant, id);
  if (service.kill === undefined || !isBeingKilled(service) || !isStopped(service)) return service.deployment;
  const { because, death } = service.kill;
  const actor = death.type === "killed" ? death.by : "solo";
  draft.record({ type: "service_killed", tenant, subject: id, actor, payload: { service: id, death }, cause: because });
  return { name: "stopped", death };
}
