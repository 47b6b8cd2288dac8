/**
 * The turn loop: the only place where inputs become events and events become state.
 *
 *   input ─▶ decide ─▶ append ─▶ evolve ─▶ … the disk … ─▶ reply, effects
 *           └──────── one synchronous step ────────┘
 *
 * The state may run ahead of the disk; replies, reads and effects wait for the watermark they saw (P3). When the log fails,
 * nothing more is decided: the process ends, and the next kernel starts from what is durable.
 */
import { type EventId, type Instant, type Refusal, refuse } from "../../base/index.ts";
import { decide } from "../decide.ts";
import type { Event, NewEvent } from "../event.ts";
import { evolve } from "../evolve.ts";
import { nextWake } from "../read.ts";
import type { State } from "../state.ts";
import type { Effect, Input, Reply } from "../turn.ts";
import type { Clock } from "./clock.ts";

/** What the loop needs of an event log; the store keeps it. */
export interface TurnLog {
  /** The newest event that was appended, durable or not. */
  readonly newest: EventId;
  readonly hasRoom: (count: number) => boolean;
  readonly append: (
    events: readonly NewEvent[],
    stamp: { readonly timestamp: Instant; readonly wallClockMs: number },
  ) => readonly Event[];
  /** Rejected only when the log failed, which ends the process. */
  readonly whenDurable: (id: EventId) => Promise<void>;
}

/** The two functions that a kernel is. */
export interface Decider {
  readonly decide: typeof decide;
  readonly evolve: typeof evolve;
}

export const decider: Decider = { decide, evolve };

export interface TurnsPowers {
  readonly state: State;
  readonly log: TurnLog;
  readonly clock: Pick<Clock, "now" | "wallMs">;
  /** Calls `ring` once, after `delayMs` or sooner, unless it is cancelled before by calling what is returned. */
  readonly after: (delayMs: number, ring: () => void) => () => void;
  /** Carries out an effect whose events are durable. */
  readonly carryOut: (effect: Effect) => void;
  /** Called in the turn, after the state has changed; the events are not durable yet. */
  readonly evolved: (events: readonly Event[]) => void;
  /** Another than the kernel's own only where its tests' teeth are tested. */
  readonly decider?: Decider;
}

/** Places in the commit queue that commands leave to reports: deaths must not be refused. */
const reservedForReports = 2_000;

export class Turns implements Disposable {
  readonly #powers: TurnsPowers;
  readonly #decider: Decider;
  #cancelTimer: () => void = () => undefined;
  #timerAt: Instant | undefined;
  #closed = false;

  constructor(powers: TurnsPowers) {
    this.#powers = powers;
    this.#decider = powers.decider ?? decider;
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
    this.#cancelTimer();
  }

  #take(input: Input): { readonly reply: Reply | Refusal | undefined; readonly through: EventId } {
    const { state, log, clock } = this.#powers;
    const now = clock.now();
    const turn = this.#decider.decide(state, input, now);
    if (turn.events.length > 0) {
      const events = log.append(turn.events, { timestamp: now, wallClockMs: clock.wallMs() });
      for (const event of events) this.#decider.evolve(state, event);
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
    this.#cancelTimer();
    this.#timerAt = due;
    if (due === undefined) return;
    this.#cancelTimer = this.#powers.after(Math.max(0, due - clock.now()), () => {
      this.#timerAt = undefined;
      if (this.#closed) return;
      this.#take({ type: "woken" });
      this.#arm();
    });
  }
}
