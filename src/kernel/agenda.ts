/** The index's upkeep: after a service was replaced, what it contributes is taken out and put in anew. */
import type { IncarnationNumber, Instant, ServiceId, TenantId } from "../base/index.ts";
import type { MutableIndex, MutableState } from "./mutable.ts";
import { dueAt, isAlive, isResumable } from "./service/life.ts";
import type { Due, Index, Place, Service, State } from "./state.ts";

export const emptyIndex = (): Index => ({
  living: new Map(),
  agenda: [],
  suspended: new Map(),
  recovering: new Map(),
  processes: new Map(),
});

export const serviceKey = (tenant: TenantId, service: ServiceId): string => `${tenant}/${service}`;

export const recoveriesOf = (service: Service): number => {
  let count = 0;
  for (const { phase } of service.instances.values()) if (phase.name === "starting" && phase.recovery) count++;
  return count;
};

/** Of a user service: what counts against its tenant's limit. */
const processesOf = (service: Service): number => {
  let count = 0;
  if (service.release.tier === "system") return count;
  for (const { phase } of service.instances.values()) if (phase.name !== "stopped") count++;
  return count;
};

export const resumesSomething = (service: Service, startedBy: State["startedBy"]): boolean => {
  for (const { phase } of service.instances.values()) if (isResumable(phase, startedBy)) return true;
  return false;
};

export function reindex(
  state: MutableState,
  tenant: TenantId,
  before: Service | undefined,
  after: Service | undefined,
): void {
  if (before !== undefined) takeOut(state.index, tenant, before);
  if (after !== undefined) putIn(state, tenant, after);
}

function takeOut(index: MutableIndex, tenant: TenantId, service: Service): void {
  const living = index.living.get(tenant);
  for (const { phase } of service.instances.values()) if (isAlive(phase)) living?.delete(phase.incarnation);
  if (living?.size === 0) index.living.delete(tenant);
  const due = dueAt(service);
  if (due !== undefined) removeDue(index.agenda, { at: due, tenant, service: service.id });
  add(index.recovering, tenant, -recoveriesOf(service));
  add(index.processes, tenant, -processesOf(service));
}

function putIn({ index, startedBy }: MutableState, tenant: TenantId, service: Service): void {
  for (const { number, phase } of service.instances.values()) {
    if (!isAlive(phase)) continue;
    const living = index.living.get(tenant) ?? new Map<IncarnationNumber, Place>();
    index.living.set(tenant, living);
    living.set(phase.incarnation, { service: service.id, instance: number });
  }
  const due = dueAt(service);
  if (due !== undefined) addDue(index.agenda, { at: due, tenant, service: service.id });
  add(index.recovering, tenant, recoveriesOf(service));
  add(index.processes, tenant, processesOf(service));
  if (!resumesSomething(service, startedBy)) index.suspended.delete(serviceKey(tenant, service.id));
}

function add(counts: Map<TenantId, number>, tenant: TenantId, more: number): void {
  const count = (counts.get(tenant) ?? 0) + more;
  if (count === 0) counts.delete(tenant);
  else counts.set(tenant, count);
}

/** In the order of deployment: what a kernel that just started is to resume. */
export function listSuspended(index: MutableIndex, tenants: State["tenants"], startedBy: State["startedBy"]): void {
  const found: { tenant: TenantId; service: Service }[] = [];
  for (const tenant of tenants.values()) {
    for (const service of tenant.services.values()) {
      if (resumesSomething(service, startedBy)) found.push({ tenant: tenant.id, service });
    }
  }
  found.sort((a, b) => a.service.deployedBy - b.service.deployedBy);
  index.suspended = new Map(
    found.map(({ tenant, service }) => [serviceKey(tenant, service.id), { tenant, service: service.id }]),
  );
}

const compare = (a: Due, b: Due): number => a.at - b.at || order(a.tenant, b.tenant) || order(a.service, b.service);
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Where `due` is, or belongs. */
function seek(agenda: readonly Due[], due: Due): number {
  let low = 0;
  let high = agenda.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = agenda[middle];
    if (found !== undefined && compare(found, due) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function addDue(agenda: Due[], due: Due): void {
  agenda.splice(seek(agenda, due), 0, due);
}

function removeDue(agenda: Due[], due: Due): void {
  const at = seek(agenda, due);
  const found = agenda[at];
  if (found !== undefined && compare(found, due) === 0) agenda.splice(at, 1);
}

export const firstDue = (index: Index): Instant | undefined => index.agenda[0]?.at;
