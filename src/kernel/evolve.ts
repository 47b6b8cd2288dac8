/**
 * `evolve` alone changes the state, in place; replaying the log through it rebuilds the state. Total: any event of any
 * age is accepted. Of an erased one the counters move, and what its header alone says; of an unknown type, the counters.
 */
import {
  type EventId,
  eventId,
  type IncarnationNumber,
  incarnationNumber,
  instant,
  kernelEpoch,
  latest,
  type TenantId,
} from "../base/index.ts";
import { emptyIndex, listSuspended, reindex } from "./agenda.ts";
import type { Event, EventType } from "./event.ts";
import { noteLost } from "./lost-cells.ts";
import { mutable, type MutableState, type MutableTenant } from "./mutable.ts";
import {
  abridgeOutcome,
  administer,
  erase,
  remember,
  settleDeletion,
  settleRequests,
  settleShutdowns,
} from "./requests.ts";
import { cutOff, endOf, live, living, nodeLost, shutdown } from "./service/life.ts";
import type { Service, State } from "./state.ts";

export const initialState = (): State => ({
  lastEvent: eventId(0),
  instant: instant(0),
  epoch: kernelEpoch(0),
  boot: "",
  startedBy: eventId(0),
  phase: "stopped",
  tenants: new Map(),
  requests: new Map(),
  administered: [],
  retiring: new Map(),
  lost: new Set(),
  index: emptyIndex(),
});

/** Whether the node ended since the state's last kernel, so that nothing of before can be alive. */
export const isNewBoot = (state: State, event: Event): boolean =>
  event.type === "kernel_started" &&
  event.payload !== undefined &&
  (event.payload.boot !== state.boot || state.phase === "stopped");

export function evolve(readonlyState: State, event: Event): void {
  const state = mutable(readonlyState);
  state.lastEvent = eventId(Math.max(state.lastEvent, event.id));
  state.instant = latest(state.instant, event.timestamp);
  const tenant = event.tenant === undefined ? undefined : state.tenants.get(event.tenant);
  if (tenant !== undefined && event.tenantSequence !== undefined) tenant.lastSequence = event.tenantSequence;

  switch (event.type) {
    case "kernel_started":
      kernelStarted(readonlyState, state, event);
      return;
    case "system_stopped":
      eachService(state, (service) => live(service, event));
      state.phase = "stopped";
      settleShutdowns(state.requests, event.timestamp, event.payload?.outcome === "deadline" ? cutOff : shutdown);
      return;
    case "shutdown_requested":
      administer(state, event, { operation: "shut_down", request: event.payload?.request });
      return;
    case "tenant_created":
      if (event.tenant === undefined || tenant !== undefined) return;
      state.tenants.set(event.tenant, newTenant(event.tenant, event));
      administer(state, event, { operation: "create_tenant", request: event.payload?.request });
      return;
    case "certificate_issued":
      administer(state, event, { operation: "issue_certificate", request: event.payload?.request });
      return;
    case "tenant_deletion_requested":
      if (tenant === undefined) return;
      tenant.phase = "deleting";
      tenant.deletionRequestedBy ??= event.id;
      for (const service of tenant.services.values()) replace(state, tenant, service, live(service, event));
      administer(state, event, { operation: "delete_tenant", request: event.payload?.request });
      return;
    case "tenant_deletion_noted": {
      const { deletes, request } = event.payload ?? {};
      administer(state, event, { operation: "delete_tenant", request, deletes });
      return;
    }
    case "tenant_deleted":
      if (tenant !== undefined) tenantDeleted(state, tenant, event.id);
      return;
    case "cell_lost":
      noteLost(state.lost, event);
      return;
    case "payload_erased":
      if (event.payload === undefined) return;
      state.retiring.delete(event.payload.erased);
      erase(state, event, event.payload);
      return;
    default:
      if (tenant !== undefined) serviceEvent(state, tenant, event);
  }
}

type Of<T extends EventType> = Extract<Event, { readonly type: T }>;

