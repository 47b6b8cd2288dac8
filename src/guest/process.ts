/**
 * One running service in its isolate: its class, its instance, its mailbox. What the tenant's code throws is caught and
 * turned into text here, inside the isolate and under its timeout.
 *
 *   loaded(exports) ──▶ init ──▶ mail … ──▶ terminate
 *        └───────────────┴──────────┴───────────┴──▶ crash: the incarnation ends
 *
 * An error that leaves a handler ends the incarnation (its state may be half changed; its supervisor starts it afresh),
 * after the caller got it. A `Refusal` does not: it is an answer.
 */
import { fromGuest, type GuestConfiguration, senderOf, serviceOfSender, toGuest } from "../wire/index.ts";
import { limits } from "../base/index.ts";
import { decode, decodeList, encode, encodeList, takeSlots, unsign } from "./codec.ts";
import { CallError, describeError, isA, SoloError } from "./errors.ts";
import type { FamilyKit, FamilyPart } from "./family.ts";
import { Handle } from "./handle.ts";
import { makeLog, type Log } from "./log.ts";
import { type Mail, Mailbox } from "./mailbox.ts";
import {
  extendsService,
  findCallback,
  findClass,
  findMethods,
  makeFetchMethod,
  type Method,
  type Methods,
} from "./methods.ts";
import { type Cell, Outbox } from "./outbox.ts";
import { apply, freeze, parseJson, soon } from "./primordials.ts";
import { Parts } from "./parts.ts";
import { Reference, References } from "./reference.ts";
import { type Kin, makeInstance, Refusal, type Service } from "./service.ts";
import { Timers } from "./timers.ts";

type Begun = Pick<FamilyKit, "footing" | "rootClass" | "processesMax" | "mailboxLengthMax">;
type CrashPlace = "load" | "init" | "message" | "timer" | "terminate";

export class Process {
  readonly mailbox: Mailbox;
  readonly timers: Timers;
  readonly log: Log;
  readonly parts: Parts;
  readonly #outbox: Outbox;
  readonly #references: References;
  #level = 3;
  #exports: { readonly default?: unknown } | undefined;
  /** `init` came while the module's top level still awaits something. */
  #early: Mail | undefined;
  #methods: Methods | undefined;
  #instance: Service | undefined;
  #onMessage: Method | undefined;
  #terminate: Method | undefined;
  #self: Reference | undefined;
  #begun: Begun | undefined;
  #body: unknown;
  /** Who sent the message in `#body`. */
  #from: unknown;
  /** What the cell calls this incarnation as a sender. */
  #ownName = "";

  constructor(cell: Cell) {
    this.#outbox = new Outbox(cell, () => this.mailbox.progress);
    this.mailbox = new Mailbox(this.#outbox, {
      handle: (mail) => this.#handle(mail),
      answer: (call, result, failure, slots) => this.#references.answer(call, result, failure, slots),
      tick: (timer) => this.#tick(timer),
      terminate: (reason) => this.#end(reason),
    });
    this.#references = new References(this.#outbox, () => this.#cause());
    this.timers = new Timers(this.#outbox);
    this.parts = new Parts({
      ask: cell.ask,
      SoloError,
      Refusal,
      family: () => this.#makeFamily(),
      isHandle: (value) => Handle.is(value),
    });
    this.log = makeLog(this.#outbox, () => this.#level);
  }

  /** The module's code ran: its exports. */
  loaded(exports: object): void {
    this.#exports = exports;
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined && this.#init(early)) this.mailbox.finish();
  }

  #handle(mail: Mail): boolean {
    switch (mail.kind) {
      case toGuest.init:
        return this.#init(mail);
      case toGuest.call:
      case toGuest.cast:
        return this.#invoke(mail);
      case toGuest.send:
        return this.#read(mail) || this.#receive(this.#body, this.#from, "message");
      default: {
        const due = this.timers.due(mail.a as unknown as number);
        return due === undefined || this.#receive(decode(due.message), this.#self, "timer");
      }
    }
  }

  // ── start

