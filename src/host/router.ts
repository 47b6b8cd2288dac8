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
import { type Asking, callAgain, type CallRequest, cautious, marked } from "./again.ts";
import type { Verdict } from "./breaker.ts";
import type { Breakers, Refused } from "./breakers.ts";
import type { Answer, CellLink } from "./cell-link.ts";
import type { Held } from "./cell.ts";
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

/** `incarnation`: this life of the service, and no other. */
interface Aim extends Named {
  readonly incarnation?: IncarnationNumber | undefined;
  readonly request?: CallRequest;
}

export class Router {
  readonly #powers: RouterPowers;
  readonly #parking = new Parking<Target>();
  readonly #routes = new Routes();
  readonly #underWay = new Map<TenantId, { readonly calls: number; readonly bytes: number }>();
  readonly #throttled = new Map<string, string>();
  /** Keys of calls that came again and are being asked for, and how often at once. */
  readonly #askedFor = new Map<string, number>();
  /** What ends each call that is under way. */
  readonly #open = new Set<() => void>();
  #ending = false;

  constructor(powers: RouterPowers) {
    this.#powers = powers;
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
    let sum = 0;
    for (const { calls } of this.#underWay.values()) sum += calls;
    return sum;
  }

  /** The node ends: nothing more is taken, and whoever still waits is told so. */
  end(): void {
    this.#ending = true;
    for (const abandon of this.#open) abandon();
  }

  // ------------------------------------------------------------------ from the gateways

  async call(at: Named, args: Uint8Array, timeoutMs: number, from: string, request?: CallRequest): Promise<Routed> {
    const { tenant, service, method } = at;
    const aim: Aim = request === undefined ? at : { tenant, service, method, request };
    const answer = await new Promise<Answer>((settle) => this.#call(aim, { bytes: args }, timeoutMs, from, [], settle));
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
    this.#call(at, { bytes: args, slots }, timeoutMs, nameOf(caller), chain, answered);
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

  #call(
    at: Aim,
    parcel: Parcel,
    timeoutMs: number,
    from: string,
    chain: readonly IncarnationNumber[],
    answered: (answer: Answer) => void,
  ): void {
    const size = sizeOf(parcel);
    const full = this.#full(at.tenant, size);
    if (full !== undefined) return answered(failed("OVERLOADED", full));
    const refused = this.#ending ? shuttingDown("not_executed") : this.#throttling(at);
    if (refused !== undefined) return answered({ failure: refused });
    const { breakers } = this.#powers;
    const passage = breakers.enter(at);
    if (typeof passage === "object") return answered({ failure: openCircuit(passage) });
    this.#count(at.tenant, 1, size);
    let leave = (): void => undefined;
    const settle = (answer: Answer): void => {
      if (!this.#open.delete(abandon)) return;
      leave();
      breakers.leave(at, passage, verdictOf(answer, { delivered, timeoutMs }));
      this.#count(at.tenant, -1, -size);
      answered(answer);
    };
    const abandon = (): void => settle({ failure: shuttingDown(delivered ? "unknown" : "not_executed") });
    this.#open.add(abandon);
    // What was told that it did not run must not: nothing is done for a call that was answered.
    const isOver = (): boolean => !this.#open.has(abandon);
    let delivered = false;
    let stale = false;
    const deadline = performance.now() + timeoutMs;
    const msLeft = (): number => Math.max(1, Math.round(deadline - performance.now()));
    const deliver = (target: Target): void => {
      const { held, link } = target;
      if (chain.includes(held.incarnation)) {
        return settle(failed("CALL_CYCLE", [...chain, held.incarnation].join(" → ")));
      }
      delivered = true;
      if (link.isChoked) return settle({ failure: choked });
      const { request, method } = at;
      if (request?.sinceMs !== undefined) return again({ ...request, sinceMs: request.sinceMs }, target);
      const to = { incarnation: held.incarnation, method, from, ...carried(parcel), ...marked(request) };
      const leftMs = stale || parked ? msLeft() : timeoutMs;
      link.call(to, parcel.bytes, strictly(target, leftMs), chain, (answer) => {
        if (isOver() || stale || at.incarnation !== undefined || !isStale(answer)) return settle(answer);
        // While it is being asked for, it must not come to a life that was asked already.
        if (at.request !== undefined && this.#askedFor.has(`${at.tenant}/${at.request.key}`))
          return settle({ failure: overtaken });
        // It ended a moment ago, and the news is on its way: the call is for its next life.
        stale = true;
        delivered = false;
        this.remove(at.tenant, at.service, held.incarnation);
        route();
      });
    };
    const again = (request: Required<CallRequest>, chosen: Target): void => {
      const ask: Asking<Target>["ask"] = (target, mark, answered) => {
        if (isOver()) return answered({ failure: shuttingDown("unknown") });
        const to = { incarnation: target.held.incarnation, method: at.method, from, ...marked(mark) };
        const bytes = mark.again?.begin === true ? parcel.bytes : nothing;
        target.link.call(to, bytes, strictly(target, msLeft()), chain, answered);
      };
      const targets = (): readonly Target[] => this.#routes.all(at);
      const instances = this.#powers.instances(at.tenant, at.service);
      const key = `${at.tenant}/${request.key}`;
      this.#askedFor.set(key, (this.#askedFor.get(key) ?? 0) + 1);
      callAgain({ request, chosen, targets, instances, ask }, (answer) => {
        const left = (this.#askedFor.get(key) ?? 1) - 1;
        if (left === 0) this.#askedFor.delete(key);
        else this.#askedFor.set(key, left);
        settle(answer);
      });
    };
    let parked = false;
    const route = (): void => {
      const target = this.#target(at, chain);
      if (target !== undefined) return deliver(target);
      const absence = this.#absence(at, sizeOf(parcel));
      if (absence !== undefined) return settle({ failure: absence });
      parked = true;
      const timer = setTimeout(
        () => settle(failed("CALL_TIMEOUT", `${timeoutMs}`)),
        Math.max(1, deadline - performance.now()),
      );
      const withdraw = this.#parking.add(at, {
        bytes: sizeOf(parcel),
        incarnation: at.incarnation,
        deliver: (next) => {
          clearTimeout(timer);
          deliver(next);
        },
        giveUp: (failure) => settle({ failure }),
      });
      leave = () => {
        clearTimeout(timer);
        withdraw();
      };
    };
    route();
  }

  /** Why no further call of the tenant can be under way. */
  #full(tenant: TenantId, size: number): string | undefined {
    const { calls, bytes } = this.#underWay.get(tenant) ?? none;
    if (calls >= limits.callsInFlightMax) return `${limits.callsInFlightMax} calls under way`;
    return bytes + size > limits.callBytesInFlightMax
      ? `${limits.callBytesInFlightMax} bytes of calls under way`
      : undefined;
  }

  #count(tenant: TenantId, calls: number, bytes: number): void {
    const before = this.#underWay.get(tenant) ?? none;
    const after = { calls: before.calls + calls, bytes: before.bytes + bytes };
    if (after.calls === 0) this.#underWay.delete(tenant);
    else this.#underWay.set(tenant, after);
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

/** The cell has no such incarnation any more, and the call was not begun. */
const isStale = (answer: Answer): boolean =>
  "failure" in answer && answer.failure.code === "SERVICE_NOT_RUNNING" && answer.failure.executed === "not_executed";

/** Whoever asks a system service has its answer soon, or goes on without. */
const strictly = ({ held }: Target, timeoutMs: number): number =>
  held.release?.tier === "system" ? Math.min(timeoutMs, limits.systemCallTimeoutMsMax) : timeoutMs;

/** Tells what the state says: a crash must not be able to make it untrue. */
const showsState = ({ code }: CallFailure): boolean => code === "SERVICE_NOT_FOUND" || code === "SERVICE_NOT_RUNNING";

const nameOf = (held: Held): string => `${held.service} ${pidOf(held)}`;

const failure = (code: CallFailure["code"], message: string): CallFailure => ({
  code,
  executed: "not_executed",
  message,
});

/** The life that it was for is over. */
const ended: CallFailure = failure("SERVICE_NOT_RUNNING", "it ended");

/** Its cell is too busy to read what was sent to it before. */
const choked: CallFailure = failure("OVERLOADED", "large messages wait for it to read them");

/** The same, of the result that the cell asked for itself. */
const unreadResult: CallFailure = {
  ...choked,
  executed: "executed",
  message: "large results wait for it to read them",
};

/** Who asks has sent it again, and is answered there. */
const overtaken: CallFailure = {
  code: "CALL_LOST",
  executed: "unknown",
  message: "its life ended, and it was sent again meanwhile",
};

const failed = (code: CallFailure["code"], message: string): Answer => ({ failure: failure(code, message) });

const shuttingDown = (executed: CallFailure["executed"]): CallFailure => ({
  code: "SHUTTING_DOWN",
  executed,
  message: "the node ends",
});

const openCircuit = ({ failures, retryAfterMs }: Refused): CallFailure => ({
  ...failure("CIRCUIT_OPEN", `${failures}`),
  retryAfterMs,
});

const nothing = new Uint8Array(0);
const none = { calls: 0, bytes: 0 };

/** A caller that waits for less than this is impatient: that its time ran out says nothing of the service. */
const patienceMsMin = 1_000;

function verdictOf(answer: Answer, { delivered, timeoutMs }: { delivered: boolean; timeoutMs: number }): Verdict {
  if ("result" in answer) return "answered";
  const { code, executed } = answer.failure;
  // One that never began may have waited behind another that hangs.
  if (delivered && code === "CALL_TIMEOUT" && timeoutMs >= patienceMsMin) return "failed";
  return executed === "not_executed" ? "unused" : "neither";
}
