/** Deploy: source becomes a release, the release a service; answered when it runs, or with why it does not. */
import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import {
  DeployRequestSchema,
  DeployResponseSchema,
  LogLevel_Value,
  parseLevel,
  parseResourceLimits,
  parseRestart,
  parseStrategy,
  parseTier,
  statusValue,
  withEvidence,
  type DeployRequest,
  type DeployResponse,
  type Failure,
} from "../../api/index.ts";
import {
  insist,
  isRefusal,
  limits,
  never,
  pidOf,
  refuse,
  sayDeath,
  systemResourceLimitsDefault,
  type ArtifactHash,
  type Death,
  type Refusal,
  type ReleaseId,
  type RequestId,
  type ServiceId,
  type SupervisorSpec,
  type TenantId,
} from "../../base/index.ts";
import {
  findTenant,
  isStopped,
  serviceSupervisionDefault,
  systemSupervisionDefault,
  type Born,
  type Principal,
  type Release,
} from "../../kernel/index.ts";
import type { Place, Ports } from "../ports.ts";
import { diagnosticsOf, sourceOf, syntaxError, type Source } from "./compile.ts";
import { countOf, invalid, serviceOf, tenantOf } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";
import { logEntryOf } from "./log-entry.ts";
import { markOf } from "./request-mark.ts";

/** Lines that a failed start is answered with. */
const lastLines = 10;

export const deploy: UnaryHandler<"deploy"> = async (ports, principal, request, signal) => {
  const order = parse(principal, request);
  if (isRefusal(order)) return order;
  const { tenant, service, source, settings, environment, instances } = order;
  const mark = markOf(ports, DeployRequestSchema, request, tenant);
  if (isRefusal(mark)) return mark;

  const built = await ports.builder.compile(source);
  if (isRefusal(built)) return built;
  if ("rejected" in built) {
    return withEvidence(syntaxError(source, built.rejected), {
      executed: "not_executed",
      diagnostics: diagnosticsOf(built.rejected),
    });
  }

  const early = await refusedAlready(ports, order, mark.request?.id);
  if (early !== undefined) return early;
  using hold = ports.artifacts.hold(tenant);
  const stored = await Promise.all(
    [source.source, built.code, built.sourceMap, ...(environment === undefined ? [] : [environment])].map((bytes) =>
      hold.put(bytes),
    ),
  );
  const [sourceHash, compiled, sourceMap, environmentHash] = stored;
  const full = stored.find(isRefusal);
  if (full !== undefined) return full;
  insist(isHash(sourceHash) && isHash(compiled) && isHash(sourceMap), "all artifacts are stored");
  const content = {
    ...settings,
    source: sourceHash,
    compiled,
    sourceMap,
    ...(isHash(environmentHash) ? { environment: environmentHash } : {}),
  };
  const release: Release = { id: ports.artifacts.releaseId(content), ...content };
  const reply = await ports.command({
    principal,
    ...mark,
    command: { type: "deploy", tenant, service, release, instances },
  });
  hold[Symbol.dispose]();
  if (isRefusal(reply)) return reply;

  const [first] = reply.born;
  const outcome =
    reply.outcome.name === "pending" && first !== undefined
      ? await ports.settled({ tenant, service, incarnation: first.incarnation }, signal)
      : reply.outcome;
  if (isRefusal(outcome)) return outcome;
  switch (outcome.name) {
    case "running":
      return running(service, release.id, outcome.born, built.warnings);
    case "failed":
    case "stopped":
      return startupFailed(ports, { tenant, service, born: reply.born }, outcome.death);
    case "pending":
      return refuse("SERVICE_NOT_RUNNING", { service, why: "its deployment has not ended" });
    default:
      return never(outcome);
  }
};

/** What the turn would refuse is refused before anything is stored for it; a repeated request is the turn's to answer. */
const refusedAlready = (
  ports: Ports,
  { tenant, service }: Order,
  asked: RequestId | undefined,
): Promise<Refusal | undefined> =>
  ports.read((state) => {
    const there = findTenant(state, tenant);
    if (there?.phase !== "active") return refuse("TENANT_NOT_FOUND", { tenant });
    const existing = there.services.get(service);
    if (existing === undefined || isStopped(existing)) return undefined;
    return asked !== undefined && there.requests.has(asked) ? undefined : refuse("SERVICE_EXISTS", { service });
  });

const isHash = (stored: ArtifactHash | Refusal | undefined): stored is ArtifactHash => typeof stored === "string";

function running(
  service: ServiceId,
  release: ReleaseId,
  born: readonly Born[],
  warnings: readonly Place[],
): DeployResponse {
  const pids = born.map(pidOf);
  return create(DeployResponseSchema, {
    serviceId: service,
    pid: pids[0] ?? "",
    pids,
    status: statusValue("RUNNING"),
    release,
    warnings: [...diagnosticsOf(warnings)],
  });
}

function startupFailed(
  ports: Ports,
  at: { readonly tenant: TenantId; readonly service: ServiceId; readonly born: readonly Born[] },
  death: Death,
): Failure {
  const [first] = at.born;
  const incarnations = new Set(at.born.map(({ incarnation }) => incarnation));
  const lines = ports.logs.tail(at, lastLines).filter((line) => incarnations.has(line.incarnation));
  return withEvidence(refuse("STARTUP_FAILED", { service: at.service, why: sayDeath(death) }), {
    executed: "executed",
    death: { reason: death, pid: first === undefined ? "" : pidOf(first), atMs: ports.node.now() },
    logs: lines.map(logEntryOf),
  });
}

