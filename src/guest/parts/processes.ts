/**
 * Processes within a service: each has a mailbox, a state and a supervisor, the process that spawned it.
 *
 *   spawn ──init──▶ running ──▶ ended ──supervise()──▶ forgotten · started afresh · its supervisor ends too
 *
 * They share the isolate, and its limits, with the service; the service itself is their root, and when that must end, the
 * incarnation ends. Messages between them are copied as those between services are.
 */
import { type Intensity, type RestartType, type Strategy, supervise } from "../../base/index.ts";
import type { FamilyKit, FamilyPart } from "../family.ts";
import type { Method } from "../methods.ts";
import type { Kit } from "../parts.ts";
import type { Carrier, Reference } from "../reference.ts";
import type { Kin, Service } from "../service.ts";

type Reason = { readonly type: "normal" | "shutdown" } | { readonly type: "crashed"; readonly error: unknown };
type Slots = ReturnType<FamilyKit["takeSlots"]>;

interface Mail {
  readonly method: string | undefined;
  readonly text: string | undefined;
  readonly slots: Slots;
  readonly resolve?: (value: unknown) => void;
  readonly reject?: (error: unknown) => void;
}

/** After this long the rest of the processes' mail waits for another turn of the service. */
const sliceMsMax = 4;
const shutdown: Reason = { type: "shutdown" };

