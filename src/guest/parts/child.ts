/** A process that was spawned: its lives, one after the other, and its mail. */
import type { RestartType } from "../../base/index.ts";
import type { FamilyKit } from "../family.ts";
import type { Method } from "../methods.ts";
import type { Carrier, Holder, Reference } from "../reference.ts";
import type { Service } from "../service.ts";
import { type Circle, handOver, type Mail, type Reason, shutdown } from "./circle.ts";
import { Process } from "./kin.ts";
import { waitAtMost } from "./patience.ts";

/** At an orderly end: for what it handles, and again for its `terminate`. OTP gives a worker as long. */
const endMsMax = 5_000;

/**
 *   starting ──init──▶ running ──▶ ended ──▶ starting again · left
 *                         └──end──▶ stopping ──▶ left
 */
export class Child extends Process implements Carrier {
  readonly local = true;
  readonly name: string;
  readonly number: number;
  readonly reference: Reference;
  readonly Class: new () => Service;
  readonly restart: RestartType;
  readonly #circle: Circle;
  readonly #family: FamilyKit;
  readonly #parent: Process;
  readonly #args: string | undefined;
  readonly #methods: ReturnType<FamilyKit["findMethods"]>;
  #instance: Service | undefined;
  #queue: Mail[] = [];
  #phase: "starting" | "running" | "stopping" | "ended" | "left" = "starting";
  #ended: Reason | undefined;
  /** Grows with each life: what a former one still does, is heard no more. */
  #life = 0;
  #busy: Mail | undefined;
  /** Settles when what it handles now is done. */
  #work: Promise<void> | undefined;
  /** It stops itself when what it handles now is done. */
  #leaving = false;
  /** It began once: its supervisor, not who spawned it, is told of its end. */
  born = false;
  /** While it waits to be started again: with whom. */
  round: object | undefined;
  #cause = 0;
  readonly #held = new WeakMap<Reference, Reference>();
  #timers = new Set<number>();

  constructor(
    circle: Circle,
    parent: Process,
    Class: new () => Service,
    args: string | undefined,
    restart: RestartType,
  ) {
    super(circle);
    this.#circle = circle;
    this.#family = circle.family;
    this.#parent = parent;
    this.Class = Class;
    this.#args = args;
    this.restart = restart;
    this.number = ++circle.last;
    this.name = `${Class.name === "" ? "process" : Class.name}#${this.number}`;
    this.#methods = this.#family.findMethods(Class);
    this.reference = new this.#family.Reference(this, "", this.name, 5_000);
    circle.byCarrier.set(this, this);
    circle.byNumber.set(this.number, this);
  }

  get ended(): Reason | undefined {
    return this.#ended;
  }

  // ── as a holder of references

  /** A handler of the service that has finished since waits no more, whoever it had waited for. */
  get cause(): number {
    return this.#cause === this.#family.cause() ? this.#cause : 0;
  }

  hold({ origin }: Reference): Reference {
    const known = this.#held.get(origin);
    if (known !== undefined) return known;
    const made = origin.heldBy(this);
    this.#held.set(origin, made);
    return made;
  }

  // ── life

