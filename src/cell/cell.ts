/**
 * The cell: one tenant's incarnations in one process.
 *
 *   kernel frames ──▶ orders ──▶ incarnations ◀──▶ one another (here), or through the kernel (elsewhere)
 *                                  turns by the scheduler, guests by the engine
 *
 * The kernel decides who lives; the cell runs them, bounds them, and reports every end with its reason.
 */
import type { Socket } from "node:net";
import { type Death, type IncarnationNumber, limits, resourceLimitsDefault, type TenantId } from "../base/index.ts";
import { type CallFailure, type Slots, toGuest } from "../wire/index.ts";
import { aim, refuseChain } from "./aim.ts";
import { Call } from "./call.ts";
import { type Answer, CallMemory, type Outcome } from "./call-memory.ts";
import { CpuShares, readPoolMs } from "./cpu-shares.ts";
import { Directory } from "./directory.ts";
import type { Engine, Guest } from "./engine.ts";
import { Favours } from "./favours.ts";
import { Gate } from "./gate.ts";
import { FlightRecorder } from "./flight-recorder.ts";
import { hostAtZero } from "./host-clock.ts";
import type { House } from "./house.ts";
import { type Message, nobody } from "./message.ts";
import { Incarnation } from "./incarnation.ts";
import { decodeText, encodeText, Kernels, type Order, sayTooLarge } from "./kernels.ts";
import type { Link } from "./link.ts";
import type { GuestCall } from "./operations.ts";
import { rehearse } from "./rehearsal.ts";
import { Scheduler } from "./scheduler.ts";
import { Tidying } from "./tidying.ts";
import { WarmGuests } from "./warm.ts";

/** Threads that were lost before the cell ends itself: each may burn a core, or hold memory that nobody can free. */
const woundsMax = 2;

const hostMs = hostAtZero({ own: () => performance.now(), host: () => Number(process.hrtime.bigint()) / 1e6 });

const throttled = "throttled until it is back under its limits";

type OrderOf<T extends Order["type"]> = Extract<Order, { readonly type: T }>;

export interface Rim {
  readonly cores: number;
  /** Code of the image's parts, by name. */
  readonly parts: Readonly<Record<string, string>>;
  /** Where its flight record is written; undefined: nobody would read it. */
  readonly flight: Float64Array | undefined;
  /** One line for the node's operator. */
  readonly say: (line: string) => void;
  /** Ends the process at once: stuck threads would keep an orderly exit waiting. */
  readonly die: (why: string) => void;
}