export function make(kit: Kit): FamilyPart {
  const family = kit.family();
  const { SoloError, CallError } = family;
  const byCarrier = new WeakMap<Carrier, Process>();
  let alive = 1;
  let last = 0;
  let sliceEnd = 0;

  /** Runs `work` in this turn of the service, or in a later one if this has lasted long. */
  function later(work: () => void): void {
    const now = Date.now();
    if (now > sliceEnd + 1_000) sliceEnd = now + sliceMsMax;
    if (now <= sliceEnd) void family.soon(work);
    else {
      family.timers.set(
        false,
        () => {
          sliceEnd = Date.now() + sliceMsMax;
          work();
        },
        1,
        [],
      );
    }
  }

  function findProcess(reference: unknown): Process {
    const found =
      typeof reference === "object" && reference !== null && reference instanceof family.Reference
        ? reference === family.footing.self
          ? root
          : byCarrier.get(reference.carrier)
        : undefined;
    if (found === undefined) {
      throw new SoloError("INVALID_ARGUMENT", "it is no process of this service: only those are linked and monitored");
    }
    return found;
  }

  /** What the service and the processes within it have in common: those they spawned, and those who watch them. */
  abstract class Process implements Kin {
    readonly children: Child[] = [];
    restarts: readonly number[] = [];
    readonly monitors = new Set<Process>();
    readonly links = new Set<Process>();
    abstract readonly name: string;
    abstract readonly Class: object;
    abstract readonly over: boolean;
    /** It must end, for a fault that may be another's. */
    abstract exit(reason: Reason): void;
    abstract tell(message: unknown): void;

    async spawn(Class: unknown, args: unknown, options: unknown): Promise<Reference> {
      if (!family.extendsService(Class)) {
        throw new SoloError("INVALID_ARGUMENT", "spawn takes a class that extends Service");
      }
      const { restart = "permanent" } = options as { readonly restart?: RestartType };
      if (restart !== "permanent" && restart !== "transient" && restart !== "temporary") {
        throw new SoloError("INVALID_ARGUMENT", "restart is permanent, transient or temporary");
      }
      if (alive >= family.processesMax) {
        throw new SoloError("QUOTA_EXCEEDED", `processes: limit ${family.processesMax}`);
      }
      const child = new Child(this, Class as new () => Service, family.encode(args, "the arguments"), restart);
      this.children.push(child);
      alive++;
      const failed = await child.start();
      if (failed === undefined) return child.reference;
      child.leave();
      throw failed.error;
    }

    monitor(process: unknown): void {
      const watched = findProcess(process);
      if (watched.over) this.tell({ type: "down", process: watched.name, reason: { type: "normal" } });
      else watched.monitors.add(this);
    }

    link(process: unknown): void {
      const other = findProcess(process);
      if (other === this) return;
      if (other.over) throw new SoloError("SERVICE_NOT_RUNNING", `process ${other.name} has ended`);
      other.links.add(this);
      this.links.add(other);
    }

    stop(process: unknown): void {
      const child = this.children.find((one) => one === findProcess(process));
      if (child === undefined) throw new SoloError("INVALID_ARGUMENT", "a process stops those that it spawned");
      child.finish(shutdown);
      child.leave();
    }

    /** All who watch hear of the end, once. */
    tellEnd(reason: Reason): void {
      const monitors = [...this.monitors];
      this.monitors.clear();
      for (const by of monitors) by.tell({ type: "down", process: this.name, reason });
      const linked = [...this.links];
      this.links.clear();
      for (const other of linked) {
        other.links.delete(this);
        if (reason.type === "crashed") other.exit(reason);
      }
    }

    stopChildren(): void {
      for (const child of this.children.toReversed()) {
        child.finish(shutdown);
        child.leave();
      }
    }

    /** A child ended by itself: what OTP's rules say. */
    childEnded(child: Child, reason: Reason): void {
      const verdict = supervise(
        specOf(this.Class),
        this.children.map((one) => ({ id: one, restart: one.restart })),
        this.restarts,
        { child, kind: reason.type === "crashed" ? "abnormal" : "normal" },
        Date.now(),
      );
      switch (verdict.type) {
        case "ignore":
          return child.leave();
        case "restart":
          this.restarts = verdict.restarts;
          for (const one of verdict.stop) {
            one.finish(shutdown);
            if (!verdict.start.includes(one)) one.leave();
          }
          void this.#startAll(verdict.start);
          return;
        case "escalate": {
          const error = new SoloError(
            "RESTART_LIMIT",
            `${child.name} ended too often${reason.type === "crashed" ? `, last with ${said(reason.error)}` : ""}`,
          );
          this.exit({ type: "crashed", error });
        }
      }
    }

    async #startAll(children: readonly Child[]): Promise<void> {
      for (const child of children) {
        // Left to right: each may need the one before it.
        const failed = await child.start();
        if (failed === undefined) continue;
        this.childEnded(child, { type: "crashed", error: failed.error });
        return;
      }
    }
  }

  class Root extends Process {
    readonly name = family.footing.self.name;
    readonly Class = family.rootClass;
    readonly over = false;

    exit(reason: Reason): void {
      family.crash(reason.type === "crashed" ? reason.error : new SoloError("CALL_LOST", "a process ended"));
    }

    tell(message: unknown): void {
      family.footing.self.send(message);
    }
  }

  class Child extends Process implements Carrier {
    readonly local = true;
    readonly name: string;
    readonly reference: Reference;
    readonly Class: new () => Service;
    readonly restart: RestartType;
    readonly #parent: Process;
    readonly #args: string | undefined;
    readonly #methods: ReturnType<FamilyKit["findMethods"]>;
    #instance: Service | undefined;
    #queue: Mail[] = [];
    #phase: "starting" | "running" | "ended" | "left" = "starting";
    /** Grows with each life: what a former one still does, is heard no more. */
    #life = 0;
    #busy: Mail | undefined;
    #timers = new Set<number>();

    constructor(parent: Process, Class: new () => Service, args: string | undefined, restart: RestartType) {
      super();
      this.#parent = parent;
      this.Class = Class;
      this.#args = args;
      this.restart = restart;
      this.name = `${Class.name === "" ? "process" : Class.name}#${++last}`;
      this.#methods = family.findMethods(Class);
      this.reference = new family.Reference(this, "", this.name, 5_000);
      byCarrier.set(this, this);
    }

    get over(): boolean {
      return this.#phase === "ended" || this.#phase === "left";
    }

    // ── life

    /** Undefined once it runs; else why it does not. */
    async start(): Promise<{ readonly error: unknown } | undefined> {
      const life = ++this.#life;
      this.#phase = "starting";
      try {
        const { footing } = family;
        this.#instance = family.makeInstance(this.Class, {
          ...footing,
          self: this.reference,
          pid: `${footing.pid}#${this.name.slice(this.name.lastIndexOf("#") + 1)}`,
          timers: {
            expect: (repeats, text, ms) => this.#expect(repeats, text, ms),
            clear: (id) => family.timers.clear(id),
          },
          kin: () => this,
        });
        const init = family.findCallback(this.Class, "init");
        const args = this.#args === undefined ? {} : family.decode(this.#args);
        const state = init === undefined ? undefined : await Reflect.apply(init, this.#instance, [args]);
        if (life !== this.#life) return { error: new SoloError("CALL_LOST", "it was stopped while it began") };
        if (state !== undefined) this.#instance.state = state;
      } catch (error) {
        if (life === this.#life) this.finish({ type: "crashed", error });
        return { error };
      }
      this.#phase = "running";
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
      for (const id of this.#timers) family.timers.clear(id);
      this.#timers.clear();
      const busy = this.#busy;
      this.#busy = undefined;
      busy?.reject?.(new CallError("CALL_LOST", `${this.name} did not answer: it ended`, "unknown"));
      for (const mail of this.#queue.splice(0)) {
        mail.reject?.(new CallError("CALL_LOST", `${this.name} did not answer: it ended`, "not_executed"));
      }
      this.stopChildren();
      const terminate = family.findCallback(this.Class, "terminate");
      if (terminate !== undefined && wasRunning && reason.type === "shutdown")
        void this.#terminate(terminate, instance);
      this.tellEnd(reason);
    }

    async #terminate(terminate: Method, instance: unknown): Promise<void> {
      try {
        await Reflect.apply(terminate, instance, ["shutdown"]);
      } catch (error) {
        family.footing.log.error(`${this.name} failed in terminate:`, error);
      }
    }

    /** It is gone for good. */
    leave(): void {
      if (this.#phase === "left") return;
      this.#phase = "left";
      alive--;
      const at = this.#parent.children.indexOf(this);
      if (at >= 0) this.#parent.children.splice(at, 1);
    }

    exit(reason: Reason): void {
      if (this.over) return;
      if (reason.type === "crashed") family.footing.log.error(`${this.name} ended:`, reason.error);
      this.finish(reason);
      this.#parent.childEnded(this, reason);
    }

    // ── mail

    #receive(mail: Mail): void {
      if (this.#phase === "left") {
        mail.reject?.(new CallError("SERVICE_NOT_RUNNING", `${this.name} has ended`, "not_executed"));
        return;
      }
      if (this.#queue.length >= family.mailboxLengthMax) {
        throw new CallError("MAILBOX_FULL", `the mailbox of ${this.name} is full`, "not_executed");
      }
      this.#queue.push(mail);
      this.#wake();
    }

    #wake(): void {
      if (this.#queue.length === 0) return;
      later(() => this.#next());
    }

    #next(): void {
      if (this.#phase !== "running" || this.#busy !== undefined) return;
      const mail = this.#queue.shift();
      if (mail === undefined) return;
      this.#busy = mail;
      void this.#handle(mail, this.#life);
    }

    async #handle(mail: Mail, life: number): Promise<void> {
      const failure = await this.#run(mail);
      // Another life: its callers were told when this one ended.
      if (life !== this.#life) return;
      this.#busy = undefined;
      if (failure === undefined) return this.#wake();
      this.exit({ type: "crashed", error: failure.error });
    }

    /** What ends the process, if something does. */
    async #run(mail: Mail): Promise<{ readonly error: unknown } | undefined> {
      const { method: name, text, slots } = mail;
      try {
        if (name === undefined) {
          const onMessage = family.findCallback(this.Class, "onMessage");
          if (onMessage === undefined) family.footing.log.warn(`${this.name} has no onMessage: a message was dropped`);
          else await Reflect.apply(onMessage, this.#instance, [family.decode(text, slots), this.reference]);
          return undefined;
        }
        const method = this.#methods[name];
        if (method === undefined) {
          mail.reject?.(new CallError("METHOD_NOT_FOUND", `${this.name} has no public method ${name}`, "not_executed"));
          return undefined;
        }
        const result: unknown = await Reflect.apply(method, this.#instance, family.decodeList(text ?? "[]", slots));
        if (mail.resolve === undefined) return undefined;
        const copy = this.#copy(result);
        if (copy.error === undefined) mail.resolve(copy.value);
        else mail.reject?.(copy.error);
        return undefined;
      } catch (error) {
        const { name: kind, message } = family.describeError(error);
        const failed = new CallError("CALL_FAILED", `${this.name} threw ${kind}: ${message}`, "executed");
        failed.cause = error;
        mail.reject?.(failed);
        return family.isA(error, family.Refusal) ? undefined : { error };
      }
    }

    /** What cannot be sent is the caller's news, not the process's end. */
    #copy(result: unknown): { readonly value?: unknown; readonly error?: unknown } {
      try {
        const text = family.encode(result, "the result", true);
        return { value: family.decode(text, family.takeSlots()) };
      } catch (error) {
        return { error };
      }
    }

    // ── as a reference reaches it

    async call(_target: string, _name: string, method: string, args: readonly unknown[], timeoutMs: number) {
      const text = family.encodeList(args, `an argument of ${this.name}.${method}`, true);
      const slots = family.takeSlots();
      return new Promise<unknown>((resolve, reject) => {
        const timer = family.timers.set(
          false,
          () => {
            const executed = this.#drop(mail) ? "not_executed" : "unknown";
            reject(
              new CallError("CALL_TIMEOUT", `${this.name}.${method} did not answer within ${timeoutMs} ms`, executed),
            );
          },
          timeoutMs,
          [],
        );
        const mail: Mail = {
          method,
          text,
          slots,
          resolve: (value) => {
            family.timers.clear(timer);
            resolve(value);
          },
          reject: (error) => {
            family.timers.clear(timer);
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
      const text = family.encodeList(args, `an argument of ${this.name}.${method}`, true);
      this.#receive({ method, text, slots: family.takeSlots() });
    }

    send(_target: string, _name: string, message: unknown): void {
      const text = family.encode(message, `a message to ${this.name}`, true);
      this.#receive({ method: undefined, text, slots: family.takeSlots() });
    }

    tell(message: unknown): void {
      if (!this.over) this.send("", "", message);
    }

    #expect(repeats: boolean, text: string | undefined, ms: unknown): number {
      const id: number = family.timers.set(
        repeats,
        () => {
          if (!repeats) this.#timers.delete(id);
          // A timer that finds the mailbox full is a message lost, not a fault.
          if (this.#queue.length < family.mailboxLengthMax)
            this.#receive({ method: undefined, text, slots: undefined });
        },
        ms,
        [],
      );
      this.#timers.add(id);
      return id;
    }
  }

  function said(error: unknown): string {
    const { name, message } = family.describeError(error);
    return `${name}: ${message}`;
  }

  const root: Process = new Root();
  return { root };
}

function specOf(Class: object): {
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  readonly backoff: { readonly firstMs: number; readonly factor: number; readonly waitMsMax: number };
} {
  const { supervision = {} } = Class as {
    readonly supervision?: { readonly strategy?: Strategy; readonly restartsMax?: number; readonly withinMs?: number };
  };
  const { strategy = "one_for_one", restartsMax = 3, withinMs = 30_000 } = supervision;
  return {
    strategy: strategy === "one_for_all" || strategy === "rest_for_one" ? strategy : "one_for_one",
    intensity: { restartsMax: Math.max(0, Number(restartsMax)), withinMs: Math.max(1, Number(withinMs)) },
    backoff: { firstMs: 0, factor: 1, waitMsMax: 0 },
  };
}
