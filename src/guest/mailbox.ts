/**
 * The guest's end of the mailbox: mail is handled one at a time, in order; a handler may wait, and the next mail waits
 * with it. What already runs (answers to calls, ticks of timers) passes the mail.
 *
 *   turn(items) ──▶ waiting ──▶ handle ──▶ finish ──▶ next, until the slice is over or a handler waits
 */
import { fromGuest, itemWidth, toGuest } from "../wire/index.ts";
import type { Outbox } from "./outbox.ts";
import { makeList, now } from "./primordials.ts";

/** One handler must not spend the time of those behind it: past this, the rest waits for another turn. */
const sliceMsMax = 8;
/** The same where the whole cell waits: well below what the cell takes for a slow turn. */
const inlineSliceMsMax = 2;

export interface Mail {
  readonly number: number;
  readonly kind: number;
  readonly a: string;
  readonly b: string;
  readonly c: string;
  /** Slots of the body, as the cell wrote them. */
  readonly slots: string | undefined;
}

/** None of these throws. */
export interface Handlers {
  /** True: finished. False: it waits, and will call {@link Mailbox.finish}. */
  readonly handle: (mail: Mail) => boolean;
  readonly answer: (
    call: number,
    result: string | undefined,
    failure: string | undefined,
    slots: string | undefined,
  ) => void;
  readonly tick: (timer: number) => void;
  readonly terminate: (reason: string) => void;
}

export class Mailbox {
  readonly #outbox: Outbox;
  readonly #handlers: Handlers;
  readonly #waiting: (Mail | undefined)[] = makeList<Mail | undefined>();
  #head = 0;
  #received = 0;
  #finished = 0;
  #busy = false;
  #sliceEnd = 0;
  /** The one call that this turn brought, while its handler may still finish within the turn. */
  #sole = 0;
  #soleResult: string | null | undefined;
  #terminating: string | undefined;
  #closed = false;
  /** Slots of the item behind them. */
  #slots: string | undefined;

  constructor(outbox: Outbox, handlers: Handlers) {
    this.#outbox = outbox;
    this.#handlers = handlers;
  }

  get progress(): number {
    return 2 * this.#finished + (this.#busy ? 1 : 0);
  }

  /** Number of the mail that is being handled; 0 if none is. */
  get current(): number {
    return this.#busy ? this.#finished + 1 : 0;
  }

  /** Takes what the cell gives, as `toGuest` describes it, and works until the slice is over. */
  turn(given: readonly unknown[]): number | string | null {
    const inline = given[0] === 1;
    this.#outbox.beginTurn(inline);
    this.#sliceEnd = now() + (inline ? inlineSliceMsMax : sliceMsMax);
    const sole = given.length === 1 + itemWidth && given[1] === toGuest.call && !this.#busy;
    for (let at = 1; at + 3 < given.length; at += itemWidth) this.#take(given, at);
    if (sole && this.#received === this.#finished + 1) this.#sole = this.#received;
    this.#run();
    this.#outbox.endTurn();
    this.#sole = 0;
    const result = this.#soleResult;
    if (result === undefined) return this.progress;
    this.#soleResult = undefined;
    return result;
  }

  #take(given: readonly unknown[], at: number): void {
    const kind = given[at] as number;
    const a = given[at + 1];
    const b = given[at + 2] as string;
    const c = given[at + 3] as string;
    const slots = this.#slots;
    this.#slots = undefined;
    switch (kind) {
      case toGuest.answer:
        return this.#handlers.answer(a as number, b, c, slots);
      case toGuest.slots:
        this.#slots = a as string;
        return;
      case toGuest.tick:
        return this.#handlers.tick(a as number);
      case toGuest.terminate:
        this.#terminating = a as string;
        return;
      default:
        this.#received++;
        this.#waiting[this.#waiting.length] = { number: this.#received, kind, a: a as string, b, c, slots };
    }
  }

  #run(): void {
    while (!this.#busy && !this.#closed) {
      if (this.#terminating !== undefined) {
        this.#closed = true;
        return this.#handlers.terminate(this.#terminating);
      }
      const mail = this.#waiting[this.#head];
      if (mail === undefined) return;
      this.#waiting[this.#head++] = undefined;
      if (this.#head === this.#waiting.length) {
        this.#waiting.length = 0;
        this.#head = 0;
      }
      this.#busy = true;
      // If it never ends, the cell knows that those before it were finished and those behind it were not begun.
      if (mail.number !== this.#received) this.#outbox.report();
      if (!this.#handlers.handle(mail)) return;
      this.#busy = false;
      this.#finished++;
      if (mail.number !== this.#received && now() >= this.#sliceEnd) return;
    }
  }

  /** The handler that waited is done. */
  finish(): void {
    this.#busy = false;
    this.#finished++;
    if (now() < this.#sliceEnd || this.#terminating !== undefined) this.#run();
    this.#outbox.schedule();
  }

  /** The result of a call. */
  reply(number: number, result: string | undefined, slots: string | undefined): void {
    if (number === this.#sole && slots === undefined) {
      this.#soleResult = result ?? null;
      return;
    }
    this.#outbox.addSlots(slots);
    this.#outbox.add2(fromGuest.reply, number, result);
  }

  /** Handles nothing more. */
  close(): void {
    this.#closed = true;
  }
}
