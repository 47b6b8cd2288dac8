/** Status: everything that a service's owner may want to know of it. */
import { create } from "@bufbuild/protobuf";
import {
  CircuitBreakerSchema,
  deathOf,
  resourceLimitsOf,
  ResourceViolationSchema,
  StatusResponseSchema,
  statusValue,
  tierOf,
  UsageSampleSchema,
  type CircuitBreaker,
  type Death,
  type ResourceViolation,
  type UsageSample,
} from "../../api/index.ts";
import {
  isRefusal,
  limits,
  pidOf,
  refuse,
  sayDeath,
  sayExcess,
  type EventId,
  type Excess,
  type TenantId,
} from "../../base/index.ts";
import { findService, findTenant, living, type Principal, type Service } from "../../kernel/index.ts";
import type { Conditions, Ports } from "../ports.ts";
import { describe, livesIn, livingIn, pidOfPast, sum } from "./describe.ts";
import { serviceOf, tenantOf } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";
import { logEntryOf } from "./log-entry.ts";

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
  const deaths = await pastDeaths(ports, principal, service, tenant);
  const conditions = ports.conditions({ tenant, service: id });
  return create(StatusResponseSchema, {
    serviceId: id,
    tenantId: tenant,
    status: statusValue(seen.status),
    reason: seen.reason === "" ? sayConditions(conditions, service) : seen.reason,
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
    violations: conditions.excesses.map((excess) => violationOf(excess, service)),
    ...(conditions.circuit === undefined ? {} : { circuitBreaker: circuitOf(conditions.circuit) }),
    history: [...historyOf(ports, tenant, service)],
    tier: tierOf(service.release.tier),
  });
};

export const sandboxOf = (ports: Ports): string =>
  ports.node.sandbox.length === 0
    ? "cells run WITHOUT an OS sandbox"
    : `cells run in a sandbox: ${ports.node.sandbox.join(", ")}`;

/** Why a service that runs is not well. */
export function sayConditions({ excesses, circuit }: Conditions, { release }: Service): string {
  const said: string[] = [];
  if (circuit?.state === "open") {
    said.push(`left alone for ${circuit.retryAfterMs} ms after ${circuit.failures} failures in a row`);
  }
  const [excess] = excesses;
  const throttled = release.limits.limitExceededAction === "throttle";
  if (excess !== undefined) said.push(`${throttled ? "throttled" : "over its limit"}: ${sayExcess(excess)}`);
  return said.join("; ");
}

const violationOf = (excess: Excess, { release }: Service): ResourceViolation =>
  create(ResourceViolationSchema, {
    what: excess.what,
    used: BigInt(Math.trunc(excess.used)),
    limit: BigInt(excess.limit),
    action: resourceLimitsOf(release.limits).limitExceededAction,
    summary: sayExcess(excess),
  });

const circuitOf = ({ state, failures, retryAfterMs }: NonNullable<Conditions["circuit"]>): CircuitBreaker =>
  create(CircuitBreakerSchema, { state, failures, retryAfterMs: BigInt(retryAfterMs) });

/** Samples in one answer, of all instances. */
const samplesMax = 240;

function* historyOf(ports: Ports, tenant: TenantId, service: Service): Generator<UsageSample> {
  const lives = living(service);
  const each = Math.max(1, Math.floor(samplesMax / Math.max(1, lives.length)));
  for (const born of lives) {
    for (const sample of ports.history({ tenant, incarnation: born.incarnation }).slice(-each)) {
      yield create(UsageSampleSchema, {
        timestampMs: BigInt(Math.trunc(sample.atMs)),
        pid: pidOf(born),
        usage: sum([sample]),
      });
    }
  }
}

/** Log lines that are told with a death, and of how many deaths. */
const linesMax = 5;
const deathsWithLinesMax = 3;

/** Newest first. Tenants know events by their own numbers. */
async function pastDeaths(
  ports: Ports,
  principal: Principal,
  service: Service,
  tenant: TenantId,
): Promise<readonly Death[]> {
  const ids = service.deaths.map(({ event }) => event);
  const own =
    principal.role === "tenant" && ids.length > 0 ? await ports.events.sequenceOf(principal.tenant, ids) : undefined;
  const numberOf = (event: EventId): number => (principal.role === "admin" ? event : (own?.get(event) ?? 0));
  const lines = ids.length === 0 ? [] : ports.logs.tail({ tenant, service: service.id }, limits.logRingLinesMax);
  return service.deaths.toReversed().map(({ death, at, event, incarnation }, age) => {
    const its = age < deathsWithLinesMax ? lines.filter((line) => line.incarnation === incarnation) : [];
    const lastLines = its.slice(-linesMax).map(logEntryOf);
    return deathOf(death, { pid: pidOfPast(service, incarnation), atMs: at, event: numberOf(event), lastLines });
  });
}
