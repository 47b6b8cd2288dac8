/**
 * One life of one service instance: its guest, its mailbox, its lane.
 *
 *   starting ──init──▶ running ──stop──▶ stopping ──terminate──▶ ended
 *      └──────────────────┴─────────────────┴────── a fault ────────▲
 *
 * At most one turn is under way. When it ends, every call it owes is answered, and it owns nothing any more.
 */
import { type Death, type IncarnationNumber, limits, pidOf, sayDeath } from "../base/index.ts";
import { senderOf, toGuest, type Usage } from "../wire/index.ts";
import type { Fault, Guest } from "./engine.ts";
import { type Brought, Errands } from "./errands.ts";
import { Claim } from "./fair-queue.ts";
import { GuestTimers } from "./guest-timers.ts";
import { Hearing } from "./hearing.ts";
import type { Birth } from "./birth.ts";
import type { House } from "./house.ts";
import type { Message } from "./message.ts";
import { LogBook } from "./log-book.ts";
import { MemoryMeter } from "./memory-meter.ts";
import { handleOperations, parseGuestCall } from "./operations.ts";
import { Pace } from "./pace.ts";
import { Post } from "./post.ts";
import { configurationOf, reasonOf, timeoutOf } from "./sayings.ts";
import { SlotTable } from "./slots.ts";
import { ThreadWatch } from "./thread-watch.ts";
import { type Ran, Turns } from "./turns.ts";
import { cleanError } from "./words.ts";

type Phase =
  | { readonly name: "starting" }
  | { readonly name: "running" }
  | { readonly name: "stopping"; readonly death: Death }
  | { readonly name: "ended" };

/** Wall time for each millisecond of CPU time that a threaded turn may take. */
const patience = 10;
/** A larger heap is collected by the engine when it has to be. */
const tidyBytesMax = 16 * 1024 * 1024;
/** What waits for a service is kept outside of its isolate: text of at most this part of its memory. */
const mailboxPart = 4;

export class Incarnation {
  readonly birth: Birth;
  /** On the processor, beside the others of the cell. */
  readonly claim: Claim;
  /** What the numbers that its guest holds mean. */
  readonly slots: SlotTable;
  readonly #house: House;
  readonly #guest: Guest;
  #bornAt: number;
  readonly #post: Post;
  readonly #pace: Pace;
  readonly #turns: Turns;
  readonly #errands: Errands;
  readonly #timers: GuestTimers;
  readonly #log: LogBook;
  readonly #hearing: Hearing;

  #phase: Phase = { name: "starting" };
  #turn: "none" | "loading" | "inline" | "threaded" = "loading";
  /** It will end when the turn under way is over. */
  #doom: Death | undefined;
  #turnCount = 0;
  #lifeTimer: NodeJS.Timeout | undefined;
  readonly #thread: ThreadWatch;
  readonly #meter: MemoryMeter;

