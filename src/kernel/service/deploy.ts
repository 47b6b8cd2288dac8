/** Deploy: a name in a tenant begins to run a release. */
import { type Intensity, limits, type Refusal, refuse } from "../../base/index.ts";
import { mayTouch } from "../access.ts";
import { intensityMax } from "../defaults.ts";
import type { Draft } from "../draft.ts";
import type { Born } from "../event.ts";
import { recall } from "../requests.ts";
import type { Service, Tenant } from "../state.ts";
import { type CommandInput, principalName, type Reply } from "../turn.ts";
import { isStopped } from "./life.ts";

export function deploy(draft: Draft, { principal, request, command }: CommandInput<"deploy">): Reply | Refusal {
  const { service, release, instances } = command;
  const tenant = draft.state.tenants.get(command.tenant);
  if (tenant?.phase !== "active" || !mayTouch(principal, tenant.id)) {
    return refuse("TENANT_NOT_FOUND", { tenant: command.tenant });
  }
  const repeated = recall(tenant.requests, request, draft.now);
  if (repeated !== undefined) return repeated;
  if (!Number.isInteger(instances) || instances < 1) {
    return refuse("INVALID_ARGUMENT", { field: "instances", problem: "must be a whole number from 1" });
  }
  if (instances > limits.instancesPerServiceMax) {
    return refuse("QUOTA_EXCEEDED", {
      what: "Instances of a service",
      limit: limits.instancesPerServiceMax,
      wanted: instances,
    });
  }
  const { maxProcesses } = release.limits;
  if (instances > maxProcesses) {
    return refuse("QUOTA_EXCEEDED", { what: "Processes of a service", limit: maxProcesses, wanted: instances });
  }
  const problem = intensityProblem(release.supervision.intensity);
  if (problem !== undefined) return refuse("INVALID_ARGUMENT", { field: "supervision.intensity", problem });
  const existing = tenant.services.get(service);
  if (existing !== undefined && !isStopped(existing)) return refuse("SERVICE_EXISTS", { service });
  if (principal.role !== "admin" && (release.tier === "system" || existing?.release.tier === "system")) {
    return refuse("NOT_ADMIN", { operation: "Deploying a SYSTEM service, or in the place of one," });
  }
  if (command.quota !== undefined && release.tier === "user") {
    if (command.quota.noRoom !== undefined) return command.quota.noRoom;
    const wanted = (draft.state.index.processes.get(tenant.id) ?? 0) + instances;
    const limit = command.quota.processesMax;
    if (wanted > limit) return refuse("QUOTA_EXCEEDED", { what: "Processes of a tenant", limit, wanted });
  }
  let forgets: Service | undefined;
  if (existing === undefined && tenant.services.size >= limits.servicesPerTenantMax) {
    forgets = oldestStopped(tenant);
    if (forgets === undefined) {
      return refuse("QUOTA_EXCEEDED", {
        what: "Services of a tenant",
        limit: limits.servicesPerTenantMax,
        wanted: tenant.services.size + 1,
      });
    }
  }

  const born: Born[] = [];
  for (let instance = 1; instance <= instances; instance++) {
    born.push({ instance, incarnation: draft.takeIncarnation(tenant.id) });
  }
  draft.record({
    type: "deployment_requested",
    tenant: tenant.id,
    subject: service,
    actor: principalName(principal),
    payload: {
      service,
      release,
      born,
      ...(forgets === undefined ? {} : { forgets: forgets.id }),
      ...(request === undefined ? {} : { request }),
    },
  });
  for (const { instance, incarnation } of born) {
    draft.effect({ type: "start", tenant: tenant.id, service, instance, incarnation, release, probation: false });
  }
  return { born, outcome: { name: "pending" }, repeated: false };
}

function intensityProblem({ restartsMax, withinMs }: Intensity): string | undefined {
  if (restartsMax > intensityMax.restartsMax) return `may ask for at most ${intensityMax.restartsMax} restarts`;
  if (withinMs > intensityMax.withinMs) return `may look back at most ${intensityMax.withinMs} ms`;
  const { restartsPerSecond } = intensityMax;
  if (restartsMax * 1_000 > withinMs * restartsPerSecond)
    return `may ask for at most ${restartsPerSecond} restart a second`;
  return undefined;
}

/** A stopped service stays visible until its place is needed. */
function oldestStopped(tenant: Tenant): Service | undefined {
  let oldest: Service | undefined;
  for (const service of tenant.services.values()) {
    if (isStopped(service) && (oldest === undefined || service.deployedBy < oldest.deployedBy)) oldest = service;
  }
  return oldest;
}
