/**
 * What the guest has to tell its cell, gathered and pushed once per burst of work. It is pushed, never only returned: a
 * rejection that nobody handles makes the engine drop what a turn returns.
 *
 * Fields are appended one index at a time, without a call between them, so that a stack overflow in the tenant's code
 * cannot cut an operation in half.
 */
import { limits } from "../base/index.ts";
import { fromGuest } from "../wire/index.ts";
import { apply, makeList, soon } from "./primordials.ts";

type Field = string | number | undefined;

/** The cell's ears. `pushNow` is heard before it returns and gives the number of refused messages; `pushLater` is not. */
export interface Cell {
  readonly pushNow: (...fields: readonly Field[]) => number;
  readonly pushLater: (...fields: readonly Field[]) => void;
  /** What the cell knows and tells at once; undefined: it has no answer. See `asks`. */
  readonly ask: (what: number, ...fields: readonly (string | number)[]) => string | undefined;
  /** Inline lane only: a result at once (text, or null for undefined), or false if an `answer` will bring it. */
  readonly callNow: (
    call: number,
    cause: number,
    service: string,
    method: string,
    args: string,
    timeoutMs: number,
    slots: string | undefined,
  ) => string | null | false;
}

/** Fields gathered before they are pushed in the middle of a handler: a flood meets the cell's refusal soon. */
const fieldsMax = 512;
/** Pushes within one turn that the cell need not have heard; more, and the guest waits for its cell each time. */
const unheardMax = 8;
/** A push of more text than this is heard: it may fill a mailbox. */
const unheardCharsMax = limits.payloadBytesMax / 4;
/** More than this waits for a push that the cell hears. */
const reportCharsMax = 64 * 1024;

/** Whether the engine would lose a push of so many fields: see `isolated-vm.ts` in the cell. */
const isMisread = (length: number): boolean => length > 127 && length % 128 === 127;

/** The `add…` methods give the number of messages refused, if what was there had to be pushed at once, and else 0. */
export class Outbox {
  readonly #cell: Cell;
  readonly #progress: () => number;
  #fields: Field[] = makeList<Field>();
  #length = 1;
  #chars = 0;
  #flushing = false;
  #unheard = 0;
  #inline = false;
  #inTurn = false;

  constructor(cell: Cell, progress: () => number) {
    this.#cell = cell;
    this.#progress = progress;
    this.#fields[0] = 0;
  }

  get inline(): boolean {
    return this.#inline;
  }

  beginTurn(inline: boolean): void {
    this.#inline = inline;
    this.#inTurn = true;
    this.#unheard = 0;
  }

  endTurn(): void {
    this.#inTurn = false;
    if (this.#length > 1) this.schedule();
  }

  /** Pushes soon, even if there is nothing but progress to report. */
  schedule(): void {
    if (this.#flushing || this.#inTurn) return;
    this.#flushing = true;
    void soon(this.#flushSoon);
  }

  readonly #flushSoon = (): void => {
    this.#flushing = false;
    this.flush();
  };

  /** Pushes what is there; the number of messages that were refused, as far as it is known. */
  flush(): number {
    const fields = this.#fields;
    fields[0] = this.#progress();
    if (isMisread(this.#length)) fields[this.#length] = fromGuest.nothing;
    let refused = 0;
    if (this.#inline || this.#unheard >= unheardMax || this.#chars > unheardCharsMax) {
      refused = apply(this.#cell.pushNow, undefined, fields);
    } else {
      this.#unheard++;
      apply(this.#cell.pushLater, undefined, fields);
    }
    fields.length = 1;
    this.#length = 1;
    this.#chars = 0;
    return refused;
  }

  /** Threaded lane: pushes what is there and how far the guest came, before it begins something that may not end. */
  report(): void {
    if (this.#inline) return;
    if (this.#chars <= reportCharsMax) this.#unheard--;
    this.flush();
  }

  /** Pushes what is there, if anything. */
  flushMail(): void {
    if (this.#length > 1) this.flush();
  }

  callNow(
    call: number,
    cause: number,
    service: string,
    method: string,
    args: string,
    timeoutMs: number,
    slots: string | undefined,
  ): string | null | false {
    return this.#cell.callNow(call, cause, service, method, args, timeoutMs, slots);
  }

  add1(op: number, a: Field): number {
    const fields = this.#fields;
    const at = this.#length;
    fields[at] = op;
    fields[at + 1] = a;
    this.#length = at + 2;
    return this.#added(a);
  }

  add2(op: number, a: Field, b: Field): number {
    const fields = this.#fields;
    const at = this.#length;
    fields[at] = op;
    fields[at + 1] = a;
    fields[at + 2] = b;
    this.#length = at + 3;
    return this.#added(b);
  }

  add3(op: number, a: Field, b: Field, c: Field): number {
    const fields = this.#fields;
    const at = this.#length;
    fields[at] = op;
    fields[at + 1] = a;
    fields[at + 2] = b;
    fields[at + 3] = c;
    this.#length = at + 4;
    return this.#added(c);
  }

  add5(op: number, a: Field, b: Field, c: Field, d: Field, e: Field): number {
    const fields = this.#fields;
    const at = this.#length;
    fields[at] = op;
    fields[at + 1] = a;
    fields[at + 2] = b;
    fields[at + 3] = c;
    fields[at + 4] = d;
    fields[at + 5] = e;
    this.#length = at + 6;
    return this.#added(d);
  }

  add6(op: number, a: Field, b: Field, c: Field, d: Field, e: Field, f: Field): number {
    const fields = this.#fields;
    const at = this.#length;
    fields[at] = op;
    fields[at + 1] = a;
    fields[at + 2] = b;
    fields[at + 3] = c;
    fields[at + 4] = d;
    fields[at + 5] = e;
    fields[at + 6] = f;
    this.#length = at + 7;
    return this.#added(e);
  }

  /** Slots of the operation that is added next: never pushed without it. */
  addSlots(slots: string | undefined): void {
    if (slots === undefined) return;
    this.#fields[this.#length] = fromGuest.slots;
    this.#fields[this.#length + 1] = slots;
    this.#length += 2;
  }

  /** An operation without fields. */
  add0(op: number): void {
    this.#fields[this.#length] = op;
    this.#length++;
    this.schedule();
  }

  /** `body` is the largest of the fields: what a burst is measured by. */
  #added(body: Field): number {
    if (typeof body === "string") this.#chars += body.length;
    if (this.#length >= fieldsMax || this.#chars >= limits.payloadBytesMax) return this.flush();
    this.schedule();
    return 0;
  }
}
