/** Status: everything that a service's owner may want to know of it. */
import { create } from "@bufbuild/protobuf";
import { deathOf, resourceLimitsOf, StatusResponseSchema, statusValue, type Death } from "../../api/index.ts";
import { isRefusal, refuse, sayDeath, type EventId } from "../../base/index.ts";
import { findService, findTenant, type Principal, type Service } from "../../kernel/index.ts";
import type { Ports } from "../ports.ts";
import { describe, livesIn, livingIn, pidOfPast } from "./describe.ts";
import { serviceOf, tenantOf } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";

export const status: UnaryHandler<"status"> = async (ports, principal, request) => {
  const tenant = tenantOf(principal, request.tenantId);
  if (isRefusal(tenant)) return tenant;
  const id = serviceOf(request.serviceId);
  if (isRefusal(id)) return id;
  const found = await ports.read((state, now) =>
    findTenant(state, tenant) === undefined
      ? refuse("TENANT_NOT_FOUND", { tenant })
      : { service: findService(state, { tenant, service: id }), now },
  );
  if (isRefusal(found)) return found;
  // A service is a value that is replaced, never changed: it may be looked at after the state has moved on.
  const { service, now } = found;
  if (service === undefined) return refuse("SERVICE_NOT_FOUND", { service: id });
  const usages = await ports.usage(tenant, livingIn(service));
  const seen = describe(service, usages, now, livesIn(ports, tenant));
  const deaths = await pastDeaths(ports, principal, service);
  return create(StatusResponseSchema, {
    serviceId: id,
    tenantId: tenant,
    status: statusValue(seen.status),
    reason: seen.reason,
    pid: seen.pid,
    currentUsage: seen.usage,
    uptimeSeconds: seen.uptimeSeconds,
    restartCount: service.restartCount,
    errors: service.deaths.map(({ death }) => sayDeath(death)).toReversed(),
    release: service.release.id,
    instances: [...seen.instances],
    deaths: [...deaths],
    nextRestartMs: seen.nextRestartMs,
    sandbox: sandboxOf(ports),
    resourceLimits: resourceLimitsOf(service.release.limits),
  });
};

export const sandboxOf = (ports: Ports): string =>
  ports.node.sandbox.length === 0
    ? "cells run WITHOUT an OS sandbox"
    : `cells run in a sandbox: ${ports.node.sandbox.join(", ")}`;

/** Newest first. Tenants know events by their own numbers. */
async function pastDeaths(ports: Ports, principal: Principal, service: Service): Promise<readonly Death[]> {
  const ids = service.deaths.map(({ event }) => event);
  const own =
    principal.role === "tenant" && ids.length > 0 ? await ports.events.sequenceOf(principal.tenant, ids) : undefined;
  const numberOf = (event: EventId): number => (principal.role === "admin" ? event : (own?.get(event) ?? 0));
  return service.deaths
    .map(({ death, at, event, incarnation }) =>
      deathOf(death, { pid: pidOfPast(service, incarnation), atMs: at, event: numberOf(event) }),
    )
    .toReversed();
}