  #init(mail: Mail): boolean {
    if (this.#exports === undefined) {
      this.#early = mail;
      return false;
    }
    let place: CrashPlace = "load";
    let made: unknown;
    try {
      const { service, pid, env, level, processesMax, mailboxLengthMax } = parseJson(mail.a) as GuestConfiguration;
      this.#level = level;
      this.#ownName = senderOf(service, pid);
      const Class = findClass(this.#exports.default);
      const methods = findMethods(Class);
      const fetch = findCallback(Class, "fetch");
      if (fetch !== undefined) methods["fetch"] = makeFetchMethod(fetch, () => this.parts.provide("fetch"));
      this.#methods = methods;
      this.#onMessage = findCallback(Class, "onMessage");
      this.#terminate = findCallback(Class, "terminate");
      const init = findCallback(Class, "init");
      place = "init";
      const self = new Reference(this.#references, "", service, limits.callTimeoutMsDefault);
      this.#self = self;
      this.#references.self = self;
      const footing = {
        env: freeze(env),
        self,
        pid,
        log: this.log,
        timers: this.timers,
        references: this.#references,
      };
      this.#begun = { footing, rootClass: Class, processesMax, mailboxLengthMax };
      const kin = (): Kin => (this.parts.provide("processes") as FamilyPart).root;
      this.#instance = makeInstance(Class, { ...footing, kin });
      if (init !== undefined) made = apply(init, this.#instance, [{}]);
      if (isThenable(made)) {
        void this.#settleInit(made);
        return false;
      }
    } catch (error) {
      this.#crash(place, error);
      return true;
    }
    this.#started(made);
    return true;
  }

  async #settleInit(made: PromiseLike<unknown>): Promise<void> {
    try {
      this.#started(await made);
    } catch (error) {
      this.#crash("init", error);
    }
    this.mailbox.finish();
  }

  #started(state: unknown): void {
    if (state !== undefined && this.#instance !== undefined) this.#instance.state = state;
    this.#outbox.add0(fromGuest.started);
  }

  /** Number of the mail whose handler makes the calls of now; 0: none does. */
  #cause(): number {
    return this.timers.ticking ? 0 : this.mailbox.current;
  }

