/**
 * One life of one service instance: its guest, its mailbox, its lane.
 *
 *   starting ──init──▶ running ──stop──▶ stopping ──terminate──▶ ended
 *      └──────────────────┴─────────────────┴────── a fault ────────▲
 *
 * At most one turn is under way. Mail goes into the guest only when the guest is idle, so that the mail which was begun is
 * always the first of those delivered, and the rest was not executed. When it ends, every call it owes is answered, and it
 * owns nothing any more.
 */
import {
  type Death,
  type IncarnationNumber,
  limits,
  pidOf,
  type ResourceLimits,
  type ServiceId,
} from "../base/index.ts";
import { type CallFailure, type GuestConfiguration, guestLevels, type Level, senderOf, toGuest } from "../wire/index.ts";
import { Call } from "./call.ts";
import type { CpuShares } from "./cpu-shares.ts";
import type { Crossing, Ears, Fault, Guest, TurnResult } from "./engine.ts";
import { GuestTimers } from "./guest-timers.ts";
import { firstLane, judgeTurn, type Lane, lanePolicy, mayPromote } from "./lane.ts";
import { LogMeter } from "./log-meter.ts";
import { type GuestCall, handleOperations, type OperationHandlers, parseGuestCall } from "./operations.ts";
import { Queue } from "./queue.ts";
import { cleanError, cleanText } from "./words.ts";

/** What the cell does for its incarnations. */
export interface House {
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** It has something to do: give it a turn. */
  readonly ready: (incarnation: Incarnation) => void;
  readonly call: (caller: Incarnation, call: GuestCall, chain: readonly IncarnationNumber[], answer: Call) => void;
  /** The same, on the stack of the caller's own inline turn: the answer may come before it returns. */
  readonly callNow: House["call"];
  readonly cast: (caller: Incarnation, service: string, method: string, args: string) => boolean;
  readonly send: (caller: Incarnation, service: string, message: string) => boolean;
  readonly log: (incarnation: Incarnation, level: Level, text: string, dropped: number) => void;
  readonly started: (incarnation: Incarnation, tookMs: number) => void;
  readonly ended: (incarnation: Incarnation, death: Death, started: boolean) => void;
  /** A pool thread is stuck or parked for good. */
  readonly wounded: (why: string) => void;
  /** CPU time of threaded turns. */
  readonly shares: CpuShares;
  /** How much longer than its CPU time an inline turn may take on this machine as it is now; at least 1. */
  readonly contention: () => number;
  /** CPU time, at least that of the inline turn which has just ended. */
  readonly inlineCpuMs: () => number;
}

export interface Birth {
  readonly service: ServiceId;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
  readonly release: string;
  readonly limits: ResourceLimits;
  readonly environment: Readonly<Record<string, string>>;
  readonly logLevel: Level;
  readonly probation: boolean;
}

/** Mail for the guest: what crosses, and who waits for it. */
export interface Message {
  readonly kind: number;
  readonly a: Crossing;
  readonly b: Crossing;
  readonly c: Crossing;
  readonly call: Call | undefined;
  /** Incarnations that wait for this one to be handled. */
  readonly chain: readonly IncarnationNumber[];
}

type Phase =
  | { readonly name: "starting" }
  | { readonly name: "running" }
  | { readonly name: "stopping"; readonly death: Death }
  | { readonly name: "ended" };

const nobody: readonly IncarnationNumber[] = [];
/** A turn of several messages ends about this long after it began; each still has its own time. */
const sliceMs = 10;
/** Wall time for each millisecond of CPU time that a threaded turn may take. */
const patience = 10;
/** The engine gives up on a thread 5 s after its timeout. */
const settleMsMax = 7_000;
/** A disposed guest leaves its thread within milliseconds, unless it cannot be interrupted. */
const disposedMsMax = 3_000;
/** Inline turns between two looks at the heap. */
const turnsPerHeapLook = 64;
const batchCharsMax = limits.payloadBytesMax;

export class Incarnation {
  readonly birth: Birth;
  readonly #house: House;
  readonly #guest: Guest;
  readonly #bornAt: number;
  readonly #timers: GuestTimers;
  readonly #meter: LogMeter;
  readonly #handlers: OperationHandlers;

  #phase: Phase = { name: "starting" };
  #lane: Lane;
  #turn: "none" | "loading" | "inline" | "threaded" = "loading";
  /** It will end when the turn under way is over. */
  #doom: Death | undefined;
  #lifeTimer: NodeJS.Timeout | undefined;
  #stuck: NodeJS.Timeout | undefined;
  #threadLost = false;

