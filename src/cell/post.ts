/**
 * The cell's end of the mailbox: what waits, what was delivered, and how far the guest came.
 *
 *   receive ──▶ mail ──gather──▶ delivered ──progress──▶ finished, forgotten
 *                                 number 1, 2, 3, … as the guest counts too
 *
 * Mail is delivered only while the guest has none, so that what was begun is always the first of what was delivered.
 */
import { type IncarnationNumber, limits } from "../base/index.ts";
import { type CallFailure, toGuest } from "../wire/index.ts";
import type { Crossing } from "./engine.ts";
import { type Message, nobody } from "./message.ts";
import { Queue } from "./queue.ts";

/** Text that one turn brings. */
const gatheredCharsMax = limits.payloadBytesMax;
const mebibyte = 1024 * 1024;

export interface PostLimits {
  /** Messages that wait, or are being handled. */
  readonly lengthMax: number;
  /** Text of them. One message is always taken, however long. */
  readonly charsMax: number;
}

const charsOf = ({ b, slots }: Message): number => (typeof b === "string" ? b.length : 0) + (slots?.length ?? 0);

/** Casts ahead of a call, mostly. */
const quietMailMax = 16;

export class Post {
  readonly #limits: PostLimits;
  readonly #mail = new Queue<Message>();
  readonly #delivered = new Queue<Message>();
  /** Text of both. */
  #chars = 0;
  #direct: Crossing[] = [];
  #received = 0;
  #progress = 0;
  /** The first in `#delivered` has the next number. */
  #forgotten = 0;
  readonly #repeatsDue = new Set<number>();
  readonly #ticking = new Set<number>();

  constructor(limits: PostLimits) {
    this.#limits = limits;
  }

  // ── in