  /** Made when it is asked for: most services have no processes within. */
  #makeFamily(): FamilyKit {
    const begun = this.#begun;
    if (begun === undefined) throw new SoloError("INTERNAL", "the service has not begun");
    return {
      ...begun,
      timers: this.timers,
      cause: () => this.#cause(),
      tellProcesses: (count) => void this.#outbox.add1(fromGuest.processes, count),
      crash: (error) => this.#crash("message", error),
      soon,
      extendsService: (value) => typeof value === "function" && extendsService(value),
      encode,
      encodeList,
      decode,
      decodeList,
      takeSlots,
      describeError,
      isA,
      findCallback,
      findMethods,
      makeInstance,
      Reference,
      Refusal,
      CallError,
      SoloError,
    };
  }

  // ── mail

  #invoke(mail: Mail): boolean {
    const method = this.#methods?.[mail.a];
    if (method === undefined) {
      if (mail.kind === toGuest.call) this.#fail(mail, "METHOD_NOT_FOUND", undefined);
      else this.log.warn(`a cast to ${mail.a}, which is not a public method, was dropped`);
      return true;
    }
    if (this.#read(mail)) return true;
    try {
      const result = apply(method, this.#instance, this.#body as readonly unknown[]);
      if (isThenable(result)) {
        void this.#settle(mail, result);
        return false;
      }
      this.#finish(mail, result);
    } catch (error) {
      this.#threw(mail, error, "message");
    }
    return true;
  }

  async #settle(mail: Mail, result: PromiseLike<unknown>): Promise<void> {
    try {
      this.#finish(mail, await result);
    } catch (error) {
      this.#threw(mail, error, "message");
    }
    this.mailbox.finish();
  }

  /** Replies, if a reply is waited for. What cannot be sent is the caller's news, not the service's end. */
  #finish(mail: Mail, result: unknown): void {
    if (mail.kind !== toGuest.call) return;
    let text: string | undefined;
    let slots: string | undefined;
    try {
      text = encode(result, "the result", true);
      slots = this.#references.sendSlots();
    } catch (error) {
      return this.#fail(mail, isA(error, SoloError) ? error.code : "CALL_FAILED", error);
    }
    this.mailbox.reply(mail.number, text, slots);
  }

  /** Reads a mail's body into `#body`, and of a message its sender. True: it cannot be read, which is its sender's fault, and was said. */
  #read(mail: Mail): boolean {
    try {
      const slots = this.#references.receive(mail.slots);
      if (mail.kind === toGuest.send) this.#open(mail, slots);
      else this.#body = decodeList(mail.b, slots);
      return false;
    } catch (error) {
      if (mail.kind === toGuest.call) this.#fail(mail, "ARGUMENTS_UNREADABLE", error);
      else this.log.warn("a message that cannot be read was dropped:", error);
      return true;
    }
  }

  #open({ b: text, c: sender }: Mail, slots: ReturnType<References["receive"]>): void {
    // Only what this isolate sent can be signed by a process within it.
    const signed = sender === this.#ownName ? unsign(text) : undefined;
    this.#body = decode(signed?.text ?? text, slots, "the message");
    this.#from = signed === undefined ? this.#sender(sender) : this.#processOf(signed.number);
  }

  #receive(message: unknown, from: unknown, place: CrashPlace): boolean {
    if (this.#onMessage === undefined) {
      this.log.warn("a message was dropped: there is no onMessage(message, from)");
      return true;
    }
    try {
      const result = apply(this.#onMessage, this.#instance, [message, from]);
      if (!isThenable(result)) return true;
      void this.#settleMessage(result, place);
      return false;
    } catch (error) {
      this.#threw(undefined, error, place);
      return true;
    }
  }

  async #settleMessage(result: PromiseLike<unknown>, place: CrashPlace): Promise<void> {
    try {
      await result;
    } catch (error) {
      this.#threw(undefined, error, place);
    }
    this.mailbox.finish();
  }

  /** Who sent: a reference, if it is a service; else a name and nothing to send to. */
  #sender(sender: string): Reference | { readonly name: string } {
    const service = serviceOfSender(sender);
    if (service !== undefined) {
      try {
        return this.#references.provide(service);
      } catch {
        // Too many references are held: it can still be named.
      }
    }
    return freeze({ name: sender });
  }

  /** A process within this service; one that is gone can still be named. */
  #processOf(number: number): Reference | { readonly name: string } {
    const family = this.parts.find("processes") as FamilyPart | undefined;
    return family?.find(number) ?? freeze({ name: `process #${number}` });
  }

  #tick(timer: number): void {
    try {
      this.timers.tick(timer);
    } catch (error) {
      this.#crash("timer", error);
    }
  }

  // ── end

  /** First the processes within, then the service itself. */
  #end(reason: string): void {
    const family = this.parts.find("processes") as FamilyPart | undefined;
    if (family === undefined && (this.#terminate === undefined || this.#instance === undefined)) {
      this.#outbox.add0(fromGuest.terminated);
      return;
    }
    void this.#settleEnd(family, reason);
  }

  async #settleEnd(family: FamilyPart | undefined, reason: string): Promise<void> {
    try {
      if (family !== undefined) await family.end(reason);
      if (this.#terminate !== undefined) await apply(this.#terminate, this.#instance, [reason]);
    } catch (error) {
      this.#crash("terminate", error);
      return;
    }
    this.#outbox.add0(fromGuest.terminated);
  }

  #threw(mail: Mail | undefined, thrown: unknown, place: CrashPlace): void {
    const called = mail?.kind === toGuest.call ? mail : undefined;
    if (called !== undefined) this.#fail(called, "CALL_FAILED", thrown);
    if (isA(thrown, Refusal)) {
      if (called === undefined) this.log.warn("a refusal that nobody waits for:", thrown);
      return;
    }
    this.#crash(place, thrown);
  }

  #fail(mail: Mail, code: string, thrown: unknown): void {
    const { name, message, stack } = describeError(thrown);
    this.#outbox.add5(fromGuest.fail, mail.number, code, name, message, stack);
  }

  #crash(place: CrashPlace, thrown: unknown): void {
    const { name, message, stack } = describeError(thrown);
    this.mailbox.close();
    this.#outbox.add5(fromGuest.crash, place, name, message, stack, undefined);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { readonly then?: unknown }).then === "function"
  );
}