  readonly #mail = new Queue<Message>();
  readonly #delivered = new Queue<Message>();
  #direct: Crossing[] = [];
  #received = 0;
  #progress = 0;
  /** Delivered mail that was finished and forgotten: the first in `#delivered` is the next number. */
  #forgotten = 0;
  #dueRepeats = new Set<number>();
  readonly #outgoing = new Set<Call>();

  #chargedMs = 0;
  #turns = 0;
  /** Time that turns of other incarnations took on the stack of this one's. */
  #nestedMs = 0;

  constructor(birth: Birth, guest: Guest, house: House) {
    this.birth = birth;
    this.#guest = guest;
    this.#house = house;
    this.#bornAt = house.now();
    this.#meter = new LogMeter(this.#bornAt);
    this.#lane = firstLane({ cpuTimeMs: birth.limits.cpuTimeMs, probation: birth.probation, now: this.#bornAt });
    this.#timers = new GuestTimers({ tick: (timer) => this.#tick(timer), due: (timer, repeats) => this.#due(timer, repeats) });
    this.#handlers = this.#makeHandlers();
    const ears: Ears = {
      push: (fields) => this.#pushed(fields),
      callNow: (call, cause, service, method, args, timeoutMs) =>
        this.#callNow(call, cause, service, method, args, timeoutMs),
      lost: (why) => this.#lost(why),
    };
    guest.attach(ears);
  }

  get id(): IncarnationNumber {
    return this.birth.incarnation;
  }

  /** As receivers of its messages see it. */
  get sender(): string {
    return senderOf(this.birth.service, pidOf(this.birth));
  }

  get phase(): "starting" | "running" | "stopping" | "ended" {
    return this.#phase.name;
  }

  get inline(): boolean {
    return this.#lane.lane === "inline";
  }

  get mailboxLength(): number {
    return this.#mail.length + this.#delivered.length;
  }

