/** A kernel in memory, for tests: inputs go through decide, place and evolve as in the daemon; time moves when told. */
import {
  cellNumber,
  type Death,
  defined,
  eventId,
  type IncarnationNumber,
  type Instant,
  instant,
  isRefusal,
  kernelEpoch,
  later,
  parseArtifactHash,
  parseReleaseId,
  parseRequestId,
  parseServiceId,
  parseTenantId,
  type Refusal,
  resourceLimitsDefault,
  type TenantId,
} from "../base/index.ts";
import { decide } from "./decide.ts";
import { serviceSupervisionDefault } from "./defaults.ts";
import type { Event, EventType, Release } from "./event.ts";
import { evolve, initialState } from "./evolve.ts";
import { place } from "./place.ts";
import { nextWake, type ServiceStatus, serviceStatus } from "./read.ts";
import type { State } from "./state.ts";
import type { Command, Effect, Input, Principal, Reply, Survivor, Turn } from "./turn.ts";

export const tenantId = (name: string) => defined(parseTenantId(name), "a tenant's name");
export const serviceId = (name: string) => defined(parseServiceId(name), "a service's name");
export const requestId = (name: string) => defined(parseRequestId(name), "a request_id");
const hash = "a".repeat(64);

export const admin: Principal = { role: "admin", name: "root" };
export const agent = (name: string): Principal => ({ role: "tenant", tenant: tenantId(name) });

export const release = (over: Partial<Release> = {}): Release => ({
  id: defined(parseReleaseId(hash), "a release"),
  format: "typescript",
  source: defined(parseArtifactHash(hash), "an artifact"),
  compiled: defined(parseArtifactHash(hash), "an artifact"),
  sourceMap: defined(parseArtifactHash(hash), "an artifact"),
  limits: resourceLimitsDefault,
  restart: "permanent",
  supervision: serviceSupervisionDefault,
  tier: "user",
  logLevel: "INFO",
  ...over,
});

export const crash: Death = { type: "crashed", where: "message", error: { name: "Error", message: "boom", stack: "" } };
export const normalEnd: Death = { type: "stopped", why: "normal" };

export type Of<T extends EventType> = Extract<Event, { readonly type: T }>;

export interface Asked {
  readonly by?: Principal;
  readonly request?: string;
  readonly fingerprint?: string;
}

export class World {
  state: State;
  now: Instant = instant(1_000_000);
  readonly events: Event[] = [];
  readonly effects: Effect[] = [];
  #sequences = new Map<TenantId, number>();

  constructor(state: State = initialState()) {
    this.state = state;
  }

  /** A kernel that has started, with tenants. */
  static of(...tenants: readonly string[]): World {
    const world = new World();
    world.boot();
    for (const tenant of tenants) world.command({ type: "create_tenant", tenant: tenantId(tenant) });
    return world;
  }

  /** What would happen; nothing does. */
  decideOnly(input: Input): Turn {
    return decide(this.state, input, this.now);
  }

  take(input: Input): Turn {
    const turn = decide(this.state, input, this.now);
    const first = eventId(this.state.lastEvent + 1);
    turn.events.forEach((happened, i) => {
      const sequence = happened.tenant === undefined ? undefined : (this.#sequences.get(happened.tenant) ?? 0) + 1;
      if (happened.tenant !== undefined && sequence !== undefined) this.#sequences.set(happened.tenant, sequence);
      const header = { id: eventId(first + i), timestamp: this.now, wallClockMs: this.now };
      const event = place(happened, sequence === undefined ? header : { ...header, tenantSequence: sequence }, first);
      this.events.push(event);
      evolve(this.state, event);
    });
    this.effects.push(...turn.effects);
    return turn;
  }

  boot(over: { readonly boot?: string; readonly survivors?: readonly Survivor[] } = {}): Turn {
    const { boot = this.state.boot === "" ? "boot-1" : this.state.boot, survivors = [] } = over;
    return this.take({ type: "booted", epoch: kernelEpoch(this.state.epoch + 1), boot, version: "0", survivors });
  }

  command(command: Command, { by = admin, request, fingerprint = "same" }: Asked = {}): Reply | Refusal {
    const { reply } = this.take({
      type: "command",
      principal: by,
      ...(request === undefined ? {} : { request: { id: requestId(request), fingerprint } }),
      command,
    });
    return defined(reply, "the reply to a command");
  }

  /** The command must not be refused. */
  done(command: Command, asked: Asked = {}): Reply {
    const reply = this.command(command, asked);
    if (isRefusal(reply)) throw new Error(`refused: ${JSON.stringify(reply)}`);
    return reply;
  }

  deploy(tenant: string, service: string, over: Partial<Release> & { readonly instances?: number } = {}): Reply {
    const { instances = 1, ...rest } = over;
    return this.done({
      type: "deploy",
      tenant: tenantId(tenant),
      service: serviceId(service),
      release: release(rest),
      instances,
    });
  }

  /** Deploys, and every instance starts. */
  run(tenant: string, service: string, over: Partial<Release> & { readonly instances?: number } = {}): Reply {
    const reply = this.deploy(tenant, service, over);
    for (const { incarnation } of reply.born) this.started(tenant, incarnation);
    return reply;
  }

  kill(
    tenant: string,
    service: string,
    over: { readonly forced?: boolean; readonly graceMs?: number } & Asked = {},
  ): Reply {
    const { forced = false, graceMs, ...asked } = over;
    const command = { type: "kill", tenant: tenantId(tenant), service: serviceId(service), forced } as const;
    return this.done(graceMs === undefined ? command : { ...command, graceMs }, asked);
  }

  started(tenant: string, incarnation: IncarnationNumber, cell = 1): Turn {
    return this.take({ type: "started", tenant: tenantId(tenant), incarnation, cell: cellNumber(cell), tookMs: 2 });
  }

  ended(tenant: string, incarnation: IncarnationNumber, death: Death = crash, started = true): Turn {
    return this.take({ type: "ended", tenant: tenantId(tenant), incarnation, death, started });
  }

  /** Moves time, waking the kernel whenever something is due. */
  advance(ms: number): void {
    const until = later(this.now, ms);
    for (let wakes = 0; wakes < 10_000; wakes++) {
      const due = nextWake(this.state);
      if (due === undefined || due > until) break;
      if (due > this.now) this.now = due;
      this.take({ type: "woken" });
    }
    this.now = until;
  }

  /** The incarnation of an instance that lives. */
  alive(tenant: string, service: string, instance = 1): IncarnationNumber {
    for (const [incarnation, at] of this.state.index.living.get(tenantId(tenant)) ?? []) {
      if (at.service === service && at.instance === instance) return incarnation;
    }
    throw new Error(`${service}/${instance} does not live`);
  }

  status(tenant: string, service: string): ServiceStatus {
    const found = this.state.tenants.get(tenantId(tenant))?.services.get(serviceId(service));
    return serviceStatus(defined(found, service), this.now);
  }

  phases(tenant: string, service: string): readonly string[] {
    return this.status(tenant, service).instances.map(({ phase }) => phase);
  }

  last<T extends EventType>(type: T): Of<T> {
    const found = this.events.findLast((event): event is Of<T> => event.type === type);
    return defined(found, type);
  }

  types(from = 0): readonly EventType[] {
    return this.events.slice(from).map(({ type }) => type);
  }
}
