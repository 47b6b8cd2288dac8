/**
 * The life of one service: `live(service, event)` is the service after the event. Pure; a service is a value that is
 * replaced. Total: what does not fit (unknown incarnation, wrong phase, erased payload) leaves it as it is.
 * The machine of an instance is drawn in state.ts.
 */
import {
  type Death,
  type EventId,
  type IncarnationNumber,
  type Instant,
  isAbnormal,
  limits,
  type RequestId,
} from "../../base/index.ts";
import type { Born, Event, Payloads, RequestMark } from "../event.ts";
import { abridge } from "./abridge.ts";
import type { Instance, Outcome, PastDeath, Phase, Service } from "../state.ts";

const sibling: Death = { type: "stopped", why: "sibling" };
const escalated: Death = { type: "stopped", why: "escalated" };
export const shutdown: Death = { type: "stopped", why: "shutdown" };
const tenantDeleted: Death = { type: "stopped", why: "tenant_deleted" };
export const nodeLost: Death = { type: "cell_lost", loss: { type: "node" }, inFlight: "no" };
export const cutOff: Death = { type: "cell_lost", loss: { type: "closed" }, inFlight: "no" };

/** The phases with a life in them. */
export type Alive = Extract<Phase, { readonly incarnation: IncarnationNumber }>;
export const isAlive = (phase: Phase): phase is Alive =>
  phase.name === "starting" || phase.name === "running" || phase.name === "stopping";

const everyPhase = (service: Service, holds: (phase: Phase) => boolean): boolean => {
  for (const { phase } of service.instances.values()) if (!holds(phase)) return false;
  return true;
};

/** Nothing of it lives and nothing of it will, unless it is deployed again. */
export const isStopped = (service: Service): boolean => everyPhase(service, (phase) => phase.name === "stopped");

/** What killing it comes to if there is nothing left to do: how it ended, or will. */
export function endOf(service: Service): Outcome {
  if (!isStopped(service)) return { name: "pending" };
  if (service.deployment.name === "stopped") return service.deployment;
  if (service.deployment.name === "failed") return { name: "stopped", death: service.deployment.death };
  for (const { phase } of service.instances.values()) {
    if (phase.name === "stopped") return { name: "stopped", death: phase.death };
  }
  return { name: "stopped", death: { type: "stopped", why: "normal" } };
}

/** It was told to stop, and has not quite. */
export const isBeingKilled = (service: Service): boolean =>
  service.kill !== undefined && service.deployment.name === "pending";

/** When something of it is due to start. Siblings that must stop first are waited for. */
export function dueAt(service: Service): Instant | undefined {
  let due: Instant | undefined;
  for (const { phase } of service.instances.values()) {
    if (phase.name === "stopping" && phase.then === "restart") return undefined;
    if ((phase.name === "waiting" || phase.name === "resting") && (due === undefined || phase.until < due)) {
      due = phase.until;
    }
  }
  return due;
}

/** Suspended before this kernel started, so that this kernel is to resume it. */
export const isResumable = (
  phase: Phase,
  startedBy: EventId,
): phase is Extract<Phase, { readonly name: "suspended" }> => phase.name === "suspended" && phase.because === startedBy;

function withPhases(service: Service, next: (instance: Instance) => Phase): Service {
  const instances = new Map<number, Instance>();
  for (const [number, instance] of service.instances) {
    const phase = next(instance);
    instances.set(number, phase === instance.phase ? instance : { number, phase });
  }
  return { ...service, instances };
}

const withPhase = (service: Service, number: number, phase: Phase): Service =>
  withPhases(service, (instance) => (instance.number === number ? phase : instance.phase));

/** Only the newest death keeps all its words: guests choose how long they are. */
const withDeath = (service: Service, past: PastDeath): Service => {
  const older = service.deaths.slice(1 - limits.deathsKeptMax);
  return { ...service, deaths: [...older.map((one) => ({ ...one, death: abridge(one.death) })), past] };
};

/** A request whose outcome will be this deployment's. One that was pushed out of memory waits for nothing. */
const join = (service: Service, request: RequestMark): readonly RequestId[] =>
  [...service.awaiting, request.id].slice(-limits.requestsRememberedMax);

const settle = (service: Service, deployment: Outcome): Service => ({ ...service, deployment, awaiting: [] });

/** Whose end is to come: where it is, as far as that is known. */
function stopping(phase: Alive) {
  const where = phase.name === "starting" || phase.cell === undefined ? {} : { cell: phase.cell };
  return { name: "stopping", incarnation: phase.incarnation, ...where } as const;
}

/** Everything that lives is stopping for good; everything that waits is stopped. */
function windDown(service: Service, because: EventId, death: Death, graceMs: number): Service {
  const phases = withPhases(service, ({ phase }) => {
    if (phase.name === "stopped") return phase;
    if (!isAlive(phase)) return { name: "stopped", because, death };
    return { ...stopping(phase), because, death, graceMs, then: "stop" };
  });
  return { ...phases, desired: "stopped" };
}

