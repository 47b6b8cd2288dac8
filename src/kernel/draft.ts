/**
 * A turn in the making. Each event is recorded with its cause and takes effect at once on the draft's own copy of the
 * services it touches, so that the next decision of the turn sees it; the state itself stays as it was.
 */
import {
  defined,
  type EventId,
  eventId,
  type IncarnationNumber,
  incarnationNumber,
  type Instant,
  latest,
  type Refusal,
  type ServiceId,
  type TenantId,
} from "../base/index.ts";
import { serviceKey } from "./agenda.ts";
import type { NewEvent } from "./event.ts";
import { isNewBoot } from "./evolve.ts";
import { place } from "./place.ts";
import { live } from "./service/life.ts";
import type { Service, State, Tenant } from "./state.ts";
import type { Effect, Reply, Turn } from "./turn.ts";

/** A new event whose cause, if it is of the same turn, need not be told apart. */
export type Recordable = NewEvent extends infer E
  ? E extends NewEvent
    ? Omit<E, "cause"> & { readonly cause?: EventId }
    : never
  : never;

interface Touched {
  readonly tenant: TenantId;
  readonly before: Service | undefined;
  readonly after: Service | undefined;
}

export class Draft {
  readonly state: State;
  readonly now: Instant;
  readonly #first: EventId;
  readonly #events: NewEvent[] = [];
  readonly #effects: Effect[] = [];
  readonly #touched = new Map<string, Touched>();
  readonly #incarnations = new Map<TenantId, IncarnationNumber>();

  readonly #deleted = new Set<TenantId>();
  #startedBy: EventId;

  constructor(state: State, now: Instant) {
    this.state = state;
    this.now = latest(state.instant, now);
    this.#startedBy = state.startedBy;
    this.#first = eventId(state.lastEvent + 1);
  }

  /** The start of the kernel that decides: what was suspended before it is resumed. */
  get startedBy(): EventId {
    return this.#startedBy;
  }

  /** Returns the id that the event will have. */
  record({ cause, ...happened }: Recordable): EventId {
    const id = eventId(this.#first + this.#events.length);
    const event = {
      ...happened,
      ...(cause === undefined ? {} : { cause: cause < this.#first ? cause : { earlier: cause - this.#first } }),
    } as NewEvent;
    this.#events.push(event);
    this.#apply(event, id);
    return id;
  }

  effect(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** As the state has it, unless this turn has deleted it. */
  tenant(tenant: TenantId): Tenant | undefined {
    return this.#deleted.has(tenant) ? undefined : this.state.tenants.get(tenant);
  }

  /** The service as this turn has made it. */
  service(tenant: TenantId, service: ServiceId): Service | undefined {
    const touched = this.#touched.get(serviceKey(tenant, service));
    return touched === undefined ? this.state.tenants.get(tenant)?.services.get(service) : touched.after;
  }

  /** The service that must be there. */
  getService(tenant: TenantId, service: ServiceId): Service {
    return defined(this.service(tenant, service), "the service");
  }

  /** A number never used in this tenant. */
  takeIncarnation(tenant: TenantId): IncarnationNumber {
    const next =
      this.#incarnations.get(tenant) ?? defined(this.state.tenants.get(tenant), "the tenant").nextIncarnation;
    this.#incarnations.set(tenant, incarnationNumber(next + 1));
    return next;
  }

  /** How much this turn changed a count that services add up to. */
  change(tenant: TenantId | undefined, count: (service: Service) => number): number {
    let change = 0;
    for (const touched of this.#touched.values()) {
      if (tenant !== undefined && touched.tenant !== tenant) continue;
      change +=
        (touched.after === undefined ? 0 : count(touched.after)) -
        (touched.before === undefined ? 0 : count(touched.before));
    }
    return change;
  }

  turn(reply?: Reply | Refusal): Turn {
    return { events: this.#events, effects: this.#effects, ...(reply === undefined ? {} : { reply }) };
  }

  #apply(event: NewEvent, id: EventId): void {
    const header = { id, timestamp: this.now, wallClockMs: this.now };
    const placed = place(event, header, this.#first);
    if (event.type === "tenant_deleted" && event.tenant !== undefined) this.#deleted.add(event.tenant);
    if (event.type === "kernel_started") this.#startedBy = id;
    const newBoot = isNewBoot(this.state, placed);
    for (const { tenant, service } of this.#subjectsOf(event)) {
      const key = serviceKey(tenant, service);
      const now = this.service(tenant, service);
      const after = live(event.type === "deployment_requested" ? undefined : now, placed, newBoot);
      const before = this.#touched.has(key) ? this.#touched.get(key)?.before : now;
      if (after !== now) this.#touched.set(key, { tenant, before, after });
    }
  }

  /** The services that an event changes. Of the node's and the tenants' own events, all that they have. */
  *#subjectsOf(event: NewEvent): Iterable<{ readonly tenant: TenantId; readonly service: ServiceId }> {
    if (event.type === "kernel_started" || event.type === "system_stopped") {
      for (const [tenant, { services }] of this.state.tenants)
        for (const service of services.keys()) yield { tenant, service };
    } else if (event.tenant !== undefined && event.type === "tenant_deletion_requested") {
      const services = this.state.tenants.get(event.tenant)?.services ?? new Map<ServiceId, Service>();
      for (const service of services.keys()) yield { tenant: event.tenant, service };
    } else if (event.tenant !== undefined && "service" in event.payload) {
      yield { tenant: event.tenant, service: event.payload.service };
    }
  }
}