export class Cell {
  readonly #rim: Rim;
  readonly #directory = new Directory();
  readonly #scheduler: Scheduler;
  readonly #warm: WarmGuests;
  /** Loading services hold a thread each; a cold start loads many. */
  readonly #loads: Gate;
  readonly #tidying: Tidying;
  readonly #kernels: Kernels;
  readonly #memory = new CallMemory({
    nowMs: () => hostMs + performance.now(),
    after: (ms, run) => void setTimeout(run, ms).unref(),
  });
  readonly #house: House;
  #tenant: TenantId | undefined;
  #wounds = 0;

  constructor(engine: Engine, rim: Rim) {
    this.#rim = rim;
    this.#scheduler = new Scheduler(rim.cores);
    this.#loads = new Gate(2 * rim.cores + 4);
    this.#warm = new WarmGuests(engine, () => this.#scheduler.idle);
    this.#tidying = new Tidying(() => this.#scheduler.idle);
    this.#kernels = new Kernels({
      welcome: () => ({
        type: "welcome",
        ...(this.#tenant === undefined ? {} : { tenant: this.#tenant }),
        incarnations: [...this.#directory.all()].map((one) => ({
          service: one.birth.service,
          instance: one.birth.instance,
          incarnation: one.id,
          phase: one.phase === "ended" ? "stopping" : one.phase,
        })),
      }),
      order: (link, order, body) => this.#order(link, order, body),
      say: rim.say,
    });
    this.#house = {
      now: () => performance.now(),
      ready: (incarnation) => this.#scheduler.ready(incarnation),
      call: (caller, call, chain, answer) => this.#callFrom(caller, call, chain, answer, false),
      callNow: (caller, call, chain, answer) => this.#callFrom(caller, call, chain, answer, true),
      cast: (caller, service, method, args, slots) =>
        this.#tell(caller, service, { kind: toGuest.cast, a: method, b: args }, slots),
      send: (caller, service, message, slots) =>
        this.#tell(caller, service, { kind: toGuest.send, a: undefined, b: message }, slots),
      log: (incarnation, level, text, dropped) =>
        this.#kernels.log({ type: "log", incarnation: incarnation.id, level, text, dropped }),
      started: (incarnation, tookMs) => {
        this.#memory.started(incarnation.id);
        this.#kernels.report({ type: "started", ...placeOf(incarnation), tookMs });
        this.#warm.refill();
      },
      ended: (incarnation, death, started) => this.#ended(incarnation, death, started),
      stirred: (incarnation) => this.#tidying.stirred(incarnation),
      wounded: (why) => this.#wounded(why),
      favours: new Favours(rim.parts),
      recorder: new FlightRecorder(rim.flight, hostMs),
      shares: new CpuShares(readPoolMs),
      contention: () => this.#scheduler.contention,
      inlineCpuMs: () => this.#scheduler.markedCpuMs,
    };
  }

  /** Makes the warm guests; for the start of the process. */
  warmUp(): void {
    this.#warm.fill();
  }

  /** Runs what a tenant's first service would be the first to run; once the cell is locked. */
  async rehearse(): Promise<void> {
    await rehearse(this.#warm.take(resourceLimitsDefault.maxMemoryBytes), this.#house);
    this.#warm.refill();
  }

  accept(socket: Socket): void {
    this.#kernels.accept(socket);
  }

  // ── what kernels order

  #order(link: Link, order: Order, body: Uint8Array): void {
    switch (order.type) {
      case "adopt":
        if (this.#tenant !== undefined && this.#tenant !== order.tenant) {
          return this.#kernels.refuse(link, "it took this cell for another tenant's");
        }
        this.#tenant = order.tenant;
        return;
      case "load":
        if (this.#tenant === undefined) return this.#kernels.refuse(link, "it loaded before it adopted");
        return this.#load(order, decodeText(body));
      case "stop":
        return this.#directory.find(order.incarnation)?.stop(order.death, order.graceMs);
      case "call":
        return this.#call(link, order, decodeText(body));
      case "cast":
      case "send": {
        const target = this.#directory.find(order.incarnation);
        const what =
          order.type === "cast"
            ? { kind: toGuest.cast, a: order.method, b: decodeText(body) }
            : { kind: toGuest.send, a: undefined, b: decodeText(body) };
        if (target !== undefined) hand(target, { ...what, c: order.from, call: undefined, chain: nobody }, order.slots);
        return;
      }
      case "throttle":
        return this.#directory.find(order.incarnation)?.throttle(order.throttled);
      case "inspect":
        void this.#inspect(link, order);
        return;
    }
  }

  #load(order: OrderOf<"load">, code: string): void {
    if (this.#directory.find(order.incarnation) !== undefined) return;
    if (this.#directory.size >= limits.isolatesPerCellMax) {
      return this.#refuseLoad(order, `a cell holds ${limits.isolatesPerCellMax} services`);
    }
    let guest: Guest;
    try {
      guest = this.#warm.take(order.limits.maxMemoryBytes);
    } catch (error) {
      return this.#refuseLoad(order, error instanceof Error ? error.message : "no isolate could be made");
    }
    const incarnation = new Incarnation(order, guest, this.#house);
    this.#directory.add(incarnation);
    this.#loads.enter(() => incarnation.start(code));
  }

  #refuseLoad({ service, instance, incarnation }: OrderOf<"load">, message: string): void {
    const death: Death = { type: "crashed", where: "load", error: { name: "CellFull", message, stack: "" } };
    this.#kernels.report({ type: "ended", service, instance, incarnation, death, started: false });
  }

  #call(link: Link, order: OrderOf<"call">, args: string): void {
    const reply: Answer = ({ failure, slots, body }) =>
      link.send({ type: "outcome", id: order.id, ...(failure === undefined ? carried(slots) : { failure }) }, body);
    const refuse = (failure: CallFailure): void => reply({ failure });
    const { request } = order;
    if (request !== undefined) {
      if (this.#memory.join(request.key, reply)) return;
      // The newer kernel may have been asked for it again, and told that it never came.
      if (this.#kernels.isOutdated(link)) return refuse(lost("not_executed", "a newer kernel has taken over"));
      const doubt = request.again === undefined ? undefined : this.#memory.doubt(request.again);
      if (doubt !== undefined) return refuse(lost("unknown", doubt));
      if (request.again?.begin === false) return refuse(lost("not_executed", "it never came here"));
    }
    const target = this.#directory.find(order.incarnation);
    if (target === undefined) {
      return refuse({ code: "SERVICE_NOT_RUNNING", executed: "not_executed", message: "it ended" });
    }
    const answer = request === undefined ? reply : this.#memory.begin(request.key, reply);
    const takesReferences = order.slots !== undefined;
    const call = new Call((result, failure, slots) => answer(outcomeOf(result, failure, slots, takesReferences)));
    call.expire(order.timeoutMs);
    const { method, from, chain, slots } = order;
    const message = present(target, { kind: toGuest.call, a: method, b: args, c: from, call, chain }, slots);
    if (message === undefined) call.fail("OVERLOADED", "not_executed", sayTooMany(target));
    else this.#deliver(target, message);
  }

  async #inspect(link: Link, { id, incarnations: named }: OrderOf<"inspect">): Promise<void> {
    const wanted = named?.flatMap((one) => this.#directory.find(one) ?? []) ?? [...this.#directory.all()];
    const usages = await Promise.all(wanted.map(async (one) => ({ incarnation: one.id, usage: await one.usage() })));
    link.send({
      type: "inspected",
      id,
      usages: usages.flatMap(({ incarnation, usage }) => (usage === undefined ? [] : [{ incarnation, usage }])),
    });
  }

  // ── what guests ask

  /** `nested`: on the stack of the caller's own inline turn, so that an idle inline target can be called right here. */
  #callFrom(
    caller: Incarnation,
    wanted: GuestCall,
    waiting: readonly IncarnationNumber[],
    call: Call,
    nested: boolean,
  ): void {
    const slots = wanted.slots === undefined ? undefined : caller.slots.translate(wanted.slots);
    if (wanted.slots !== undefined && slots === undefined) {
      return call.fail("NOT_SERIALIZABLE", "not_executed", "the arguments name a reference that was not given");
    }
    const aimed = aim(this.#directory, caller, wanted.service, waiting);
    if (aimed.at === "nowhere") return call.fail(aimed.why.code, "not_executed", aimed.why.message);
    const refused = refuseChain(aimed, waiting);
    if (refused !== undefined) return call.fail(refused.code, "not_executed", refused.message);
    const { method, args, timeoutMs } = wanted;
    if (aimed.at === "elsewhere") {
      call.expire(timeoutMs);
      const header = { caller: caller.id, ...aimed.meant, method, timeoutMs, ...carried(slots) };
      return this.#kernels.call(header, waiting, args, call);
    }
    const { target } = aimed;
    const c = caller.sender;
    const message = present(target, { kind: toGuest.call, a: method, b: args, c, call, chain: waiting }, slots);
    if (message === undefined) return call.fail("OVERLOADED", "not_executed", sayTooMany(target));
    if (target.throttled && target !== caller) return call.fail("OVERLOADED", "not_executed", throttled);
    if (nested && target.idleInline && this.#scheduler.depth < limits.callDepthMax) {
      this.#nest(caller, target, message);
      if (call.open) call.expire(timeoutMs);
      return;
    }
    call.expire(timeoutMs);
    this.#deliver(target, message);
  }

  #nest(caller: Incarnation, target: Incarnation, message: Message): void {
    if (!target.receiveNow(message)) return message.call?.fail("MAILBOX_FULL", "not_executed", target.fill);
    this.#scheduler.depth++;
    caller.excuse(target.turnInline());
    this.#scheduler.depth--;
  }

  #deliver(target: Incarnation, message: Message): void {
    if (!target.open) {
      message.call?.fail("SERVICE_NOT_RUNNING", "not_executed", "it is stopping");
    } else if (!target.receive(message)) {
      message.call?.fail("MAILBOX_FULL", "not_executed", target.fill);
    }
  }

  /** A message that nobody answers. False: its receiver refused it; one that ended drops it. */
  #tell(
    caller: Incarnation,
    wanted: string,
    what: Pick<Message, "kind" | "a"> & { readonly b: string },
    slots: Slots | undefined,
  ): boolean {
    const aimed = aim(this.#directory, caller, wanted, nobody);
    switch (aimed.at) {
      case "nowhere":
        return true;
      case "here": {
        const { target } = aimed;
        if (target.throttled && target !== caller) return false;
        return hand(target, { ...what, c: caller.sender, call: undefined, chain: nobody }, slots);
      }
      case "elsewhere": {
        const header = { caller: caller.id, ...aimed.meant, ...carried(slots) };
        return what.kind === toGuest.cast
          ? this.#kernels.post({ type: "cast", ...header, method: String(what.a) }, what.b)
          : this.#kernels.post({ type: "send", ...header }, what.b);
      }
    }
  }

  // ── ends

  #ended(incarnation: Incarnation, death: Death, started: boolean): void {
    this.#directory.remove(incarnation);
    this.#memory.ended(incarnation.id);
    this.#tidying.forget(incarnation);
    this.#kernels.report({ type: "ended", ...placeOf(incarnation), death, started });
    this.#warm.refill();
  }

  #wounded(why: string): void {
    this.#wounds++;
    this.#rim.say(`lost a thread (${this.#wounds} of ${woundsMax}): ${why}`);
    // The reports of this turn of the event loop leave first.
    if (this.#wounds < woundsMax) return;
    setImmediate(() => {
      // Those who did it are dead, and have paid: whoever lives is a victim.
      this.#house.recorder.clear((incarnation) => this.#directory.find(incarnation) !== undefined);
      this.#rim.die(`lost ${this.#wounds} threads, last: ${why}`);
    });
  }
}

