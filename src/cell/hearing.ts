/**
 * What one guest says, taken at its word as far as it may be: numbers of mail and calls mean its own, references those that
 * it was given, and what it says of its life is for its incarnation to believe.
 */
import type { Death } from "../base/index.ts";
import type { Slots } from "../wire/index.ts";
import type { Errands } from "./errands.ts";
import type { GuestTimers } from "./guest-timers.ts";
import type { House } from "./house.ts";
import type { Incarnation } from "./incarnation.ts";
import type { LogBook } from "./log-book.ts";
import type { GuestCall, OperationHandlers } from "./operations.ts";
import type { Post } from "./post.ts";
import { crashOf, failCall } from "./sayings.ts";

export interface HearingParts {
  readonly speaker: Incarnation;
  readonly house: House;
  readonly post: Post;
  readonly errands: Errands;
  readonly timers: GuestTimers;
  readonly log: LogBook;
  /** Its `init` finished. */
  readonly started: () => void;
  /** Its `terminate` finished. */
  readonly terminated: () => void;
  /** It says that it cannot go on. */
  readonly crashed: (death: Death) => void;
}

export class Hearing implements OperationHandlers {
  readonly started: () => void;
  readonly terminated: () => void;
  readonly #parts: HearingParts;
  /** Processes that it consists of, by its own word: whoever counts them bounds it by what the service may have. */
  processCount = 1;

  constructor(parts: HearingParts) {
    this.#parts = parts;
    ({ started: this.started, terminated: this.terminated } = parts);
  }

  // ── of its mail

  reply(mail: number, result: string | undefined, slots: unknown): void {
    const { speaker, post } = this.#parts;
    const call = post.delivered(mail)?.call;
    if (slots === undefined) return call?.succeed(result);
    const meant = speaker.slots.translate(slots);
    if (meant !== undefined) call?.succeed(result, meant);
    else call?.fail("NOT_SERIALIZABLE", "executed", "the result names a reference that its service does not hold");
  }

  fail(mail: number, code: string, name: string, message: string, stack: string): void {
    failCall(this.#parts.post.delivered(mail), code, name, message, stack);
  }

  crash(where: string, name: string, message: string, stack: string): void {
    this.#parts.crashed(crashOf(where, name, message, stack));
  }

  // ── to others

  call(call: GuestCall): void {
    const { speaker, house, post, errands } = this.#parts;
    const answer = errands.make(call.call);
    if (answer.open) house.call(speaker, call, post.chainOf(call.cause, speaker.id), answer);
  }

  /** On the stack of its own inline turn: the result if it came at once, false if its answer will be brought. */
  callNow(call: GuestCall): string | null | false {
    const { speaker, house, post, errands } = this.#parts;
    const chain = post.chainOf(call.cause, speaker.id);
    return errands.makeNow(call.call, (answer) => house.callNow(speaker, call, chain, answer));
  }

  cast(service: string, method: string, args: string, slots: unknown): boolean {
    const { speaker, house } = this.#parts;
    return this.#tell(slots, (meant) => house.cast(speaker, service, method, args, meant));
  }

  send(service: string, message: string, slots: unknown): boolean {
    const { speaker, house } = this.#parts;
    return this.#tell(slots, (meant) => house.send(speaker, service, message, meant));
  }

  /** A forged message is dropped, and not refused: that would tell nobody anything new. */
  #tell(slots: unknown, tell: (meant: Slots | undefined) => boolean): boolean {
    if (slots === undefined) return tell(undefined);
    const meant = this.#parts.speaker.slots.translate(slots);
    if (meant !== undefined) return tell(meant);
    this.#parts.log.write(1, "a message was dropped: it names a reference that this service was not given");
    return true;
  }

  // ── of itself

  log(level: number, text: string): void {
    this.#parts.log.write(level, text);
  }

  timer(timer: number, ms: number, mode: number): void {
    if (!this.#parts.timers.set(timer, ms, mode)) this.#parts.log.write(0, "too many timers");
  }

  clear(timer: number): void {
    this.#parts.timers.clear(timer);
    this.#parts.post.cleared(timer);
  }

  processes(count: number): void {
    this.processCount = count;
  }

  malformed(what: string): void {
    this.#parts.log.write(0, `the guest broke the form of its outbox: ${what}`);
  }
}