function newTenant(id: TenantId, event: Event): MutableTenant {
  return {
    id,
    createdAt: event.timestamp,
    createdBy: event.id,
    phase: "active",
    services: new Map(),
    nextIncarnation: incarnationNumber(1),
    lastSequence: event.tenantSequence ?? 0,
    requests: new Map(),
  };
}

function tenantDeleted(state: MutableState, tenant: MutableTenant, deletion: EventId): void {
  for (const service of tenant.services.values()) replace(state, tenant, service, undefined);
  state.tenants.delete(tenant.id);
  state.retiring.set(tenant.id, deletion);
  settleDeletion(state.requests, tenant.id);
}

function kernelStarted(before: State, state: MutableState, event: Of<"kernel_started">): void {
  if (event.payload === undefined) return;
  const newBoot = isNewBoot(before, event);
  state.epoch = event.payload.epoch;
  state.boot = event.payload.boot;
  state.startedBy = event.id;
  state.phase = "running";
  if (newBoot) {
    // Nobody tells of another boot's cells any more.
    state.lost.clear();
    settleShutdowns(state.requests, event.timestamp, nodeLost);
  }
  eachService(state, (service) => live(service, event, newBoot));
  listSuspended(state.index, state.tenants, state.startedBy);
}

function eachService(state: MutableState, next: (service: Service) => Service | undefined): void {
  for (const tenant of state.tenants.values()) {
    for (const service of tenant.services.values()) replace(state, tenant, service, next(service));
  }
}

function replace(
  state: MutableState,
  tenant: MutableTenant,
  before: Service | undefined,
  after: Service | undefined,
): void {
  if (after === before) return;
  if (after !== undefined) tenant.services.set(after.id, after);
  else if (before !== undefined) tenant.services.delete(before.id);
  reindex(state, tenant.id, before, after);
  if (before !== undefined && after !== undefined) settleRequests(tenant.requests, before, after);
}

function serviceEvent(state: MutableState, tenant: MutableTenant, event: Event): void {
  switch (event.type) {
    case "deployment_requested": {
      if (event.payload === undefined) return;
      const { born, forgets, request, service } = event.payload;
      if (forgets !== undefined) replace(state, tenant, tenant.services.get(forgets), undefined);
      const before = tenant.services.get(service);
      // Outcomes of what is replaced are settled; the new service is another one.
      if (before !== undefined) replace(state, tenant, before, undefined);
      replace(state, tenant, undefined, live(undefined, event));
      for (const { incarnation } of born) useIncarnation(tenant, incarnation);
      remember(tenant.requests, event, { operation: "deploy", service, born, request });
      return;
    }
    case "service_restarting":
      if (event.payload === undefined) return;
      change(state, tenant, event);
      useIncarnation(tenant, event.payload.incarnation);
      return;
    case "service_kill_requested": {
      if (event.payload === undefined) return;
      const { request, service } = event.payload;
      const before = tenant.services.get(service);
      if (before === undefined) return;
      remember(tenant.requests, event, { operation: "kill", service, born: living(before), request });
      change(state, tenant, event);
      return;
    }
    case "service_kill_noted": {
      if (event.payload === undefined) return;
      const { request, service } = event.payload;
      const before = tenant.services.get(service);
      if (before === undefined) return;
      const outcome = abridgeOutcome(endOf(before));
      remember(tenant.requests, event, { operation: "kill", service, born: living(before), request, outcome });
      change(state, tenant, event);
      return;
    }
    default:
      change(state, tenant, event);
  }
}

function change(state: MutableState, tenant: MutableTenant, event: Event): void {
  const { payload } = event;
  if (payload === undefined || !("service" in payload)) return;
  const before = tenant.services.get(payload.service);
  if (before !== undefined) replace(state, tenant, before, live(before, event));
}

function useIncarnation(tenant: MutableTenant, used: IncarnationNumber): void {
  tenant.nextIncarnation = incarnationNumber(Math.max(tenant.nextIncarnation, used + 1));
}