const lost = (executed: CallFailure["executed"], message: string): CallFailure => ({
  code: "CALL_LOST",
  executed,
  message,
});

/** What a kernel is told of a call. */
function outcomeOf(
  result: string | undefined,
  failure: CallFailure | undefined,
  slots: Slots | undefined,
  takesReferences: boolean,
): Outcome {
  if (slots !== undefined && !takesReferences) return { failure: referencesStay };
  if (failure !== undefined) return { failure };
  const body = encodeText(result);
  if (body === undefined || body.length <= limits.payloadBytesMax) return { body, ...carried(slots) };
  return { failure: { code: "TOO_LARGE", executed: "executed", message: sayTooLarge("the result", body.length) } };
}

/** Clients have none. */
const referencesStay: CallFailure = {
  code: "NOT_SERIALIZABLE",
  executed: "executed",
  message: "the result holds a reference to a service, which means nothing outside of the services",
};

const sayTooMany = ({ birth }: Incarnation): string => `${birth.service} holds too many references`;

const carried = (slots: Slots | undefined): { readonly slots?: Slots } => (slots === undefined ? {} : { slots });

/** The message as its receiver may read it; undefined: with its references it would hold too many. */
function present(target: Incarnation, message: Message, slots: Slots | undefined): Message | undefined {
  if (slots === undefined || slots.length === 0) return message;
  const shown = target.slots.present(slots);
  return shown === undefined ? undefined : { ...message, slots: shown };
}

/** A message that nobody waits for. False: its receiver refused it; one that brings too many references is dropped. */
function hand(target: Incarnation, message: Message, slots: Slots | undefined): boolean {
  const shown = present(target, message, slots);
  if (shown !== undefined) return target.receive(shown);
  target.dropped();
  return true;
}

const placeOf = ({ birth }: Incarnation) => ({
  service: birth.service,
  instance: birth.instance,
  incarnation: birth.incarnation,
});
