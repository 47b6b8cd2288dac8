/** List: the services of a tenant, or of all. */
import { create } from "@bufbuild/protobuf";
import {
  deathOf,
  DeathSchema,
  ListResponseSchema,
  parseTier,
  restartOf,
  ServiceInfoSchema,
  statusValue,
  strategyOf,
  SupervisionSchema,
  tierOf,
  type Death,
  type ServiceInfo,
} from "../../api/index.ts";
import { isRefusal, refuse, type IncarnationNumber, type Instant, type TenantId } from "../../base/index.ts";
import { findTenant, servicesInStartOrder, type Service } from "../../kernel/index.ts";
import type { Usage } from "../ports.ts";
import { describe, livesIn, pidOfPast, type Lives } from "./describe.ts";
import { invalid, scopeOf } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";
import { sayConditions } from "./status.ts";

/** An answer has a size: an administrator of more asks tenant by tenant. */
const servicesMax = 10_000;

export const list: UnaryHandler<"list"> = async (ports, principal, request) => {
  const scope = scopeOf(principal, request.tenantId);
  if (isRefusal(scope)) return scope;
  const tier = request.filterTier === undefined ? undefined : parseTier(request.filterTier);
  if (request.filterTier !== undefined && tier === undefined) return invalid("filter_tier", "is no known tier");

  const found = await ports.read((state, now) => {
    const wanted = scope === undefined ? [...state.tenants.values()] : [findTenant(state, scope)];
    const tenants = wanted.flatMap((tenant) =>
      tenant === undefined ? [] : [{ id: tenant.id, services: servicesInStartOrder(tenant) }],
    );
    return scope !== undefined && tenants.length === 0
      ? refuse("TENANT_NOT_FOUND", { tenant: scope })
      : { tenants, now };
  });
  if (isRefusal(found)) return found;
  const count = found.tenants.reduce((total, { services }) => total + services.length, 0);
  if (count > servicesMax) {
    return refuse("QUOTA_EXCEEDED", {
      what: "Services in one answer (name a tenant)",
      limit: servicesMax,
      wanted: count,
    });
  }
  const infos: ServiceInfo[] = [];
  for (const tenant of found.tenants) {
    const services = tenant.services.filter(({ release }) => tier === undefined || release.tier === tier);
    if (services.length === 0) continue;
    const usages = await ports.usage(tenant.id);
    const lives = livesIn(ports, tenant.id);
    for (const service of services) {
      const info = infoOf(tenant.id, service, usages, found.now, lives);
      if (info.reason === "") {
        info.reason = sayConditions(ports.conditions({ tenant: tenant.id, service: service.id }), service);
      }
      infos.push(info);
    }
  }
  return create(ListResponseSchema, { services: infos });
};

function infoOf(
  tenant: TenantId,
  service: Service,
  usages: ReadonlyMap<IncarnationNumber, Usage>,
  now: Instant,
  lives: Lives,
): ServiceInfo {
  const seen = describe(service, usages, now, lives);
  const { release } = service;
  return create(ServiceInfoSchema, {
    serviceId: service.id,
    tenantId: tenant,
    pid: seen.pid,
    status: statusValue(seen.status),
    reason: seen.reason,
    tier: tierOf(release.tier),
    uptimeSeconds: seen.uptimeSeconds,
    currentUsage: seen.usage,
    restartCount: service.restartCount,
    instances: [...seen.instances],
    nextRestartMs: seen.nextRestartMs,
    ...lastDeathOf(service),
    restart: restartOf(release.restart),
    supervision: create(SupervisionSchema, {
      strategy: strategyOf(release.supervision.strategy),
      maxRestarts: release.supervision.intensity.restartsMax,
      withinMs: release.supervision.intensity.withinMs,
    }),
  });
}

/** There may be thousands in one answer. */
const summaryLengthMax = 300;

function lastDeathOf(service: Service): { readonly lastDeath?: Death } {
  const last = service.deaths.at(-1);
  if (last === undefined) return {};
  const death = deathOf(last.death, { pid: pidOfPast(service, last.incarnation), atMs: last.at });
  const { type, pid, atMs, remedy } = death;
  const summary = death.summary.slice(0, summaryLengthMax);
  return { lastDeath: create(DeathSchema, { type, summary, pid, atMs, remedy }) };
}