/** The node ended, and everything alive in it. What should run is suspended until a kernel resumes it. */
function suspend(service: Service, at: { readonly id: EventId; readonly timestamp: Instant }, death: Death): Service {
  let next = service;
  for (const { phase } of service.instances.values()) {
    if (!isAlive(phase)) continue;
    next = withDeath(next, { at: at.timestamp, event: at.id, incarnation: phase.incarnation, death });
  }
  return withPhases(next, ({ phase }) => {
    if (phase.name === "stopping" && phase.then === "stop")
      return { name: "stopped", because: at.id, death: phase.death };
    if (phase.name === "stopping" && phase.next.name === "resting") return phase.next;
    return isAlive(phase) || phase.name === "waiting" ? { name: "suspended", because: at.id } : phase;
  });
}

function born(event: Event, payload: Payloads["deployment_requested"]): Service | undefined {
  const first = payload.born[0];
  if (first === undefined) return undefined;
  const starting = (incarnation: IncarnationNumber): Phase => ({
    name: "starting",
    incarnation,
    because: event.id,
    first: true,
    probation: false,
    recovery: false,
  });
  return {
    id: payload.service,
    release: payload.release,
    deployedBy: event.id,
    deployedAt: event.timestamp,
    firstIncarnation: first.incarnation,
    desired: "running",
    deployment: { name: "pending" },
    awaiting: payload.request === undefined ? [] : [payload.request.id],
    instances: new Map(
      payload.born.map(({ instance, incarnation }) => [instance, { number: instance, phase: starting(incarnation) }]),
    ),
    restarts: [],
    tenantRestarts: [],
    restartCount: 0,
    deaths: [],
  };
}

/** `newBoot`: of a `kernel_started`, whether the whole node ended before it. */
export function live(service: Service | undefined, event: Event, newBoot = false): Service | undefined {
  if (event.type === "deployment_requested") {
    return event.payload === undefined ? service : (born(event, event.payload) ?? service);
  }
  if (service === undefined) return undefined;
  switch (event.type) {
    case "kernel_started": {
      const awake = newBoot ? suspend(service, event, nodeLost) : service;
      return withPhases(awake, ({ phase }) =>
        phase.name === "suspended" ? { name: "suspended", because: event.id } : phase,
      );
    }
    case "system_stopped":
      return suspend(service, event, endedTogether(event.payload));
    case "tenant_deletion_requested": {
      const going = windDown(service, event.id, tenantDeleted, service.release.limits.shutdownTimeoutMs);
      if (isStopped(going)) return settle(going, { name: "stopped", death: tenantDeleted });
      return { ...going, deployment: { name: "pending" } };
    }
    case "instance_started":
    case "service_restarted":
      return event.payload === undefined ? service : started(service, event, event.payload);
    case "service_deployed":
      return event.payload === undefined ? service : deployed(service, event, event.payload);
    case "service_deployment_failed":
      return event.payload === undefined ? service : failed(service, event, event.payload);
    case "service_kill_requested": {
      if (event.payload === undefined) return service;
      const { by, forced, graceMs, request } = event.payload;
      const death: Death = { type: "killed", by, forced: forced ? "yes" : "no" };
      const awaiting = request === undefined ? service.awaiting : join(service, request);
      return {
        ...windDown(service, event.id, death, forced ? 0 : graceMs),
        deployment: { name: "pending" },
        kill: { because: event.id, death },
        awaiting,
      };
    }
    case "service_kill_noted":
      if (event.payload === undefined || service.deployment.name !== "pending") return service;
      return { ...service, awaiting: join(service, event.payload.request) };
    case "service_killed":
      if (event.payload === undefined || !isStopped(service)) return service;
      return settle(service, { name: "stopped", death: event.payload.death });
    case "instance_stopped":
      return event.payload === undefined ? service : ended(service, event, event.payload);
    case "service_crashed":
      return event.payload === undefined ? service : ended(service, event, event.payload);
    case "service_restart_scheduled":
      return event.payload === undefined ? service : scheduled(service, event, event.payload);
    case "service_restarting":
      return event.payload === undefined ? service : restarting(service, event, event.payload);
    case "service_rested":
      return event.payload === undefined ? service : rested(service, event, event.payload);
    default:
      return service;
  }
}

type OfStart = Payloads["instance_started"] | Payloads["service_restarted"];

function started(service: Service, event: Event, { instance, incarnation, cell }: OfStart): Service {
  const phase = service.instances.get(instance)?.phase;
  if (phase?.name !== "starting" || phase.incarnation !== incarnation) return service;
  return withPhase(service, instance, {
    name: "running",
    incarnation,
    because: event.id,
    cell,
    since: event.timestamp,
    ...(phase.probation ? { probation: true } : {}),
  });
}

function deployed(service: Service, event: Event, payload: Payloads["service_deployed"]): Service {
  if (service.desired === "stopped" || service.deployment.name !== "pending") return service;
  const { cell } = payload;
  const running = withPhases(service, ({ phase }) =>
    phase.name === "starting"
      ? { name: "running", incarnation: phase.incarnation, because: event.id, cell, since: event.timestamp }
      : phase,
  );
  return settle(running, { name: "running", born: payload.born });
}