// ---------------------------------------------------------------- the request

interface Order {
  readonly tenant: TenantId;
  readonly service: ServiceId;
  readonly source: Source;
  readonly settings: Pick<Release, "format" | "limits" | "restart" | "supervision" | "tier" | "logLevel">;
  readonly environment?: Uint8Array;
  readonly instances: number;
}

function parse(principal: Principal, request: DeployRequest): Order | Refusal {
  const tenant = tenantOf(principal, request.tenantId);
  if (isRefusal(tenant)) return tenant;
  const service = serviceOf(request.serviceId);
  if (isRefusal(service)) return service;
  const missing = notYet(request);
  if (missing !== undefined) return missing;
  const source = sourceOf({ tenant, name: service, code: request.code, format: request.format });
  if (isRefusal(source)) return source;
  const instances = countOf("instances", request.instances, {
    otherwise: 1,
    min: 1,
    max: limits.instancesPerServiceMax,
  });
  if (isRefusal(instances)) return instances;
  const restart = parseRestart(request.restart);
  if (restart === undefined) return invalid("restart", "is no known restart type");
  const logLevel = parseLevel(request.logLevel ?? LogLevel_Value.INFO);
  if (logLevel === undefined) return invalid("log_level", "is no known level");
  const tier = parseTier(request.tier);
  if (tier === undefined) return invalid("tier", "is no known tier");
  if (tier === "system" && principal.role !== "admin") {
    return refuse("NOT_ADMIN", { operation: "Deploying a SYSTEM service" });
  }
  const isSystem = tier === "system";
  const resources = parseResourceLimits(request.resourceLimits, isSystem ? systemResourceLimitsDefault : undefined);
  if (isRefusal(resources)) return resources;
  const supervision = supervisionOf(
    request.supervision,
    isSystem ? systemSupervisionDefault : serviceSupervisionDefault,
  );
  if (isRefusal(supervision)) return supervision;
  const environment = environmentOf(request.environment);
  if (isRefusal(environment)) return environment;
  return {
    tenant,
    service,
    source,
    instances,
    settings: { format: source.format, limits: resources, restart, supervision, tier, logLevel },
    ...(environment === undefined ? {} : { environment }),
  };
}

/** What the contract offers and this version does not: refused by name, never ignored. */
function notYet(request: DeployRequest): Refusal | undefined {
  const asked = [
    request.initialCapabilities.length > 0 ? "initial_capabilities" : undefined,
    request.deploymentStrategy !== undefined ? "deployment_strategy" : undefined,
    request.enablePersistence ? "enable_persistence" : undefined,
    request.persistenceConfig !== undefined ? "persistence_config" : undefined,
  ].find((field) => field !== undefined);
  return asked === undefined ? undefined : refuse("UNIMPLEMENTED", { operation: `Deploy with ${asked}`, field: asked });
}

function supervisionOf(given: DeployRequest["supervision"], defaults: SupervisorSpec): SupervisorSpec | Refusal {
  if (given === undefined) return defaults;
  const strategy = parseStrategy(given.strategy);
  if (strategy === undefined) return invalid("supervision.strategy", "is no known strategy");
  const { intensity, backoff } = defaults;
  const restartsMax = countOf("supervision.max_restarts", given.maxRestarts, {
    otherwise: intensity.restartsMax,
    min: 1,
    max: 1_000,
  });
  if (isRefusal(restartsMax)) return restartsMax;
  const withinMs = countOf("supervision.within_ms", given.withinMs, {
    otherwise: intensity.withinMs,
    min: 1,
    max: 86_400_000,
  });
  if (isRefusal(withinMs)) return withinMs;
  return { strategy, intensity: { restartsMax, withinMs }, backoff };
}

/**
 * The environment as it is stored. The log names it by its hash, from which short values could be guessed: the salt
 * prevents that.
 */
function environmentOf(given: Readonly<Record<string, string>>): Uint8Array | undefined | Refusal {
  const entries = Object.entries(given).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return undefined;
  if (entries.length > limits.environmentCountMax) {
    return refuse("QUOTA_EXCEEDED", {
      what: "Environment variables",
      limit: limits.environmentCountMax,
      wanted: entries.length,
    });
  }
  for (const [name, value] of entries) {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(name)) {
      return invalid("environment", `${JSON.stringify(name.slice(0, 40))} is no name of a variable`);
    }
    const size = Buffer.byteLength(value);
    if (size > limits.environmentValueBytesMax) {
      return refuse("TOO_LARGE", { what: `environment.${name}`, size, limit: limits.environmentValueBytesMax });
    }
  }
  const salt = randomBytes(16).toString("hex");
  const stored = Buffer.from(JSON.stringify({ salt, environment: Object.fromEntries(entries) }));
  const size = stored.length;
  const limit = limits.environmentBytesMax;
  return size > limit ? refuse("TOO_LARGE", { what: "environment, as JSON,", size, limit }) : stored;
}
