/**
 * Watch: a service's log lines, metrics and changes of status as they come. A slow watcher loses items and is told how
 * many. The stream ends when the watcher leaves or the service's tenant is gone; a service that stops and is deployed again
 * is watched on.
 */
import { create } from "@bufbuild/protobuf";
import {
  deathOf,
  isAsSevere,
  LogLevel_Value,
  LostSchema,
  MetricsSnapshotSchema,
  parseLevel,
  StatusChangeSchema,
  statusValue,
  WatchResponseSchema,
  type Level,
  type StatusWord,
  type WatchRequest,
  type WatchResponse,
} from "../../api/index.ts";
import {
  isRefusal,
  limits,
  never,
  pidOf,
  refuse,
  sayDeath,
  sayExcess,
  type Death,
  type Instant,
  type Refusal,
  type ServiceId,
  type TenantId,
} from "../../base/index.ts";
import { findService, findTenant, type Born, type Event, type Principal } from "../../kernel/index.ts";
import type { LogLine, Ports } from "../ports.ts";
import { describe, livesIn, livingIn, sum, type Described } from "./describe.ts";
import { numberFor } from "./event.ts";
import { countOf, invalid, serviceOf, tenantOf } from "./fields.ts";
import type { StreamHandler } from "./handler.ts";
import { logEntryOf } from "./log-entry.ts";
import { Outlet } from "./outlet.ts";

/** What one watcher may hold of the kernel's memory. */
const queueBytesMax = 2 * 1024 * 1024;
const metricsMsDefault = 1_000;
const metricsMsMin = 100;

type Sight =
  | { readonly type: "line"; readonly line: LogLine }
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "metrics" };

interface Plan {
  readonly tenant: TenantId;
  readonly service: ServiceId;
  readonly logs: boolean;
  readonly metrics: boolean;
  readonly least: Level;
  readonly tail: number;
  readonly intervalMs: number;
}

export const watch: StreamHandler<"watch"> = async function* (ports, principal, request, signal) {
  const plan = planOf(principal, request);
  if (isRefusal(plan)) return plan;
  const { tenant, service } = plan;
  const outlet = new Outlet<Sight>({ itemsMax: limits.watchQueueMax, bytesMax: queueBytesMax });
  const stops: (() => void)[] = [];
  const look = (): Promise<Described | Refusal> =>
    ports.read((state, now) => {
      if (findTenant(state, tenant) === undefined) return refuse("TENANT_NOT_FOUND", { tenant });
      const found = findService(state, plan);
      return found === undefined
        ? refuse("SERVICE_NOT_FOUND", { service })
        : describe(found, new Map(), now, livesIn(ports, tenant));
    });
  try {
    const there = await look();
    if (isRefusal(there)) return there;
    stops.push(ports.events.follow((event) => take(outlet, plan, event)));
    if (plan.logs) stops.push(...followLogs(ports, outlet, plan));
    if (plan.metrics) {
      const timer = setInterval(() => outlet.push({ type: "metrics" }, 16), plan.intervalMs).unref();
      stops.push(() => clearInterval(timer));
    }
    // Looked at again now that it is followed: nothing falls between.
    const present = await look();
    if (isRefusal(present)) return present;
    // Where it stands; what follows are changes.
    yield statusChange({
      status: present.status,
      reason: present.reason,
      pid: present.pid,
      nextRestartMs: Number(present.nextRestartMs),
      atMs: ports.node.now(),
      event: 0,
    });
    if (plan.metrics) yield await metricsOf(ports, plan);
    for await (const out of outlet.read(signal)) {
      if ("lost" in out) {
        yield create(WatchResponseSchema, {
          event: { case: "lost", value: create(LostSchema, { count: BigInt(out.lost) }) },
        });
        continue;
      }
      yield* tell(ports, principal, plan, out.item);
      if (out.item.type === "event" && out.item.event.type === "tenant_deleted") return undefined;
    }
    return undefined;
  } finally {
    for (const stop of stops) stop();
  }
};

function planOf(principal: Principal, request: WatchRequest): Plan | Refusal {
  const tenant = tenantOf(principal, request.tenantId);
  if (isRefusal(tenant)) return tenant;
  const service = serviceOf(request.serviceId);
  if (isRefusal(service)) return service;
  const least = parseLevel(request.minLevel ?? LogLevel_Value.DEBUG);
  if (least === undefined) return invalid("min_level", "is no known level");
  const tail = countOf("tail_lines", request.tailLines, { otherwise: 0, min: 1, max: limits.logRingLinesMax });
  if (isRefusal(tail)) return tail;
  const intervalMs = countOf("metrics_interval_ms", request.metricsIntervalMs, {
    otherwise: metricsMsDefault,
    min: metricsMsMin,
    max: 3_600_000,
  });
  if (isRefusal(intervalMs)) return intervalMs;
  return { tenant, service, logs: request.includeLogs, metrics: request.includeMetrics, least, tail, intervalMs };
}

function followLogs(ports: Ports, outlet: Outlet<Sight>, plan: Plan): readonly (() => void)[] {
  const offer = (line: LogLine): void => {
    outlet.lose(line.dropped);
    if (isAsSevere(line.level, plan.least)) outlet.push({ type: "line", line }, 64 + line.text.length * 2);
  };
  // In one step: no line comes between the kept ones and the next.
  for (const line of plan.tail === 0 ? [] : ports.logs.tail(plan, plan.tail)) offer(line);
  return [ports.logs.follow(plan, offer)];
}

