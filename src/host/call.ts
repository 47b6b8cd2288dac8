/**
 * One call on its way, answered exactly once (P4). What became of it decides what may still be done: nothing, once it is
 * answered.
 *
 *   route ─┬─ it runs ─────────────▶ delivered ── outcome ─────────────────────▶ answered
 *     ▲    ├─ it comes ──▶ parked ──▶    │
 *     │    └─ otherwise ────────────────────────────────────────────────────────▶ answered: refused
 *     └────────────── once: that life had ended a moment before
 */
import { type IncarnationNumber, limits, type ServiceId, type TenantId } from "../base/index.ts";
import type { CallFailure } from "../wire/index.ts";
import { type AskedFor, type Asking, callAgain, type CallRequest, marked } from "./again.ts";
import { choked, failed, isStale, overtaken, shuttingDown } from "./call-failures.ts";
import type { Named } from "./call-refusal.ts";
import type { Answer } from "./cell-link.ts";
import type { Parking } from "./parking.ts";
import type { Target } from "./routes.ts";
import { carried, type Parcel, sizeOf } from "./slots.ts";

/** `incarnation`: this life of the service, and no other. */
export interface Aim extends Named {
  readonly incarnation?: IncarnationNumber | undefined;
  readonly request?: CallRequest;
}

export interface CallOrder {
  readonly at: Aim;
  readonly parcel: Parcel;
  readonly timeoutMs: number;
  readonly from: string;
  /** The lives that wait for its answer. */
  readonly chain: readonly IncarnationNumber[];
}

export interface CallPowers {
  /** A life that takes it now, and is none of those that wait if that can be helped. */
  readonly target: (at: Aim, waiting: readonly IncarnationNumber[]) => Target | undefined;
  /** All lives of its service that take messages now. */
  readonly targets: (at: Aim) => readonly Target[];
  /** How many those are when nothing is amiss. */
  readonly instances: (tenant: TenantId, service: ServiceId) => number;
  /** Why it cannot even wait for one. */
  readonly absence: (at: Aim, bytes: number) => CallFailure | undefined;
  readonly parking: Pick<Parking<Target>, "add">;
  readonly askedFor: AskedFor;
  /** That life takes no messages any more. */
  readonly forget: (at: Aim, incarnation: IncarnationNumber) => void;
}

/** `wasDelivered`: a life was given it. */
export type Answered = (answer: Answer, wasDelivered: boolean) => void;

export class Call {
  readonly #order: CallOrder;
  readonly #powers: CallPowers;
  readonly #answered: Answered;
  readonly #deadline: number;
  #isDelivered = false;
  /** It has waited, or was given to a life that had ended: of its time a part is over. */
  #isLate = false;
  #isStale = false;
  #isOver = false;
  #leaveParking: () => void = () => undefined;

  constructor(order: CallOrder, powers: CallPowers, answered: Answered) {
    this.#order = order;
    this.#powers = powers;
    this.#answered = answered;
    this.#deadline = performance.now() + order.timeoutMs;
  }

  route(): void {
    const { at, chain, parcel, timeoutMs } = this.#order;
    const target = this.#powers.target(at, chain);
    if (target !== undefined) return this.#deliver(target);
    const bytes = sizeOf(parcel);
    const absence = this.#powers.absence(at, bytes);
    if (absence !== undefined) return this.#settle({ failure: absence });
    this.#isLate = true;
    const timer = setTimeout(() => this.#settle(failed("CALL_TIMEOUT", `${timeoutMs}`)), this.#msLeft());
    const withdraw = this.#powers.parking.add(at, {
      bytes,
      incarnation: at.incarnation,
      deliver: (next) => {
        clearTimeout(timer);
        this.#deliver(next);
      },
      giveUp: (failure) => this.#settle({ failure }),
    });
    this.#leaveParking = () => {
      clearTimeout(timer);
      withdraw();
    };
  }

  /** The node ends. */
  abandon(): void {
    this.#settle({ failure: shuttingDown(this.#isDelivered ? "unknown" : "not_executed") });
  }

  #settle(answer: Answer): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leaveParking();
    this.#answered(answer, this.#isDelivered);
  }

  #deliver(target: Target): void {
    const { at, parcel, timeoutMs, from, chain } = this.#order;
    const { held, link } = target;
    const { request, method } = at;
    if (chain.includes(held.incarnation)) {
      return this.#settle(failed("CALL_CYCLE", [...chain, held.incarnation].join(" → ")));
    }
    this.#isDelivered = true;
    if (link.isChoked) return this.#settle({ failure: choked });
    if (request?.sinceMs !== undefined) return this.#ask({ ...request, sinceMs: request.sinceMs }, target);
    const to = { incarnation: held.incarnation, method, from, ...carried(parcel), ...marked(request) };
    const leftMs = this.#isLate ? this.#msLeft() : timeoutMs;
    link.call(to, parcel.bytes, strictly(target, leftMs), chain, (answer) => this.#hear(target, answer));
  }

  #hear({ held }: Target, answer: Answer): void {
    const { at } = this.#order;
    // What was told that it did not run must not run after that.
    if (this.#isOver || this.#isStale || at.incarnation !== undefined || !isStale(answer)) return this.#settle(answer);
    // While it is being asked for, it must not come to a life that was asked already.
    if (at.request !== undefined && this.#powers.askedFor.has(at.tenant, at.request.key)) {
      return this.#settle({ failure: overtaken });
    }
    // It ended a moment ago, and the news is on its way: the call is for its next life.
    this.#isStale = true;
    this.#isLate = true;
    this.#isDelivered = false;
    this.#powers.forget(at, held.incarnation);
    this.route();
  }

  /** It comes again: the lives that may have been given it before are asked first. */
  #ask(request: Required<CallRequest>, chosen: Target): void {
    const { at, parcel, from, chain } = this.#order;
    const { targets, instances, askedFor } = this.#powers;
    const ask: Asking<Target>["ask"] = (target, mark, answered) => {
      if (this.#isOver) return answered({ failure: shuttingDown("unknown") });
      const to = { incarnation: target.held.incarnation, method: at.method, from, ...marked(mark) };
      const bytes = mark.again?.begin === true ? parcel.bytes : nothing;
      target.link.call(to, bytes, strictly(target, this.#msLeft()), chain, answered);
    };
    const asking = {
      request,
      chosen,
      targets: () => targets(at),
      instances: instances(at.tenant, at.service),
      ask,
    };
    askedFor.add(at.tenant, request.key);
    callAgain(asking, (answer) => {
      askedFor.remove(at.tenant, request.key);
      this.#settle(answer);
    });
  }

  #msLeft(): number {
    return Math.max(1, Math.round(this.#deadline - performance.now()));
  }
}

/** Whoever asks a system service has its answer soon, or goes on without. */
const strictly = ({ held }: Target, timeoutMs: number): number =>
  held.release?.tier === "system" ? Math.min(timeoutMs, limits.systemCallTimeoutMsMax) : timeoutMs;

const nothing = new Uint8Array(0);
