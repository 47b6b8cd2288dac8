/**
 * The turn loop: the only place where inputs become events and events become state.
 *
 *   input ─▶ decide ─▶ append ─▶ evolve ─▶ … the disk … ─▶ reply, effects
 *           └──────── one synchronous step ────────┘
 *
 * The state may run ahead of the disk; replies, reads and effects wait for the watermark they saw (P3). When the log fails,
 * nothing more is decided: the process ends, and the next kernel starts from what is durable.
 */
import { type EventId, type Refusal, refuse } from "../base/index.ts";
import {
  decide,
  type Effect,
  type Event,
  evolve,
  type Input,
  nextWake,
  type Reply,
  type State,
} from "../kernel/index.ts";
import type { EventLog } from "../store/index.ts";
import type { Clock } from "./clock.ts";

export interface TurnsPowers {
  readonly state: State;
  readonly log: EventLog;
  readonly clock: Clock;
  /** Carries out an effect whose events are durable. */
  readonly carryOut: (effect: Effect) => void;
  /** Called in the turn, after the state has changed; the events are not durable yet. */
  readonly evolved: (events: readonly Event[]) => void;
}

/** Places in the commit queue that commands leave to reports: deaths must not be refused. */
const reservedForReports = 2_000;
/** The longest delay that a timer of Node takes. */
const timerMsMax = 2 ** 31 - 1;

export class Turns implements Disposable {
  readonly #powers: TurnsPowers;
  #timer: NodeJS.Timeout | undefined;
  #timerAt: number | undefined;
  #closed = false;

  constructor(powers: TurnsPowers) {
    this.#powers = powers;
  }

  /** Only for reading: `evolve` alone changes it. */
  get state(): State {
    return this.#powers.state;
  }

  /** A command's answer, once all it shows is durable. */
  async command(input: Extract<Input, { readonly type: "command" }>): Promise<Reply | Refusal> {
    const { log } = this.#powers;
    if (!log.hasRoom(reservedForReports))
      return refuse("OVERLOADED", { what: "The event log's queue", limit: reservedForReports });
    const { reply } = this.#take(input);
    await log.whenDurable(log.newest);
    return reply ?? refuse("INTERNAL", { what: "a command without an answer" });
  }

  /** Resolves when the input's events, and all that was decided before, are durable. */
  submit(input: Input): Promise<void> {
    const { through } = this.#take(input);
    return this.#powers.log.whenDurable(through);
  }

  /** Looks at the state; what it saw is durable when it is given out. */
  async read<T>(look: (state: State) => T): Promise<T> {
    const { log, state } = this.#powers;
    const seen = look(state);
    await log.whenDurable(log.newest);
    return seen;
  }

  /** Starts the clock of what waits in the state. */
  begin(): void {
    this.#arm();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #take(input: Input): { readonly reply: Reply | Refusal | undefined; readonly through: EventId } {
    const { state, log, clock } = this.#powers;
    const now = clock.now();
    const turn = decide(state, input, now);
    if (turn.events.length > 0) {
      const events = log.append(turn.events, { timestamp: now, wallClockMs: clock.wallMs() });
      for (const event of events) evolve(state, event);
      this.#powers.evolved(events);
      this.#arm();
    }
    const through = log.newest;
    if (turn.effects.length > 0) {
      // Rejected only when the log failed, which ends the process.
      log.whenDurable(through).then(
        () => {
          if (!this.#closed) for (const effect of turn.effects) this.#powers.carryOut(effect);
        },
        () => undefined,
      );
    }
    return { reply: turn.reply, through };
  }

  #arm(): void {
    if (this.#closed) return;
    const { state, clock } = this.#powers;
    const due = nextWake(state);
    if (due === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = due;
    if (due === undefined) return;
    const delay = Math.min(timerMsMax, Math.max(0, due - clock.now()));
    this.#timer = setTimeout(() => {
      this.#timerAt = undefined;
      if (this.#closed) return;
      this.#take({ type: "woken" });
      this.#arm();
    }, delay);
  }
}