function take(outlet: Outlet<Sight>, plan: Plan, event: Event): void {
  if (event.tenant !== plan.tenant) return;
  if (event.type === "tenant_deleted") {
    outlet.push({ type: "event", event }, 0);
    outlet.end();
  } else if (event.subject === plan.service && changeOf(event) !== undefined) {
    outlet.push({ type: "event", event }, weightOf(event));
  }
}

/** Bytes of memory, about: a death tells much or little. Every payload is bounded, and so is the way through it. */
function weightOf(held: unknown): number {
  if (typeof held === "string") return 16 + held.length * 2;
  if (typeof held !== "object" || held === null) return 8;
  return Object.values(held).reduce((sum: number, each: unknown) => sum + weightOf(each), 32);
}

async function* tell(
  ports: Ports,
  principal: Principal,
  plan: Plan,
  sight: Sight,
): AsyncGenerator<WatchResponse, void, undefined> {
  switch (sight.type) {
    case "line":
      yield create(WatchResponseSchema, { event: { case: "log", value: logEntryOf(sight.line) } });
      return;
    case "metrics":
      yield await metricsOf(ports, plan);
      return;
    case "event": {
      const change = changeOf(sight.event);
      if (change === undefined) return;
      const { timestamp } = sight.event;
      yield statusChange({ ...change, atMs: timestamp, event: numberFor(principal, sight.event) ?? 0 });
      return;
    }
    default:
      never(sight);
  }
}

async function metricsOf(ports: Ports, plan: Plan): Promise<WatchResponse> {
  const living = await ports.read((state) => {
    const found = findService(state, plan);
    return found === undefined ? [] : livingIn(found);
  });
  const usages = await ports.usage(plan.tenant, living);
  const usage = sum(living.map((incarnation) => usages.get(incarnation)));
  const value = create(MetricsSnapshotSchema, { timestampMs: BigInt(Math.trunc(ports.node.now())), usage });
  return create(WatchResponseSchema, { event: { case: "metrics", value } });
}

interface Change {
  readonly status: StatusWord;
  readonly reason: string;
  readonly pid: string;
  /** What ended. */
  readonly death?: Death;
  readonly nextRestartMs?: number;
}

const statusChange = (change: Change & { readonly atMs: number; readonly event: number }): WatchResponse =>
  create(WatchResponseSchema, {
    event: {
      case: "statusChange",
      value: create(StatusChangeSchema, {
        newStatus: statusValue(change.status),
        reason: change.reason,
        pid: change.pid,
        timestampMs: BigInt(Math.trunc(change.atMs)),
        eventId: BigInt(change.event),
        nextRestartMs: BigInt(change.nextRestartMs ?? 0),
        ...(change.death === undefined ? {} : { death: deathOf(change.death, change) }),
      }),
    },
  });

/** What an event means for a service's status; undefined if nothing. */
function changeOf(event: Event): Change | undefined {
  if (event.payload === undefined) return undefined;
  const change = (status: StatusWord, reason = "", pid = ""): Change => ({ status, reason, pid });
  const ended = (status: StatusWord, death: Death, pid = ""): Change => ({
    ...change(status, sayDeath(death), pid),
    death,
  });
  const resumes = (at: Instant, reason: string): Change => ({ ...change("ERROR", reason), nextRestartMs: at });
  switch (event.type) {
    case "deployment_requested":
      return change("DEPLOYING", "deployment requested", first(event.payload.born));
    case "service_deployed":
      return change("RUNNING", "deployed", first(event.payload.born));
    case "instance_started":
      return change("DEPLOYING", `instance ${event.payload.instance} runs`, pidOf(event.payload));
    case "service_deployment_failed":
      return ended("ERROR", event.payload.death, pidOf(event.payload));
    case "service_kill_requested":
      return change("STOPPING", `kill requested by ${event.payload.by}`);
    case "service_killed":
      return ended("STOPPED", event.payload.death);
    case "instance_stopped":
      return ended("STOPPED", event.payload.death, pidOf(event.payload));
    case "service_crashed":
      return ended("ERROR", event.payload.death, pidOf(event.payload));
    case "service_restart_scheduled":
      return resumes(event.payload.at, `starts again at ${new Date(event.payload.at).toISOString()}`);
    case "service_restarting":
      return change("DEPLOYING", "starting again", pidOf(event.payload));
    case "service_restarted":
      return change("RUNNING", "restarted", pidOf(event.payload));
    case "service_rested":
      return resumes(
        event.payload.until,
        `restarted too often, rests until ${new Date(event.payload.until).toISOString()}`,
      );
    case "resource_violation":
      return change(
        "RUNNING",
        `${event.payload.phase === "entered" ? "over its limit" : "back under its limit"}: ${sayExcess(event.payload)}`,
        pidOf(event.payload),
      );
    case "circuit_breaker_opened":
      return change("RUNNING", `left alone for ${event.payload.retryMs} ms after ${event.payload.failures} failures`);
    case "circuit_breaker_closed":
      return change("RUNNING", "takes requests again");
    case "tenant_deleted":
      return change("STOPPED", "its tenant was deleted");
    case "kernel_started":
    case "system_stopped":
    case "shutdown_requested":
    case "clock_jumped":
    case "tenant_created":
    case "tenant_deletion_requested":
    case "tenant_deletion_noted":
    case "service_kill_noted":
    case "payload_erased":
    case "certificate_issued":
    case "cell_lost":
    case "pressure_rose":
    case "pressure_fell":
      return undefined;
    default:
      return never(event);
  }
}

const first = (born: readonly Born[]): string => {
  const [one] = born;
  return one === undefined ? "" : pidOf(one);
};