  constructor(birth: Birth, guest: Guest, house: House) {
    this.birth = birth;
    this.claim = new Claim(birth.limits.cpuShares);
    this.slots = new SlotTable({ service: birth.service, incarnation: birth.incarnation });
    this.#guest = guest;
    this.#house = house;
    this.#bornAt = house.now();
    const { messageQueueLimit, maxMemoryBytes } = birth.limits;
    this.#post = new Post({ lengthMax: messageQueueLimit, charsMax: maxMemoryBytes / mailboxPart });
    this.#pace = new Pace(birth, this.#bornAt);
    this.#turns = new Turns(guest, house);
    this.#meter = new MemoryMeter(guest, () => this.#heapNow());
    this.#log = new LogBook(house.now, (level, text, dropped) => house.log(this, level, text, dropped));
    this.#thread = new ThreadWatch((why) => this.#lost(why));
    this.#errands = new Errands(this.slots, (answer) => this.#answer(answer));
    this.#timers = new GuestTimers({
      tick: (timer) => {
        this.#post.tick(timer);
        house.ready(this);
      },
      due: (timer, repeats) => {
        this.#post.due(timer, repeats);
        house.ready(this);
      },
    });
    this.#hearing = new Hearing({
      speaker: this,
      house,
      post: this.#post,
      errands: this.#errands,
      timers: this.#timers,
      log: this.#log,
      started: () => this.#started(),
      terminated: () => {
        if (this.#phase.name === "stopping") this.#finishWith(this.#phase.death);
      },
      crashed: (death) => this.#finishWith(death),
    });
    guest.attach({
      push: (fields) => this.#pushed(fields),
      callNow: (call, cause, service, method, args, timeoutMs, slots) => {
        const wanted = parseGuestCall(call, cause, service, method, args, timeoutMs, slots);
        return wanted !== undefined && this.#phase.name !== "ended" && this.#hearing.callNow(wanted);
      },
      ask: (fields) => house.favours.answer(fields),
      lost: (why) => this.#thread.lose(why),
    });
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
    return this.#pace.inline;
  }

  /** Takes messages: it is starting or running. */
  get open(): boolean {
    return (this.#phase.name === "running" || this.#phase.name === "starting") && this.#doom === undefined;
  }

  /** Could handle a message this instant, on this thread. */
  get idleInline(): boolean {
    return (
      !this.throttled &&
      this.#pace.inline &&
      this.#turn === "none" &&
      this.#takesMail &&
      this.#doom === undefined &&
      this.#post.quiet
    );
  }

  /** Takes nothing new from others of the cell, and has less of the processor, until it is back under its limits. */
  throttle(throttled: boolean): void {
    this.claim.throttled = throttled;
  }

  get throttled(): boolean {
    return this.claim.throttled;
  }

  // ── start and stop

  /** Runs the module's top level and then `init`, all within the startup timeout. */
  async start(code: string): Promise<void> {
    // It may have been stopped while it waited to be loaded.
    if (this.#phase.name === "ended") return;
    this.#bornAt = this.#house.now();
    const { birth } = this;
    const timeoutMs = birth.limits.startupTimeoutMs;
    this.#lifeTimer = setTimeout(() => this.end({ type: "startup_timeout", limitMs: timeoutMs }), timeoutMs);
    this.#thread.expect(timeoutMs);
    const recorded = this.#house.recorder.beginThreaded(this.id, this.#bornAt);
    const fault = await this.#turns.load({ code, file: `${birth.service}.ts`, timeoutMs });
    this.#house.recorder.endThreaded(recorded);
    this.#thread.back();
    if (this.phase === "ended") return;
    this.#turn = "none";
    if (fault !== undefined) return this.#fault(fault, timeoutMs, "load");
    if (this.#doom !== undefined) return this.end(this.#doom);
    this.#post.begin(JSON.stringify(configurationOf(birth)));
    this.#house.ready(this);
  }

  /** An orderly end: what is being handled is finished, then `terminate` runs; all within `graceMs`. */
  stop(death: Death, graceMs: number): void {
    if (graceMs === 0 || this.#phase.name === "starting") return this.end(death);
    if (this.#phase.name !== "running") return;
    this.#phase = { name: "stopping", death };
    this.#lifeTimer = setTimeout(() => this.end({ type: "shutdown_timeout", limitMs: graceMs }), graceMs);
    this.#post.dropMail(`it is stopping: ${sayDeath(death)}`);
    this.#post.direct(toGuest.terminate, reasonOf(death));
    this.#house.ready(this);
  }

  /** Ends it now; if its turn is on this thread's stack, when that is over. */
  end(death: Death): void {
    if (this.#turn === "inline") this.#doom ??= death;
    else this.#endWith(death);
  }

  /** `begun`: number of the last mail that may have been begun, if it is known better than from outside. */
  #endWith(death: Death, begun?: number): void {
    if (this.#phase.name === "ended") return;
    const started = this.#phase.name !== "starting";
    this.#phase = { name: "ended" };
    clearTimeout(this.#lifeTimer);
    this.#timers.clearAll();
    this.#guest.dispose();
    const underWay = this.#turn !== "none";
    if (underWay) this.#thread.expectDisposed();
    const { received, progress } = this.#post;
    this.#post.dropAll(begun ?? (underWay ? received : Math.ceil(progress / 2)), sayDeath(death));
    this.#errands.abandon();
    this.#house.ended(this, death, started);
  }

  /** It ends with this, once the turn that said so is over. */
  #finishWith(death: Death): void {
    this.#doom ??= death;
    if (this.#turn === "none") this.#endWith(this.#doom);
  }

  // ── mail

  /** Takes a message, or refuses it since it is closed or its mailbox is full. */
  receive(message: Message): boolean {
    if (!this.open) return false;
    if (!this.#post.receive(message)) {
      this.#log.refused(this.#post.fill);
      return false;
    }
    this.#house.ready(this);
    return true;
  }

  /** A message that nobody waits for was dropped: it brought more references than it can hold. */
  dropped(): void {
    this.#log.write(1, `a message was dropped: with its references there would be more than ${limits.referencesMax}`);
  }

  /** What its mailbox holds, if it refused a message for being full. */
  get fill(): string {
    return this.#post.fill;
  }

  /** Takes a message that the caller gives a turn to at once, behind the mail that waits. Only if `idleInline`. False: the mailbox is full. */
  receiveNow(message: Message): boolean {
    return this.#post.receive(message);
  }

  #answer({ call, result, failure, slots }: Brought): void {
    if (this.#phase.name === "ended") return;
    if (slots !== undefined) this.#post.direct(toGuest.slots, slots);
    this.#post.direct(toGuest.answer, call, result, failure === undefined ? undefined : JSON.stringify(failure));
    this.#house.ready(this);
  }

  // ── turns

  /** A turn would do something, and may begin. */
  get wantsTurn(): boolean {
    if (this.#turn !== "none" || this.#phase.name === "ended") return false;
    const post = this.#post;
    return post.hasDirect || this.#leftOver || (post.hasMail && post.idle && this.#takesMail);
  }

  get #takesMail(): boolean {
    return this.#phase.name === "running";
  }

  /** A guest that is stopping drops what it has not begun. */
  get #leftOver(): boolean {
    return this.#post.leftOver && this.#phase.name !== "stopping";
  }

  /** CPU milliseconds that the next turn may take. */
  #budgetMs(): number {
    if (this.#phase.name !== "starting") return this.#pace.budgetMs(this.#post.waits, this.#post.several);
    return Math.max(1, Math.ceil(this.birth.limits.startupTimeoutMs - (this.#house.now() - this.#bornAt)));
  }

  /** On the cell's thread. Returns how long it took in all. */
  turnInline(): number {
    const post = this.#post;
    const { progress } = post;
    const given = post.gather(1, this.#takesMail);
    if (given.length === 1 && !this.#leftOver) return 0;
    this.#turn = "inline";
    const { recorder, now } = this.#house;
    recorder.beginInline(this.id, now());
    const ran = this.#turns.inline(given, this.#budgetMs());
    recorder.endInline();
    this.#turn = "none";
    this.#after(ran, progress);
    return ran.tookMs;
  }

  /** In a pool thread; settles when it is over. */
  async turnThreaded(): Promise<void> {
    const { progress } = this.#post;
    const given = this.#post.gather(0, this.#takesMail);
    if (given.length === 1 && !this.#leftOver) return;
    this.#turn = "threaded";
    const budgetMs = this.#budgetMs();
    // Before it runs the module's whole start has one timeout, which counts wall time.
    const timeoutMs = this.#phase.name === "starting" ? budgetMs : budgetMs * patience;
    this.#thread.expect(timeoutMs);
    const { recorder, now } = this.#house;
    const recorded = recorder.beginThreaded(this.id, now());
    const ran = await this.#turns.threaded(given, { budgetMs, timeoutMs }, () => this.#cutOff(this.#post.current));
    recorder.endThreaded(recorded);
    this.#thread.back();
    if (this.phase === "ended") return;
    this.#turn = "none";
    this.#after(ran, progress);
  }

  /** Time on this thread that was not this incarnation's own. */
  excuse(ms: number): void {
    this.#turns.excuse(ms);
  }

  #after({ result, ownMs, timeoutMs }: Ran, progress: number): void {
    this.#turnCount++;
    this.#house.stirred(this);
    this.claim.charge(ownMs);
    const post = this.#post;
    if (typeof result === "object" && result !== null) return this.#fault(result, timeoutMs, "turn");
    if (typeof result === "number") {
      post.advance(result);
    } else {
      post.delivered(post.received)?.call?.succeed(result ?? undefined);
      post.advance(2 * post.received);
    }
    post.forgetFinished();
    if (this.#doom !== undefined) return this.#endWith(this.#doom);
    const messages = Math.ceil((post.progress - progress) / 2);
    const turn = { ownMs, messages, sameWaits: progress === post.progress, waits: post.waits };
    if (!this.#pace.charge(turn)) return this.#cutOff(post.current);
    this.#pace.judge(turn, this.#house.now(), () => this.#heapNow());
    if (this.wantsTurn) this.#house.ready(this);
  }

  /** Turns so far. */
  get turnCount(): number {
    return this.#turnCount;
  }

  /** Gives back what the heap does not need, unless it is at work or large. */
  async tidy(): Promise<void> {
    if (this.#turn !== "none" || this.#phase.name !== "running" || this.wantsTurn) return;
    if (this.#heapNow() > tidyBytesMax) return;
    this.#turn = "threaded";
    this.#thread.expect(0);
    await this.#guest.tidy();
    this.#thread.back();
    if (this.phase === "ended") return;
    this.#turn = "none";
    if (this.#doom !== undefined) return this.#endWith(this.#doom);
    this.#house.ready(this);
  }

  // ── faults

  #fault(fault: Fault, timeoutMs: number, during: "load" | "turn"): void {
    // What was delivered may all have been begun: of what a lost turn did, little is known.
    const { received } = this.#post;
    switch (fault.fault) {
      case "disposed":
        return;
      case "memory":
        return this.#endWith({ type: "out_of_memory", limitBytes: this.birth.limits.maxMemoryBytes }, received);
      case "lost":
        return this.#thread.lose(fault.why);
      case "timeout":
        if (this.#phase.name === "starting") return this.#cutOff(undefined);
        if (fault.stack !== "") this.#log.write(0, `cut off after ${timeoutMs} ms at\n${fault.stack}`);
        void this.#diagnose();
        return;
      case "rejection": {
        const where = during === "load" ? "load" : "rejection";
        const error = cleanError(fault.name, fault.message, fault.stack);
        return this.#endWith(this.#doom ?? { type: "crashed", where, error }, received);
      }
    }
  }

  /** Asks the guest what it was at, and ends it. */
  async #diagnose(): Promise<void> {
    this.#turn = "threaded";
    const current = await this.#guest.current();
    this.#thread.back();
    this.#turn = "none";
    this.#cutOff(current === undefined || current === 0 ? this.#post.current : current);
  }

  /** It spent its time, on the mail of this number. A threaded turn ends when the guest is disposed; or it is lost. */
  #cutOff(current: number | undefined): void {
    const starting = this.#phase.name === "starting";
    const mail = current === undefined ? undefined : this.#post.delivered(current);
    const death = timeoutOf(this.birth.limits, starting, mail);
    this.#endWith(death, starting ? undefined : (current ?? this.#post.received));
  }

  #lost(why: string): void {
    this.#house.wounded(`${this.birth.service} ${pidOf(this.birth)}: ${why}`);
    if (!why.includes("out-of-memory")) return this.#cutOff(this.#post.current);
    this.#endWith({ type: "out_of_memory", limitBytes: this.birth.limits.maxMemoryBytes }, this.#post.received);
  }

  // ── what the guest says

  #pushed(fields: readonly unknown[]): number {
    if (this.#phase.name === "ended") return 0;
    const refused = handleOperations(fields, this.#hearing);
    this.#post.advance(fields[0]);
    return refused;
  }

  #started(): void {
    if (this.#phase.name !== "starting") return;
    this.#phase = { name: "running" };
    clearTimeout(this.#lifeTimer);
    this.#house.started(this, Math.round(this.#house.now() - this.#bornAt));
  }

  // ── meters

  /** What its heap holds, while it rests. One that is found past its limit at that has ended by it. */
  #heapNow(): number {
    const bytes = this.#guest.memoryNow();
    if (bytes === undefined) this.#fault({ fault: "memory" }, 0, "turn");
    return bytes ?? Infinity;
  }

  /** As of now; while a threaded turn goes on for long, the memory is that of an earlier look. */
  async usage(): Promise<Usage | undefined> {
    const memoryBytes = await this.#meter.memoryBytes(this.#turn !== "none");
    if (this.phase === "ended") return undefined;
    const cpuMicros = Math.round(this.#turns.cpuMs * 1_000);
    // A guest is taken at its word as far as it may go.
    const processes = Math.min(this.#hearing.processCount, this.birth.limits.maxProcesses);
    return { memoryBytes, mailboxLength: this.#post.length, cpuMicros, processes };
  }
}