  /** Undefined once it runs; else why it does not. `cause`: number of the service's mail that waits for it; 0: none. */
  async start(cause: number): Promise<{ readonly error: unknown; readonly stopped: boolean } | undefined> {
    const life = ++this.#life;
    this.round = undefined;
    this.#ended = undefined;
    this.#leaving = false;
    this.#cause = cause;
    this.#phase = "starting";
    try {
      const { footing } = this.#family;
      this.#instance = this.#family.makeInstance(this.Class, {
        ...footing,
        self: this.hold(this.reference),
        pid: `${footing.pid}#${this.number}`,
        timers: {
          expect: (repeats, text, ms) => this.#expect(repeats, text, ms),
          clear: (id) => this.#family.timers.clear(id),
        },
        references: { provide: (name) => this.hold(footing.references.provide(name)) },
        kin: () => {
          if (life === this.#life) return this;
          throw new this.#family.SoloError("SERVICE_NOT_RUNNING", `this life of ${this.name} has ended`);
        },
      });
      const init = this.#family.findCallback(this.Class, "init");
      const args = this.#args === undefined ? {} : this.#family.decode(this.#args);
      const state = init === undefined ? undefined : await Reflect.apply(init, this.#instance, [args]);
      if (life !== this.#life) {
        return { error: new this.#family.SoloError("CALL_LOST", "it was stopped while it began"), stopped: true };
      }
      if (state !== undefined) this.#instance.state = state;
    } catch (error) {
      const stopped = life !== this.#life;
      if (!stopped) this.finish({ type: "crashed", error });
      return { error, stopped };
    }
    this.#phase = "running";
    this.born = true;
    this.#cause = 0;
    this.#wake();
    return undefined;
  }

  /** Ends this life: its callers and its own processes hear of it. Whether there is another, its supervisor decides. */
  finish(reason: Reason): void {
    if (this.#ended !== undefined) return;
    const instance = this.#instance;
    const wasRunning = this.#phase === "running";
    this.#phase = "ended";
    this.#ended = reason;
    this.#life++;
    this.#cause = 0;
    for (const id of this.#timers) this.#family.timers.clear(id);
    this.#timers.clear();
    const busy = this.#busy;
    this.#busy = undefined;
    busy?.reject?.(new this.#family.CallError("CALL_LOST", `${this.name} did not answer: it ended`, "unknown"));
    this.#dropMail();
    this.stopChildren();
    if (wasRunning && reason.type !== "crashed") void this.#terminate(instance, reason.type);
    this.tellEnd(reason);
  }

  #dropMail(): void {
    for (const mail of this.#queue.splice(0)) {
      mail.reject?.(new this.#family.CallError("CALL_LOST", `${this.name} did not answer: it ended`, "not_executed"));
    }
  }

  /**
   * Ends it for good and in order: what it handles now, then its own processes, then its `terminate`. Never throws; what
   * takes longer than `endMsMax` is waited for no more.
   */
  async end(reason: string): Promise<void> {
    if (this.#phase === "running") {
      this.#phase = "stopping";
      this.#dropMail();
      if (this.#work !== undefined) await this.#within(this.#work);
      await this.endChildren(reason);
      // What it handled may have crashed it.
      if (this.#ended === undefined) await this.#within(this.#terminate(this.#instance, reason));
    }
    this.finish(shutdown);
    this.leave();
  }

  #within(work: Promise<void>): Promise<void> {
    const warn = (): void => this.#family.footing.log.warn(`${this.name} did not end within ${endMsMax} ms`);
    return waitAtMost(this.#family.timers, work, endMsMax, warn);
  }

  async #terminate(instance: unknown, reason: string): Promise<void> {
    const terminate: Method | undefined = this.#family.findCallback(this.Class, "terminate");
    if (terminate === undefined) return;
    try {
      await Reflect.apply(terminate, instance, [reason]);
    } catch (error) {
      this.#family.footing.log.error(`${this.name} failed in terminate:`, error);
    }
  }

  /** It is gone for good. */
  leave(): void {
    if (this.#phase === "left") return;
    this.#phase = "left";
    this.round = undefined;
    this.#circle.byNumber.delete(this.number);
    this.#circle.count(-1);
    const at = this.#parent.children.indexOf(this);
    if (at >= 0) this.#parent.children.splice(at, 1);
  }

  exit(reason: Reason): void {
    if (this.#ended !== undefined) return;
    if (reason.type === "crashed") this.#family.footing.log.error(`${this.name} ended:`, reason.error);
    this.finish(reason);
    // A sibling that is linked to it may have ended for this, and have it started again already.
    if (this.born && this.#ended === reason) this.#parent.childEnded(this, reason);
  }

  stopSelf(): void {
    this.#leaving = true;
    this.#wake();
  }

  // ── mail

  #receive(mail: Mail): void {
    if (this.#phase === "left" || this.#phase === "stopping") {
      mail.reject?.(new this.#family.CallError("SERVICE_NOT_RUNNING", `${this.name} has ended`, "not_executed"));
      return;
    }
    if (this.#queue.length >= this.#family.mailboxLengthMax) {
      throw new this.#family.CallError("MAILBOX_FULL", `the mailbox of ${this.name} is full`, "not_executed");
    }
    this.#queue.push(mail);
    this.#wake();
  }

  #wake(): void {
    if (this.#queue.length === 0 && !this.#leaving) return;
    this.#circle.later(() => this.#next());
  }

  #next(): void {
    if (this.#phase !== "running" || this.#busy !== undefined) return;
    if (this.#leaving) return this.exit({ type: "normal" });
    const mail = this.#queue.shift();
    if (mail === undefined) return;
    this.#busy = mail;
    this.#cause = mail.cause;
    this.#work = this.#handle(mail, this.#life);
  }

  async #handle(mail: Mail, life: number): Promise<void> {
    const failure = await this.#run(mail);
    // Another life: its callers were told when this one ended.
    if (life !== this.#life) return;
    this.#busy = undefined;
    this.#cause = 0;
    if (failure === undefined) return this.#wake();
    this.exit({ type: "crashed", error: failure.error });
  }

  /** What ends the process, if something does. */
  async #run(mail: Mail): Promise<{ readonly error: unknown } | undefined> {
    const { method: name, text } = mail;
    const slots = handOver(this.#family, mail.slots, this);
    try {
      if (name === undefined) {
        const onMessage = this.#family.findCallback(this.Class, "onMessage");
        if (onMessage === undefined)
          this.#family.footing.log.warn(`${this.name} has no onMessage: a message was dropped`);
        else {
          const from = this.hold(mail.from?.reference ?? this.#family.footing.self);
          await Reflect.apply(onMessage, this.#instance, [this.#family.decode(text, slots), from]);
        }
        return undefined;
      }
      const method = this.#methods[name];
      if (method === undefined) {
        mail.reject?.(
          new this.#family.CallError("METHOD_NOT_FOUND", `${this.name} has no public method ${name}`, "not_executed"),
        );
        return undefined;
      }
      const result: unknown = await Reflect.apply(method, this.#instance, this.#family.decodeList(text ?? "[]", slots));
      if (mail.resolve === undefined) return undefined;
      const copy = this.#copy(result, mail.from);
      if (copy.error === undefined) mail.resolve(copy.value);
      else mail.reject?.(copy.error);
      return undefined;
    } catch (error) {
      const { name: kind, message } = this.#family.describeError(error);
      const failed = new this.#family.CallError("CALL_FAILED", `${this.name} threw ${kind}: ${message}`, "executed");
      failed.cause = error;
      mail.reject?.(failed);
      return this.#family.isA(error, this.#family.Refusal) ? undefined : { error };
    }
  }

  /** What cannot be sent is the caller's news, not the process's end. */
  #copy(result: unknown, caller: Holder | undefined): { readonly value?: unknown; readonly error?: unknown } {
    try {
      const text = this.#family.encode(result, "the result", true);
      return { value: this.#family.decode(text, handOver(this.#family, this.#family.takeSlots(), caller)) };
    } catch (error) {
      return { error };
    }
  }

  // ── as a reference reaches it

  async call(
    _target: string,
    _name: string,
    method: string,
    args: readonly unknown[],
    timeoutMs: number,
    caller: Holder | undefined,
  ): Promise<unknown> {
    const cause = caller === undefined ? this.#family.cause() : caller.cause;
    const text = this.#family.encodeList(args, `an argument of ${this.name}.${method}`, true);
    const slots = this.#family.takeSlots();
    return new Promise<unknown>((resolve, reject) => {
      const timer = this.#family.timers.set(
        false,
        () => {
          const executed = this.#drop(mail) ? "not_executed" : "unknown";
          reject(
            new this.#family.CallError(
              "CALL_TIMEOUT",
              `${this.name}.${method} did not answer within ${timeoutMs} ms`,
              executed,
            ),
          );
        },
        timeoutMs,
        [],
      );
      const mail: Mail = {
        method,
        text,
        slots,
        from: caller,
        cause,
        resolve: (value) => {
          this.#family.timers.clear(timer);
          resolve(value);
        },
        reject: (error) => {
          this.#family.timers.clear(timer);
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what ended the call, whatever it is
          reject(error);
        },
      };
      try {
        this.#receive(mail);
      } catch (error) {
        mail.reject?.(error);
      }
    });
  }

  #drop(mail: Mail): boolean {
    const at = this.#queue.indexOf(mail);
    if (at >= 0) this.#queue.splice(at, 1);
    return at >= 0;
  }

  cast(_target: string, _name: string, method: string, args: readonly unknown[]): void {
    const text = this.#family.encodeList(args, `an argument of ${this.name}.${method}`, true);
    this.#receive({ method, text, slots: this.#family.takeSlots(), from: undefined, cause: 0 });
  }

  send(_target: string, _name: string, message: unknown, from: Holder | undefined): void {
    const text = this.#family.encode(message, `a message to ${this.name}`, true);
    this.#receive({ method: undefined, text, slots: this.#family.takeSlots(), from, cause: 0 });
  }

  /** Past the limit of its mailbox, too: it has asked for each of these, and who ends is not to blame that it does not read. */
  tell(message: unknown): void {
    if (this.#ended !== undefined || this.#phase === "stopping") return;
    const text = this.#family.encode(message, `a message to ${this.name}`);
    this.#queue.push({ method: undefined, text, slots: undefined, from: this, cause: 0 });
    this.#wake();
  }

  #expect(repeats: boolean, text: string | undefined, ms: unknown): number {
    const id: number = this.#family.timers.set(
      repeats,
      () => {
        if (!repeats) this.#timers.delete(id);
        // A timer that finds the mailbox full is a message lost, not a fault.
        if (this.#queue.length < this.#family.mailboxLengthMax)
          this.#receive({ method: undefined, text, slots: undefined, from: this, cause: 0 });
      },
      ms,
      [],
    );
    this.#timers.add(id);
    return id;
  }
}
