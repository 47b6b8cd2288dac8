/**
 * The data plane: calls, casts and messages to services, by name. A routing table says which incarnations of a service
 * take messages, and over which cell's link. Never goes through a turn of the kernel.
 *
 *   gateway ─▶ call ─┬─ running ──▶ link of the cell ──▶ outcome
 *   another cell ────┤
 *                    ├─ throttled, or its circuit is open ─▶ refused at once
 *                    ├─ starting, waiting ─▶ parked until it runs, or the time is up
 *                    └─ otherwise ─▶ refused
 *
 * A message may be for one life of a service alone: then it waits for no other. Between the cells of a tenant messages carry
 * references, each of which is looked at before it passes (P2); clients are given none.
 *
 * Each call settles exactly once (P4); what is parked and what is under way are bounded (P6).
 */
import {
  type IncarnationNumber,
  limits,
  never,
  pidOf,
  type Refusal,
  type ServiceId,
  type TenantId,
} from "../base/index.ts";
import type { CallFailure, CellToKernel, KernelToCell } from "../wire/index.ts";
import { AskedFor, type CallRequest, cautious } from "./again.ts";
import type { Verdict } from "./breaker.ts";
import type { Breakers, Refused } from "./breakers.ts";
import type { Answer, CellLink } from "./cell-link.ts";
import type { Held } from "./cell.ts";
import { type Aim, Call, type CallOrder, type CallPowers } from "./call.ts";
import { choked, ended, failed, failure, shuttingDown, showsState, unreadResult } from "./call-failures.ts";
import { type Named, refusalOf } from "./call-refusal.ts";
import { type Parked, Parking } from "./parking.ts";
import { Routes, type Target } from "./routes.ts";
import {
  carried,
  forgedArguments,
  forgedResult,
  type LifeOf,
  mayPass,
  type Parcel,
  referencesStay,
  sizeOf,
} from "./slots.ts";
import { timing } from "./timing.ts";
import { UnderWay } from "./under-way.ts";
import { traceMsMax, within } from "./within.ts";

/** What the state says of a service that has no route: shall a message wait for it? */
export type Absence =
  | { readonly name: "absent" }
  | { readonly name: "coming" }
  | { readonly name: "stopped"; readonly why: string };

export interface RouterPowers {
  readonly absence: (tenant: TenantId, service: ServiceId) => Absence;
  readonly life: LifeOf;
  /** How many lives of a service take messages when nothing is amiss. */
  readonly instances: (tenant: TenantId, service: ServiceId) => number;
  readonly breakers: Breakers;
  /** After this long a throttled service is looked at again. */
  readonly throttleMs: number;
  /** Resolves when all that the state shows is durable. */
  readonly durable: () => Promise<void>;
  /** A guest's stack in the agent's own lines. */
  readonly trace: (tenant: TenantId, service: ServiceId, stack: string) => Promise<string>;
}

export interface Unanswered {
  readonly refusal: Refusal;
  readonly executed: CallFailure["executed"];
  readonly stack?: string;
}

export type Routed = { readonly result: Uint8Array } | Unanswered;

export class Router {
  readonly #powers: RouterPowers;
  readonly #parking = new Parking<Target>();
  readonly #routes = new Routes();
  readonly #underWay = new UnderWay();
  readonly #throttled = new Map<string, string>();
  readonly #callPowers: CallPowers;
  #ending = false;

