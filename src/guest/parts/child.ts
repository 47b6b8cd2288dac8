/** A process that was spawned: its lives, one after the other, and its mail. */
import type { RestartType } from "../../base/index.ts";
import type { FamilyKit } from "../family.ts";
import type { Method } from "../methods.ts";
import type { Carrier, Holder, Reference } from "../reference.ts";
import type { Service } from "../service.ts";
import { type Circle, handOver, type Reason } from "./circle.ts";
import { Process } from "./kin.ts";

interface Mail {
  readonly method: string | undefined;
  readonly text: string | undefined;
  readonly slots: ReturnType<FamilyKit["takeSlots"]>;
  /** Of a call: who made it; undefined: the service itself. */
  readonly caller?: Holder | undefined;
  /** Number of the service's mail whose handler waits for this; 0: none does. */
  readonly cause: number;
  readonly resolve?: (value: unknown) => void;
  readonly reject?: (error: unknown) => void;
}

export class Child extends Process implements Carrier {
  readonly local = true;
  readonly name: string;
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
  #phase: "starting" | "running" | "ended" | "left" = "starting";
  /** Grows with each life: what a former one still does, is heard no more. */
  #life = 0;
  #busy: Mail | undefined;
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
    this.name = `${Class.name === "" ? "process" : Class.name}#${++circle.last}`;
    this.#methods = this.#family.findMethods(Class);
    this.reference = new this.#family.Reference(this, "", this.name, 5_000);
    circle.byCarrier.set(this, this);
  }

  get over(): boolean {
    return this.#phase === "ended" || this.#phase === "left";
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
  async start(cause: number): Promise<{ readonly error: unknown } | undefined> {
    const life = ++this.#life;
    this.#cause = cause;
    this.#phase = "starting";
    try {
      const { footing } = this.#family;
      this.#instance = this.#family.makeInstance(this.Class, {
        ...footing,
        self: this.reference,
        pid: `${footing.pid}#${this.name.slice(this.name.lastIndexOf("#") + 1)}`,
        timers: {
          expect: (repeats, text, ms) => this.#expect(repeats, text, ms),
          clear: (id) => this.#family.timers.clear(id),
        },
        references: { provide: (name) => this.hold(footing.references.provide(name)) },
        kin: () => this,
      });
      const init = this.#family.findCallback(this.Class, "init");
      const args = this.#args === undefined ? {} : this.#family.decode(this.#args);
      const state = init === undefined ? undefined : await Reflect.apply(init, this.#instance, [args]);
      if (life !== this.#life) {
        return { error: new this.#family.SoloError("CALL_LOST", "it was stopped while it began") };
      }
      if (state !== undefined) this.#instance.state = state;
    } catch (error) {
      if (life === this.#life) this.finish({ type: "crashed", error });
      return { error };
    }
    this.#phase = "running";
    this.#cause = 0;
    this.#wake();
    return undefined;
  }

  /** Ends this life: its callers and its own processes hear of it. Whether there is another, its supervisor decides. */
  finish(reason: Reason): void {
    if (this.over) return;
    const instance = this.#instance;
    const wasRunning = this.#phase === "running";
    this.#phase = "ended";
    this.#life++;
    this.#cause = 0;
    for (const id of this.#timers) this.#family.timers.clear(id);
    this.#timers.clear();
    const busy = this.#busy;
    this.#busy = undefined;
    busy?.reject?.(new this.#family.CallError("CALL_LOST", `${this.name} did not answer: it ended`, "unknown"));
    for (const mail of this.#queue.splice(0)) {
      mail.reject?.(new this.#family.CallError("CALL_LOST", `${this.name} did not answer: it ended`, "not_executed"));
    }
    this.stopChildren();
    const terminate = this.#family.findCallback(this.Class, "terminate");
    if (terminate !== undefined && wasRunning && reason.type === "shutdown") void this.#terminate(terminate, instance);
    this.tellEnd(reason);
  }

  async #terminate(terminate: Method, instance: unknown): Promise<void> {
    try {
      await Reflect.apply(terminate, instance, ["shutdown"]);
    } catch (error) {
      this.#family.footing.log.error(`${this.name} failed in terminate:`, error);
    }
  }

  /** It is gone for good. */
  leave(): void {
    if (this.#phase === "left") return;
    this.#phase = "left";
    this.#circle.count(-1);
    const at = this.#parent.children.indexOf(this);
    if (at >= 0) this.#parent.children.splice(at, 1);
  }

  exit(reason: Reason): void {
    if (this.over) return;
    if (reason.type === "crashed") this.#family.footing.log.error(`${this.name} ended:`, reason.error);
    this.finish(reason);
    this.#parent.childEnded(this, reason);
  }

  // ── mail

  #receive(mail: Mail): void {
    if (this.#phase === "left") {
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
    if (this.#queue.length === 0) return;
    this.#circle.later(() => this.#next());
  }

  #next(): void {
    if (this.#phase !== "running" || this.#busy !== undefined) return;
    const mail = this.#queue.shift();
    if (mail === undefined) return;
    this.#busy = mail;
    this.#cause = mail.cause;
    void this.#handle(mail, this.#life);
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
        else await Reflect.apply(onMessage, this.#instance, [this.#family.decode(text, slots), this.reference]);
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
      const copy = this.#copy(result, mail.caller);
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
        caller,
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
    this.#receive({ method, text, slots: this.#family.takeSlots(), cause: 0 });
  }

  send(_target: string, _name: string, message: unknown): void {
    const text = this.#family.encode(message, `a message to ${this.name}`, true);
    this.#receive({ method: undefined, text, slots: this.#family.takeSlots(), cause: 0 });
  }

  tell(message: unknown): void {
    if (!this.over) this.send("", "", message);
  }

  #expect(repeats: boolean, text: string | undefined, ms: unknown): number {
    const id: number = this.#family.timers.set(
      repeats,
      () => {
        if (!repeats) this.#timers.delete(id);
        // A timer that finds the mailbox full is a message lost, not a fault.
        if (this.#queue.length < this.#family.mailboxLengthMax)
          this.#receive({ method: undefined, text, slots: undefined, cause: 0 });
      },
      ms,
      [],
    );
    this.#timers.add(id);
    return id;
  }
}