function failed(service: Service, event: Event, payload: Payloads["service_deployment_failed"]): Service {
  const { instance, incarnation, death } = payload;
  const phase = service.instances.get(instance)?.phase;
  if (service.desired === "stopped" || service.deployment.name !== "pending") return service;
  if (phase === undefined || !isAlive(phase) || phase.incarnation !== incarnation) return service;
  const dead = withDeath(withPhase(service, instance, { name: "stopped", because: event.id, death }), {
    at: event.timestamp,
    event: event.id,
    incarnation,
    death,
  });
  const rest = windDown(dead, event.id, sibling, service.release.limits.shutdownTimeoutMs);
  return settle(rest, { name: "failed", death });
}

/** How all those ended with the node of which nothing else was said. */
const endedTogether = (payload: Payloads["system_stopped"] | undefined): Death =>
  payload?.outcome === "deadline" && payload.misfits === undefined ? cutOff : shutdown;

/** What an end leads to by itself. The supervisor's decision, if there is one, is the next event. */
function ended(
  service: Service,
  event: Event,
  payload: Payloads["instance_stopped"] | Payloads["service_crashed"],
): Service {
  const { instance, incarnation, death } = payload;
  const resumes = "resumes" in payload;
  const phase = service.instances.get(instance)?.phase;
  if (phase === undefined || !isAlive(phase) || phase.incarnation !== incarnation) return service;
  const dead = withDeath(withPhase(service, instance, afterEnd(phase, event.id, death, resumes)), {
    at: event.timestamp,
    event: event.id,
    incarnation,
    death,
  });
  // A deletion has no event of its own for each service's end.
  const deleted = phase.name === "stopping" && phase.death.type === "stopped" && phase.death.why === "tenant_deleted";
  return deleted && isStopped(dead) ? settle(dead, { name: "stopped", death: phase.death }) : dead;
}

function afterEnd(phase: Alive, because: EventId, death: Death, resumes: boolean): Phase {
  if (phase.name === "stopping") return phase.then === "restart" ? phase.next : { name: "stopped", because, death };
  if (resumes || (death.type === "stopped" && death.why === "shutdown")) return { name: "suspended", because };
  return { name: "stopped", because, death };
}

/** Starts `next` now if nothing lives, or when what lives has ended. */
function giveWay(
  service: Service,
  phase: Phase,
  because: EventId,
  death: Death,
  next: Extract<Phase, { readonly until: Instant }>,
): Phase {
  if (!isAlive(phase)) return next;
  if (phase.name === "stopping") return phase.then === "restart" ? { ...phase, next } : phase;
  const graceMs = service.release.limits.shutdownTimeoutMs;
  return { ...stopping(phase), because, death, graceMs, then: "restart", next };
}

/** Its cell died, perhaps through it. */
const suspect = (death: Death | undefined): boolean =>
  death?.type === "cell_lost" && (death.inFlight === "yes" || death.suspect !== undefined);

const probationOf = (service: Service, phase: Phase): boolean => {
  if (phase.name === "waiting" || phase.name === "resting") return phase.probation;
  return phase.name === "stopped" && suspect(phase.death);
};

function scheduled(service: Service, event: Event, payload: Payloads["service_restart_scheduled"]): Service {
  const phase = service.instances.get(payload.instance)?.phase;
  if (phase === undefined || phase.name === "suspended" || service.desired === "stopped") return service;
  const probation = probationOf(service, phase);
  const next: Phase = { name: "waiting", until: payload.at, because: event.id, probation };
  const phased = withPhase(service, payload.instance, giveWay(service, phase, event.id, sibling, next));
  return { ...phased, restarts: payload.restarts };
}

function restarting(service: Service, event: Event, payload: Payloads["service_restarting"]): Service {
  const phase = service.instances.get(payload.instance)?.phase;
  if (phase === undefined || isAlive(phase) || phase.name === "stopped") return service;
  const recovery = phase.name === "suspended";
  const starting = withPhase(service, payload.instance, {
    name: "starting",
    incarnation: payload.incarnation,
    because: event.id,
    first: service.deployment.name === "pending",
    probation: payload.probation,
    recovery,
  });
  return recovery ? starting : { ...starting, restartCount: service.restartCount + 1 };
}

function rested(service: Service, event: Event, payload: Payloads["service_rested"]): Service {
  if (service.desired === "stopped") return service;
  const { until, level, restarts } = payload;
  const permanent = service.release.restart === "permanent";
  const phases = withPhases(service, ({ phase }) => {
    // An instance whose work is done stays done.
    if (phase.name === "stopped" && !permanent && !isAbnormal(phase.death)) return phase;
    if (phase.name === "suspended") return phase;
    const probation = probationOf(service, phase);
    return giveWay(service, phase, event.id, escalated, {
      name: "resting",
      until,
      because: event.id,
      level,
      probation,
    });
  });
  return { ...phases, restarts: [], tenantRestarts: restarts };
}

/** The living, in the order of their numbers. */
export function living(service: Service): readonly Born[] {
  const found: Born[] = [];
  for (const { number, phase } of service.instances.values()) {
    if (isAlive(phase)) found.push({ instance: number, incarnation: phase.incarnation });
  }
  return found;
}