  constructor(powers: RouterPowers) {
    this.#powers = powers;
    this.#callPowers = {
      target: (at, waiting) => this.#target(at, waiting),
      targets: (at) => this.#routes.all(at),
      instances: powers.instances,
      absence: (at, bytes) => this.#absence(at, bytes),
      parking: this.#parking,
      askedFor: new AskedFor(),
      forget: (at, incarnation) => this.#routes.remove(at, incarnation),
    };
  }

  // ------------------------------------------------------------------ the table

  /** The incarnation takes messages from now on; what was parked for its service is delivered, in order. */
  add(tenant: TenantId, held: Held, link: CellLink): void {
    const own = { held, link };
    if (!this.#routes.add(tenant, own)) return;
    const at = { tenant, service: held.service };
    const wanted = this.#parking.take(at, ({ incarnation = held.incarnation }) => incarnation === held.incarnation);
    for (const parked of wanted) {
      const any = parked.incarnation === undefined ? this.#routes.pick(at, []) : undefined;
      parked.deliver(any ?? own);
    }
  }

  remove(tenant: TenantId, service: ServiceId, incarnation: IncarnationNumber): void {
    this.#routes.remove({ tenant, service }, incarnation);
  }

  /** Called when something of the tenant has changed: what waits for a service that will not come is told so. */
  review(tenant: TenantId): void {
    for (const service of this.#parking.awaited(tenant)) {
      const at = { tenant, service };
      const gone = this.#gone(at);
      const why = ({ incarnation }: Parked<Target>): CallFailure | undefined =>
        incarnation === undefined ? gone : this.#gone({ ...at, incarnation });
      const lost = this.#parking.take(at, (parked) => why(parked) !== undefined);
      for (const parked of lost) parked.giveUp(why(parked) ?? ended);
    }
  }

  /** These services, and no others, take no new work for now, and why. */
  throttle(
    services: readonly { readonly tenant: TenantId; readonly service: ServiceId; readonly why: string }[],
  ): void {
    this.#throttled.clear();
    for (const { tenant, service, why } of services) this.#throttled.set(`${tenant}/${service}`, why);
  }

  /** Calls under way, of all tenants. */
  get underWay(): number {
    return this.#underWay.count;
  }

  /** The node ends: nothing more is taken, and whoever still waits is told so. */
  end(): void {
    this.#ending = true;
    this.#underWay.end();
  }

  // ------------------------------------------------------------------ from the gateways

  async call(at: Named, args: Uint8Array, timeoutMs: number, from: string, request?: CallRequest): Promise<Routed> {
    const { tenant, service, method } = at;
    const aim: Aim = request === undefined ? at : { tenant, service, method, request };
    const answer = await new Promise<Answer>((settle) =>
      this.#call({ at: aim, parcel: { bytes: args }, timeoutMs, from, chain: [] }, settle),
    );
    if ("failure" in answer) {
      const failure = request?.sinceMs === undefined ? answer.failure : cautious(answer.failure);
      return this.#explain(at, failure, timeoutMs);
    }
    return answer.slots === undefined ? { result: answer.result } : this.#explain(at, referencesStay, timeoutMs);
  }

  /** A refusal if it can be seen at once that the message goes nowhere. */
  async cast(at: Named, args: Uint8Array, from: string): Promise<Unanswered | undefined> {
    const make = (incarnation: IncarnationNumber): KernelToCell => ({
      type: "cast",
      incarnation,
      method: at.method,
      from,
    });
    const failure = this.#deliver(at, make, { bytes: args });
    return failure === undefined ? undefined : this.#explain(at, failure, 0);
  }

  // ------------------------------------------------------------------ from cells

  /** A guest calls what is not in its own cell. Answered over the link it came by. */
  callFrom(
    tenant: TenantId,
    caller: Held,
    link: CellLink,
    call: Extract<CellToKernel, { type: "call" }>,
    args: Uint8Array,
  ): void {
    const { id, service, method, incarnation, timeoutMs, chain, slots = [] } = call;
    const answered = (answer: Answer): void => {
      const passes = "result" in answer && mayPass(tenant, answer, this.#powers.life);
      if (passes && !link.isChoked) {
        return void link.send({ type: "answer", id, ...carried(answer) }, answer.result);
      }
      const failure = passes ? unreadResult : "result" in answer ? forgedResult : answer.failure;
      const tell = (): void => void link.send({ type: "answer", id, failure });
      if (!showsState(failure)) return tell();
      // A log that fails ends the kernel by itself.
      this.#powers.durable().then(tell, () => undefined);
    };
    if (!mayPass(tenant, { slots }, this.#powers.life)) return answered({ failure: forgedArguments });
    const at = { tenant, service, method, incarnation };
    this.#call({ at, parcel: { bytes: args, slots }, timeoutMs, from: nameOf(caller), chain }, answered);
  }

  /** Fire and forget: what goes nowhere is dropped, as a message to a dead process is. */
  passOn(
    tenant: TenantId,
    caller: Held,
    message: Extract<CellToKernel, { type: "cast" | "send" }>,
    body: Uint8Array,
  ): void {
    if (!mayPass(tenant, message, this.#powers.life)) return;
    const from = nameOf(caller);
    const { service, incarnation, slots } = message;
    const method = message.type === "cast" ? message.method : "";
    const make = (to: IncarnationNumber): KernelToCell =>
      message.type === "cast"
        ? { type: "cast", incarnation: to, method, from, ...carried(message) }
        : { type: "send", incarnation: to, from, ...carried(message) };
    this.#deliver({ tenant, service, method, incarnation }, make, { bytes: body, slots });
  }

  // ------------------------------------------------------------------ inside

  #call(order: CallOrder, answered: (answer: Answer) => void): void {
    const { at, parcel, timeoutMs } = order;
    const size = sizeOf(parcel);
    const full = this.#underWay.full(at.tenant, size);
    if (full !== undefined) return answered(failed("OVERLOADED", full));
    const refused = this.#ending ? shuttingDown("not_executed") : this.#throttling(at);
    if (refused !== undefined) return answered({ failure: refused });
    const { breakers } = this.#powers;
    const passage = breakers.enter(at);
    if (typeof passage === "object") return answered({ failure: openCircuit(passage) });
    const call: Call = new Call(order, this.#callPowers, (answer, wasDelivered) => {
      this.#underWay.remove(call, at.tenant, size);
      breakers.leave(at, passage, verdictOf(answer, { wasDelivered, timeoutMs }));
      answered(answer);
    });
    this.#underWay.add(call, at.tenant, size);
    call.route();
  }

  #deliver(at: Aim, make: (incarnation: IncarnationNumber) => KernelToCell, parcel: Parcel): CallFailure | undefined {
    const refused = this.#throttling(at);
    if (refused !== undefined) return refused;
    const open = this.#powers.breakers.find(at);
    if (open !== undefined) return openCircuit(open);
    const target = this.#target(at, []);
    if (target !== undefined) {
      if (target.link.isChoked) return choked;
      target.link.send(make(target.held.incarnation), parcel.bytes);
      return undefined;
    }
    const absence = this.#absence(at, sizeOf(parcel));
    if (absence !== undefined) return absence;
    const withdraw = this.#parking.add(at, {
      bytes: sizeOf(parcel),
      incarnation: at.incarnation,
      deliver: ({ held, link }) => {
        clearTimeout(timer);
        link.send(make(held.incarnation), parcel.bytes);
      },
      giveUp: () => clearTimeout(timer),
    });
    const timer = setTimeout(withdraw, limits.parkedCastMsMax).unref();
    return undefined;
  }

  #target(at: Aim, waiting: readonly IncarnationNumber[]): Target | undefined {
    const { incarnation } = at;
    return incarnation === undefined ? this.#routes.pick(at, waiting) : this.#routes.find(at, incarnation);
  }

  /** Why a service takes nothing new right now, whether it runs or not. */
  #throttling({ tenant, service }: Named): CallFailure | undefined {
    const throttled = this.#throttled.size === 0 ? undefined : this.#throttled.get(`${tenant}/${service}`);
    if (throttled === undefined) return undefined;
    return { ...failure("OVERLOADED", `throttled: ${throttled}`), retryAfterMs: this.#powers.throttleMs };
  }

  /** Why a message to a service without a route cannot even wait. */
  #absence(at: Aim, bytes: number): CallFailure | undefined {
    const gone = this.#gone(at);
    if (gone !== undefined) return gone;
    const full = this.#parking.full(at, bytes);
    return full === undefined ? undefined : failure("OVERLOADED", full);
  }

  /** Why a service without a route, or this life of it, will not have one soon. */
  #gone({ tenant, service, incarnation }: Omit<Aim, "method">): CallFailure | undefined {
    if (incarnation !== undefined) {
      return this.#powers.life(tenant, service, incarnation) === "lives" ? undefined : ended;
    }
    const absence = this.#powers.absence(tenant, service);
    switch (absence.name) {
      case "coming":
        return undefined;
      case "absent":
        return failure("SERVICE_NOT_FOUND", "no such service");
      case "stopped":
        return failure("SERVICE_NOT_RUNNING", absence.why);
      default:
        return never(absence);
    }
  }

  async #explain(at: Named, failure: CallFailure, timeoutMs: number): Promise<Unanswered> {
    // A refusal may show what the state says: it waits for the disk, as every reply does (P3).
    await this.#powers.durable();
    const refusal = refusalOf(at, failure, timeoutMs);
    if (failure.error === undefined) return { refusal, executed: failure.executed };
    const { stack: raw } = failure.error;
    const stack = await within(timing, traceMsMax, this.#powers.trace(at.tenant, at.service, raw));
    return { refusal, executed: failure.executed, stack: stack ?? raw };
  }
}

const nameOf = (held: Held): string => `${held.service} ${pidOf(held)}`;

const openCircuit = ({ failures, retryAfterMs }: Refused): CallFailure => ({
  ...failure("CIRCUIT_OPEN", `${failures}`),
  retryAfterMs,
});

/** A caller that waits for less than this is impatient: that its time ran out says nothing of the service. */
const patienceMsMin = 1_000;

function verdictOf(answer: Answer, { wasDelivered, timeoutMs }: { wasDelivered: boolean; timeoutMs: number }): Verdict {
  if ("result" in answer) return "answered";
  const { code, executed } = answer.failure;
  // One that never began may have waited behind another that hangs.
  if (wasDelivered && code === "CALL_TIMEOUT" && timeoutMs >= patienceMsMin) return "failed";
  return executed === "not_executed" ? "unused" : "neither";
}