  /** Takes messages: it is starting or running. */
  get open(): boolean {
    return (this.#phase.name === "running" || this.#phase.name === "starting") && this.#doom === undefined;
  }

  /** Could handle a message this instant, on this thread. */
  get idleInline(): boolean {
    return (
      this.#lane.lane === "inline" &&
      this.#turn === "none" &&
      this.#phase.name === "running" &&
      this.#doom === undefined &&
      this.#mail.length === 0 &&
      this.#delivered.length === 0 &&
      this.#direct.length === 0
    );
  }

  // ── start and stop

  /** Runs the module's top level and then `init`, all within the startup timeout. */
  async start(code: string): Promise<void> {
    const { startupTimeoutMs } = this.birth.limits;
    const late: Death = { type: "startup_timeout", limitMs: startupTimeoutMs };
    this.#lifeTimer = setTimeout(() => this.end(late), startupTimeoutMs);
    this.#watchThread(startupTimeoutMs + settleMsMax);
    const fault = await this.#guest.load({
      code,
      file: `${this.birth.service}.ts`,
      timeoutMs: startupTimeoutMs,
    });
    clearTimeout(this.#stuck);
    if (this.#phase.name === "ended") return;
    this.#turn = "none";
    if (fault !== undefined) return this.#fault(fault, startupTimeoutMs, "load");
    if (this.#doom !== undefined) return this.end(this.#doom);
    const { birth } = this;
    const configuration: GuestConfiguration = {
      service: birth.service,
      pid: pidOf(birth),
      release: birth.release,
      env: birth.environment,
      level: guestLevels.indexOf(birth.logLevel),
    };
    this.#direct.push(toGuest.init, JSON.stringify(configuration), undefined, undefined);
    this.#received = 1;
    this.#delivered.push({ kind: toGuest.init, a: undefined, b: undefined, c: undefined, call: undefined, chain: nobody });
    this.#house.ready(this);
  }

  /** An orderly end: what is being handled is finished, then `terminate` runs; all within `graceMs`. */
  stop(death: Death, graceMs: number): void {
    if (this.#phase.name === "ended" || this.#phase.name === "stopping") {
      if (graceMs === 0) this.end(death);
      return;
    }
    if (graceMs === 0 || this.#phase.name === "starting") return this.end(death);
    this.#phase = { name: "stopping", death };
    this.#lifeTimer = setTimeout(() => this.end({ type: "shutdown_timeout", limitMs: graceMs }), graceMs);
    this.#refuseMail(this.#mail.drain(), "not_executed", "it is stopping");
    this.#direct.push(toGuest.terminate, reasonOf(death), undefined, undefined);
    this.#house.ready(this);
  }

  /** Ends it now; if its turn is on this thread's stack, when that is over. */
  end(death: Death): void {
    if (this.#phase.name === "ended") return;
    if (this.#turn === "inline") {
      this.#doom ??= death;
      return;
    }
    this.#endWith(death, undefined);
  }

  /** `begun`: number of the mail that was being handled, if it is known better than by progress. */
  #endWith(death: Death, begun: number | undefined): void {
    if (this.#phase.name === "ended") return;
    const started = this.#phase.name !== "starting";
    this.#phase = { name: "ended" };
    clearTimeout(this.#lifeTimer);
    this.#timers.clearAll();
    const underWay = this.#turn !== "none";
    this.#guest.dispose();
    if (underWay && !this.#threadLost) this.#watchThread(disposedMsMax);
    const lastBegun = begun ?? (underWay ? this.#received : Math.ceil(this.#progress / 2));
    const delivered = this.#delivered.drain();
    const perhaps = Math.max(0, lastBegun - this.#forgotten);
    this.#refuseMail(delivered.slice(0, perhaps), "unknown", "it ended");
    this.#refuseMail(delivered.slice(perhaps), "not_executed", "it ended");
    this.#refuseMail(this.#mail.drain(), "not_executed", "it ended");
    for (const call of this.#outgoing) call.fail("CALL_LOST", "unknown", "the caller ended");
    this.#outgoing.clear();
    this.#house.ended(this, death, started);
  }

  #refuseMail(mail: readonly Message[], executed: CallFailure["executed"], why: string): void {
    for (const { call } of mail) call?.fail("CALL_LOST", executed, why);
  }

  // ── mail

  /** Takes a message, or refuses since the mailbox is full. Ask `open` before. */
  receive(message: Message): boolean {
    if (this.mailboxLength >= this.birth.limits.messageQueueLimit) return false;
    this.#mail.push(message);
    this.#house.ready(this);
    return true;
  }

  /** Takes a message that the caller gives a turn to at once. Only if `idleInline`. */
  receiveNow(message: Message): void {
    this.#mail.push(message);
  }

  #tick(timer: number): void {
    this.#direct.push(toGuest.tick, timer, undefined, undefined);
    this.#house.ready(this);
  }

  /** A timer's message may exceed the mailbox's limit: there are only so many timers. */
  #due(timer: number, repeats: boolean): void {
    if (repeats) {
      if (this.#dueRepeats.has(timer)) return;
      this.#dueRepeats.add(timer);
    }
    this.#mail.push({ kind: toGuest.due, a: timer, b: undefined, c: undefined, call: undefined, chain: nobody });
    this.#house.ready(this);
  }

  #answer(call: number, result: string | undefined, failure: CallFailure | undefined): void {
    if (this.#phase.name === "ended") return;
    this.#direct.push(toGuest.answer, call, result, failure === undefined ? undefined : JSON.stringify(failure));
    this.#house.ready(this);
  }

  // ── turns

  /** A turn would do something, and may begin. */
  get wantsTurn(): boolean {
    if (this.#turn !== "none" || this.#phase.name === "ended") return false;
    return this.#direct.length > 0 || this.#hasLeftovers || (this.#mail.length > 0 && this.#takesMail);
  }

  get #idle(): boolean {
    return this.#progress === 2 * this.#received;
  }

  /** Mail that the guest has, and has not begun. */
  get #hasLeftovers(): boolean {
    return this.#progress % 2 === 0 && !this.#idle && this.#phase.name !== "stopping";
  }

  get #takesMail(): boolean {
    return this.#idle && this.#phase.name === "running";
  }

  /** What the next turn gives to the guest. */
  #gather(lane: 0 | 1): Crossing[] {
    const given: Crossing[] = [lane];
    if (this.#direct.length > 0) {
      for (const item of this.#direct) given.push(item);
      this.#direct = [];
    }
    if (!this.#takesMail) return given;
    let chars = 0;
    for (let count = 0; count < limits.drainBatchMax && chars < batchCharsMax; ) {
      const message = this.#mail.shift();
      if (message === undefined) break;
      if (message.call?.open === false) continue;
      message.call?.give();
      if (message.kind === toGuest.due) this.#dueRepeats.delete(message.a as number);
      given.push(message.kind, message.a, message.b, message.c);
      if (typeof message.b === "string") chars += message.b.length;
      this.#delivered.push(message);
      this.#received++;
      count++;
    }
    return given;
  }

  /** CPU milliseconds that the next turn may take. */
  #budgetMs(): number {
    const { cpuTimeMs, startupTimeoutMs } = this.birth.limits;
    if (this.#phase.name === "starting") {
      return Math.max(1, Math.ceil(startupTimeoutMs - (this.#house.now() - this.#bornAt)));
    }
    const waiting = this.#progress % 2 === 1;
    const several = this.#delivered.length > 1;
    return Math.max(1, Math.ceil(cpuTimeMs - (waiting ? this.#chargedMs : 0))) + (several ? sliceMs : 0);
  }

  /** On the cell's thread. Returns how long it took in all. */
  turnInline(): number {
    const given = this.#gather(1);
    if (given.length === 1 && !this.#hasLeftovers) return 0;
    const before = this.#progress;
    const from = this.#received;
    this.#turn = "inline";
    this.#nestedMs = 0;
    const timeoutMs = Math.ceil(this.#budgetMs() * this.#house.contention());
    const startedAt = this.#house.now();
    const result = this.#guest.turnInline(given, timeoutMs);
    const tookMs = this.#house.now() - startedAt;
    this.#turn = "none";
    const ownMs = tookMs - this.#nestedMs;
    this.#after(result, ownMs > lanePolicy.slowMs ? Math.min(ownMs, this.#house.inlineCpuMs()) : ownMs, before, from, timeoutMs);
    return tookMs;
  }

  /** In a pool thread; settles when it is over. */
  async turnThreaded(): Promise<void> {
    const given = this.#gather(0);
    if (given.length === 1 && !this.#hasLeftovers) return;
    const before = this.#progress;
    const from = this.#received;
    this.#turn = "threaded";
    const budgetMs = this.#budgetMs();
    // The share of CPU time decides; the engine's own timeout is there for a machine that gives none.
    const timeoutMs = this.#phase.name === "starting" ? budgetMs : budgetMs * patience;
    const share = this.#house.shares.begin(budgetMs, () => this.#overspent());
    const cpuBefore = this.#guest.cpuMicros();
    this.#watchThread(timeoutMs + settleMsMax);
    const result = await this.#guest.turnThreaded(given, timeoutMs);
    clearTimeout(this.#stuck);
    this.#house.shares.end(share);
    if (this.phase === "ended") return;
    this.#turn = "none";
    this.#after(result, (this.#guest.cpuMicros() - cpuBefore) / 1_000, before, from, timeoutMs);
  }

  /** A pool thread that does not come back in time is lost, and the cell with it if there are many. */
  #watchThread(ms: number): void {
    clearTimeout(this.#stuck);
    this.#stuck = setTimeout(() => this.#lost("a thread did not come back"), ms);
  }

  /** Time on this thread that was not this incarnation's own. */
  excuse(ms: number): void {
    this.#nestedMs += ms;
  }

  #after(result: TurnResult, ownMs: number, before: number, from: number, timeoutMs: number): void {
    if (typeof result === "object" && result !== null) return this.#fault(result, timeoutMs, "turn");
    if (typeof result === "number") {
      this.#advance(result);
    } else {
      this.#deliveredMail(this.#received)?.call?.succeed(result ?? undefined);
      this.#advance(2 * this.#received);
    }
    this.#forgetFinished();
    if (this.#doom !== undefined) return this.#endWith(this.#doom, undefined);
    this.#charge(before, ownMs, this.#received - from);
    if (this.#chargedMs > this.birth.limits.cpuTimeMs) return this.#cutOff(this.#current);
    this.#judge(ownMs, Math.max(1, this.#received - from));
    if (this.wantsTurn) this.#house.ready(this);
  }

  /** A handler that waits again and again spends one budget. */
  #charge(before: number, ownMs: number, messages: number): void {
    if (this.#progress % 2 === 0) this.#chargedMs = 0;
    else if (before === this.#progress) this.#chargedMs += ownMs;
    else this.#chargedMs = messages <= 1 ? ownMs : 0;
  }

  #judge(ms: number, messages: number): void {
    this.#turns++;
    const now = this.#house.now();
    const look = this.#lane.lane === "inline" ? this.#turns % turnsPerHeapLook === 0 : mayPromote(this.#lane, now);
    this.#lane = judgeTurn(
      this.#lane,
      look ? { ms, messages, heapBytes: this.#guest.memoryNow() } : { ms, messages },
      now,
    );
  }

  /** The guest reports how far it came. */
  #advance(progress: unknown): void {
    if (typeof progress !== "number" || !(progress > this.#progress)) return;
    this.#progress = Math.min(progress, 2 * this.#received);
  }

  /** Only between turns: the result of a turn's one call comes after the progress that counts it. */
  #forgetFinished(): void {
    for (const finished = Math.floor(this.#progress / 2); this.#forgotten < finished; this.#forgotten++) {
      this.#delivered.shift()?.call?.fail("CALL_LOST", "unknown", "it gave no answer");
    }
  }

  #deliveredMail(number: number): Message | undefined {
    return this.#delivered.at(number - this.#forgotten - 1);
  }

  // ── faults

  #fault(fault: Fault, timeoutMs: number, during: "load" | "turn"): void {
    const { limits: own } = this.birth;
    // How far it came in this turn, nobody knows: all that it was given may have run.
    const begun = this.#received;
    switch (fault.fault) {
      case "disposed":
        return;
      case "memory":
        return this.#endWith({ type: "out_of_memory", limitBytes: own.maxMemoryBytes }, begun);
      case "lost":
        return this.#lost(fault.why);
      case "timeout":
        if (this.#phase.name === "starting") {
          return this.#endWith({ type: "startup_timeout", limitMs: own.startupTimeoutMs }, undefined);
        }
        if (fault.stack !== "") this.#writeLog(0, `cut off after ${timeoutMs} ms at\n${fault.stack}`);
        void this.#diagnose();
        return;
      case "rejection":
        return this.#endWith(
          this.#doom ?? {
            type: "crashed",
            where: during === "load" ? "load" : "rejection",
            error: cleanError(fault.name, fault.message, fault.stack),
          },
          begun,
        );
    }
  }

  /** A threaded turn used up its CPU time. Its thread ends when the guest is disposed; if it does not, it is lost. */
  #overspent(): void {
    if (this.#phase.name === "starting") {
      return this.#endWith({ type: "startup_timeout", limitMs: this.birth.limits.startupTimeoutMs }, undefined);
    }
    this.#cutOff(this.#current);
  }

  /** Asks the guest what it was at, and ends it. */
  async #diagnose(): Promise<void> {
    this.#turn = "threaded";
    const current = await this.#guest.current();
    clearTimeout(this.#stuck);
    this.#turn = "none";
    this.#cutOff(current === undefined || current === 0 ? this.#current : current);
  }

  #cutOff(current: number | undefined): void {
    const limitMs = this.birth.limits.cpuTimeMs;
    const method = this.#methodOf(current);
    this.#endWith({ type: "cpu_timeout", limitMs, ...(method === undefined ? {} : { method }) }, current);
  }

  /** Number of the mail that is being handled, as far as the guest said. */
  get #current(): number | undefined {
    if (this.#progress % 2 === 1) return Math.ceil(this.#progress / 2);
    return this.#delivered.length === 1 ? this.#received : undefined;
  }

  #methodOf(number: number | undefined): string | undefined {
    const mail = number === undefined ? undefined : this.#deliveredMail(number);
    switch (mail?.kind) {
      case toGuest.call:
      case toGuest.cast:
        return String(mail.a);
      case toGuest.send:
      case toGuest.due:
        return "onMessage";
      default:
        return undefined;
    }
  }

  #lost(why: string): void {
    if (this.#threadLost) return;
    this.#threadLost = true;
    clearTimeout(this.#stuck);
    this.#house.wounded(`${this.birth.service} ${pidOf(this.birth)}: ${why}`);
    if (this.phase === "ended") return;
    if (why.includes("out-of-memory")) {
      this.#endWith({ type: "out_of_memory", limitBytes: this.birth.limits.maxMemoryBytes }, this.#received);
    } else if (this.#phase.name === "starting") {
      this.#endWith({ type: "startup_timeout", limitMs: this.birth.limits.startupTimeoutMs }, undefined);
    } else {
      this.#cutOff(this.#current);
    }
  }

  // ── what the guest says

  #pushed(fields: readonly unknown[]): number {
    if (this.#phase.name === "ended") return 0;
    const refused = handleOperations(fields, this.#handlers);
    this.#advance(fields[0]);
    return refused;
  }

  #makeHandlers(): OperationHandlers {
    return {
      reply: (mail, result) => this.#deliveredMail(mail)?.call?.succeed(result),
      fail: (mail, code, name, message, stack) => this.#failed(mail, code, name, message, stack),
      started: () => this.#started(),
      crash: (where, name, message, stack) => this.#crashed(where, name, message, stack),
      terminated: () => {
        if (this.#phase.name === "stopping") this.#finishWith(this.#phase.death);
      },
      call: (call) => this.#house.call(this, call, this.#chainOf(call.cause), this.#outgoingCall(call)),
      cast: (service, method, args) => this.#house.cast(this, service, method, args),
      send: (service, message) => this.#house.send(this, service, message),
      log: (level, text) => this.#writeLog(level, text),
      timer: (timer, ms, mode) => {
        if (!this.#timers.set(timer, ms, mode)) this.#writeLog(0, "too many timers");
      },
      clear: (timer) => {
        this.#timers.clear(timer);
        this.#dueRepeats.delete(timer);
      },
      malformed: (what) => this.#writeLog(0, `the guest broke the form of its outbox: ${what}`),
    };
  }

  #failed(mail: number, code: string, name: string, message: string, stack: string): void {
    const failed = this.#deliveredMail(mail);
    if (failed?.call === undefined) return;
    const { call } = failed;
    const method = String(failed.a);
    const error = cleanError(name, message, stack);
    switch (code) {
      case "METHOD_NOT_FOUND":
        return call.fail(code, "not_executed", method);
      case "NOT_SERIALIZABLE":
      case "TOO_LARGE":
        return call.fail(code, "executed", message);
      default:
        return call.fail("CALL_FAILED", "executed", `${error.name}: ${error.message}`, error);
    }
  }

  #started(): void {
    if (this.#phase.name !== "starting") return;
    this.#phase = { name: "running" };
    clearTimeout(this.#lifeTimer);
    this.#house.started(this, Math.round(this.#house.now() - this.#bornAt));
  }

  #crashed(where: string, name: string, message: string, stack: string): void {
    const place = where === "load" || where === "init" || where === "timer" || where === "terminate" ? where : "message";
    this.#finishWith({ type: "crashed", where: place, error: cleanError(name, message, stack) });
  }

  /** It ends with this, once the turn that said so is over. */
  #finishWith(death: Death): void {
    this.#doom ??= death;
    if (this.#turn === "none") this.#endWith(this.#doom, undefined);
  }

  #writeLog(level: number, text: string): void {
    const line = cleanText(text, limits.logLineBytesMax);
    const dropped = this.#meter.take(line.length, this.#house.now());
    if (dropped !== undefined) this.#house.log(this, guestLevels[Math.min(level, 3)] ?? "DEBUG", line, dropped);
  }

  // ── calls out

  #chainOf(cause: number): readonly IncarnationNumber[] {
    if (cause === 0) return nobody;
    const mail = this.#deliveredMail(cause);
    return mail === undefined ? [this.id] : [...mail.chain, this.id];
  }

  #outgoingCall(call: GuestCall): Call {
    const made: Call = new Call((result, failure) => {
      this.#outgoing.delete(made);
      this.#answer(call.call, result, failure);
    });
    this.#outgoing.add(made);
    return made;
  }

  #callNow(
    call: unknown,
    cause: unknown,
    service: unknown,
    method: unknown,
    args: unknown,
    timeoutMs: unknown,
  ): string | null | false {
    const wanted = parseGuestCall(call, cause, service, method, args, timeoutMs);
    if (wanted === undefined || this.#phase.name === "ended") return false;
    let now: string | null | undefined;
    let returned = false;
    const made: Call = new Call((result, failure) => {
      this.#outgoing.delete(made);
      if (!returned && failure === undefined) now = result ?? null;
      else this.#answer(wanted.call, result, failure);
    });
    this.#outgoing.add(made);
    this.#house.callNow(this, wanted, this.#chainOf(wanted.cause), made);
    returned = true;
    return now ?? (now === null ? null : false);
  }

  // ── meters

  /** CPU, and memory as of now; waits for a threaded turn, if there is one. Undefined if it ended meanwhile. */
  async usage(): Promise<{ memoryBytes: number; mailboxLength: number; cpuMicros: number } | undefined> {
    const memoryBytes =
      this.#turn === "none" ? this.#guest.memoryNow() : await this.#guest.memory();
    if (memoryBytes === undefined || this.phase === "ended") return undefined;
    return { memoryBytes, mailboxLength: this.mailboxLength, cpuMicros: this.#guest.cpuMicros() };
  }
}

/** What `terminate` is told. */
function reasonOf(death: Death): string {
  switch (death.type) {
    case "stopped":
      return death.why;
    case "killed":
      return `killed by ${death.by}`;
    default:
      return death.type;
  }
}