  /** False: it is full. */
  receive(message: Message): boolean {
    const { lengthMax, charsMax } = this.#limits;
    const chars = charsOf(message);
    if (this.length >= lengthMax || (this.#chars > 0 && this.#chars + chars > charsMax)) return false;
    this.#mail.push(message);
    this.#chars += chars;
    return true;
  }

  /** What it holds, if it refused. */
  get fill(): string {
    const { lengthMax, charsMax } = this.#limits;
    return this.length >= lengthMax ? `${lengthMax} messages` : `${Math.ceil(charsMax / mebibyte)} MiB of messages`;
  }

  /** A timer that fires again before the guest heard of it, is heard once. */
  tick(timer: number): void {
    if (this.#ticking.has(timer)) return;
    this.#ticking.add(timer);
    this.direct(toGuest.tick, timer);
  }

  /** A timer's message may exceed the limit: there are only so many timers. A repeating one waits here only once. */
  due(timer: number, repeats: boolean): void {
    if (repeats) {
      if (this.#repeatsDue.has(timer)) return;
      this.#repeatsDue.add(timer);
    }
    this.#mail.push({ kind: toGuest.due, a: timer, b: undefined, c: undefined, call: undefined, chain: nobody });
  }

  cleared(timer: number): void {
    this.#repeatsDue.delete(timer);
  }

  /** What passes the mail. */
  direct(kind: number, a: Crossing, b?: string, c?: string): void {
    this.#direct.push(kind, a, b, c);
  }

  /** The first mail of all. */
  begin(configuration: string): void {
    this.direct(toGuest.init, configuration);
    this.#received = 1;
    this.#delivered.push({
      kind: toGuest.init,
      a: undefined,
      b: undefined,
      c: undefined,
      call: undefined,
      chain: nobody,
    });
  }

  // ── state

  get length(): number {
    return this.#mail.length + this.#delivered.length;
  }

  get progress(): number {
    return this.#progress;
  }

  get received(): number {
    return this.#received;
  }

  get hasMail(): boolean {
    return this.#mail.length > 0;
  }

  get hasDirect(): boolean {
    return this.#direct.length > 0;
  }

  /** The guest has nothing in hand, and little waits: what comes now is handled within one short turn. */
  get quiet(): boolean {
    return this.#mail.length < quietMailMax && this.#delivered.length === 0 && this.#direct.length === 0;
  }

  /** The guest finished all that it got. */
  get idle(): boolean {
    return this.#progress === 2 * this.#received;
  }

  /** A handler waits for something. */
  get waits(): boolean {
    return this.#progress % 2 === 1;
  }

  /** The guest has mail that it has not begun, and would begin. */
  get leftOver(): boolean {
    return !this.waits && !this.idle;
  }

  get several(): boolean {
    return this.#delivered.length > 1;
  }

  /** Number of the mail that is being handled, as far as the guest said. */
  get current(): number | undefined {
    if (this.waits) return (this.#progress + 1) / 2;
    return this.#delivered.length === 1 ? this.#received : undefined;
  }

  delivered(number: number): Message | undefined {
    return this.#delivered.at(number - this.#forgotten - 1);
  }

  /** Who waits for a call that the handler of this mail makes; nobody, if no handler makes it (0). */
  chainOf(cause: number, self: IncarnationNumber): readonly IncarnationNumber[] {
    return cause === 0 ? nobody : [...(this.delivered(cause)?.chain ?? nobody), self];
  }

  // ── turns

  /** What the next turn gives to the guest; only the lane, if there is nothing. */
  gather(lane: 0 | 1, takesMail: boolean): Crossing[] {
    const given: Crossing[] = [lane];
    if (this.#direct.length > 0) {
      for (const item of this.#direct) given.push(item);
      this.#direct = [];
      this.#ticking.clear();
    }
    if (!takesMail || !this.idle) return given;
    let chars = 0;
    for (let count = 0; count < limits.drainBatchMax && chars < gatheredCharsMax;) {
      const message = this.#mail.shift();
      if (message === undefined) break;
      // Given up while it waited: it was answered as not executed, and must not be.
      if (message.call?.open === false) {
        this.#chars -= charsOf(message);
        continue;
      }
      message.call?.give();
      if (message.kind === toGuest.due) this.#repeatsDue.delete(message.a as number);
      if (message.slots !== undefined) given.push(toGuest.slots, message.slots, undefined, undefined);
      given.push(message.kind, message.a, message.b, message.c);
      if (typeof message.b === "string") chars += message.b.length;
      this.#delivered.push(message);
      this.#received++;
      count++;
    }
    return given;
  }

  /** The guest says how far it came. */
  advance(progress: unknown): void {
    if (typeof progress !== "number" || !(progress > this.#progress)) return;
    this.#progress = Math.min(progress, 2 * this.#received);
  }

  /** Only between turns: the result of a turn's one call comes after the progress that counts it. */
  forgetFinished(): void {
    for (const finished = Math.floor(this.#progress / 2); this.#forgotten < finished; this.#forgotten++) {
      const message = this.#delivered.shift();
      if (message === undefined) continue;
      this.#chars -= charsOf(message);
      message.call?.fail("CALL_LOST", "unknown", "it gave no answer");
    }
  }

  // ── end

  /** Answers the calls that wait to be delivered. */
  dropMail(why: string): void {
    const mail = this.#mail.drain();
    for (const message of mail) this.#chars -= charsOf(message);
    dropAll(mail, "not_executed", why);
  }

  /** Answers all calls; those up to number `begun` may have been executed. */
  dropAll(begun: number, why: string): void {
    const delivered = this.#delivered.drain();
    const perhaps = Math.max(0, begun - this.#forgotten);
    dropAll(delivered.slice(0, perhaps), "unknown", why);
    dropAll(delivered.slice(perhaps), "not_executed", why);
    this.dropMail(why);
  }
}

function dropAll(mail: readonly Message[], executed: CallFailure["executed"], why: string): void {
  for (const { call } of mail) call?.fail("CALL_LOST", executed, why);
}
