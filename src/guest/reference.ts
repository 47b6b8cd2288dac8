/**
 * References: a guest's handle on a service of its tenant, by name; it follows restarts. `call` waits for a result, `cast`
 * and `send` do not. A reference is made once per name and kept.
 */
import { limits } from "../base/index.ts";
import { fromGuest } from "../wire/index.ts";
import { decode, encode, encodeList, sign, takeSlots } from "./codec.ts";
import { CallError, hide, SoloError } from "./errors.ts";
import type { Outbox } from "./outbox.ts";
import { Handle } from "./handle.ts";
import { codeAt, cut, isArray, makeList, makeTable, numberOf, parseJson, writeJson } from "./primordials.ts";

interface Waiter {
  readonly name: string;
  readonly method: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Caller = (...args: readonly unknown[]) => Promise<unknown>;
type Caster = (...args: readonly unknown[]) => void;

/** Method functions kept per reference; beyond, they are made anew for each use. */
const methodsKeptMax = 256;
const { toStringTag } = Symbol;
const numberSign = 35;

/** A process within the service, as one that holds references and calls by them. */
export interface Holder {
  /** Number of the service's mail whose handler waits for what this process does; 0: none does. */
  readonly cause: number;
  /** Its number among the processes of the service; 0: the service itself. */
  readonly number: number;
  /** To itself. */
  readonly reference: Reference;
  /** The same reference, in its hands. */
  hold(reference: Reference): Reference;
}

/** Who carries what is sent by a reference. */
export interface Carrier {
  /** Within this service: the reference means nothing outside of it. */
  readonly local: boolean;
  /** `holder`: whose call it is; undefined: the service's own. */
  call(
    target: string,
    name: string,
    method: string,
    args: readonly unknown[],
    timeoutMs: number,
    holder: Holder | undefined,
  ): Promise<unknown>;
  cast(target: string, name: string, method: string, args: readonly unknown[]): void;
  /** `holder`: whose message it is; undefined: the service's own. */
  send(target: string, name: string, message: unknown, holder: Holder | undefined): void;
}

export class References implements Carrier {
  readonly local = false;
  readonly #outbox: Outbox;
  readonly #cause: () => number;
  readonly #byName = makeTable<Reference>();
  /** Given by others: they mean one incarnation. */
  readonly #byNumber = makeTable<Reference>();
  self: Reference | undefined;
  #count = 0;
  readonly #waiters = makeTable<Waiter>();
  #lastCall = 0;
  #waiting = 0;

  /** `cause`: number of the mail whose handler makes the service's own calls; 0: none does. */
  constructor(outbox: Outbox, cause: () => number) {
    this.#outbox = outbox;
    this.#cause = cause;
  }

  /** The reference to a service. Throws if `name` cannot be one. */
  provide(name: unknown): Reference {
    if (typeof name !== "string" || !isServiceName(name)) {
      throw new SoloError("INVALID_ARGUMENT", "a service's name is 1 to 128 of a-z A-Z 0-9 _ -");
    }
    const known = this.#byName[name];
    if (known !== undefined) return known;
    if (this.#count >= limits.referencesMax) {
      throw new SoloError("QUOTA_EXCEEDED", `references: limit ${limits.referencesMax}`);
    }
    this.#count++;
    const reference = new Reference(this, name, name, limits.callTimeoutMsDefault);
    this.#byName[name] = reference;
    return reference;
  }

  /** The references that came with a message. Its text is the cell's. */
  receive(slots: string | undefined): readonly Handle[] | undefined {
    if (slots === undefined) return undefined;
    const given = parseJson(slots);
    const held = makeList<Handle>();
    if (!isArray(given)) return held;
    for (let i = 0; i < given.length; i++) {
      const [name, number] = given[i] as readonly [string, number?];
      held[i] = number === undefined ? this.provide(name) : this.#provideGiven(number, name);
    }
    return held;
  }

  #provideGiven(number: number, name: string): Reference {
    if (number === 0 && this.self !== undefined) return this.self;
    const known = this.#byNumber[number];
    if (known !== undefined) return known;
    const reference = new Reference(this, `#${number}`, name, limits.callTimeoutMsDefault);
    this.#byNumber[number] = reference;
    return reference;
  }

  /** The slots of what was encoded just now, for the cell. */
  sendSlots(): string | undefined {
    const slots = takeSlots();
    if (slots === undefined) return undefined;
    const list = makeList<string | number>();
    for (let i = 0; i < slots.length; i++) list[i] = (slots[i] as Reference).slot;
    return writeJson(list);
  }

  async call(
    target: string,
    name: string,
    method: string,
    args: readonly unknown[],
    timeoutMs: number,
    holder: Holder | undefined,
  ): Promise<unknown> {
    const text = encodeList(args, `an argument of ${name}.${method}`, true);
    const slots = this.sendSlots();
    if (this.#waiting >= limits.callsInFlightMax) {
      throw new CallError("OVERLOADED", `${limits.callsInFlightMax} calls are under way`, "not_executed");
    }
    const call = ++this.#lastCall;
    const cause = holder === undefined ? this.#cause() : holder.cause;
    if (this.#outbox.inline) {
      this.#outbox.flushMail();
      const result = this.#outbox.callNow(call, cause, target, method, text, timeoutMs, slots);
      if (result !== false) return result === null ? undefined : decode(result);
    } else {
      this.#outbox.addSlots(slots);
      this.#outbox.add6(fromGuest.call, call, cause, target, method, text, timeoutMs);
    }
    this.#waiting++;
    return new Promise((resolve, reject) => {
      this.#waiters[call] = { name, method, resolve, reject };
    });
  }

  /** A call's answer has come. */
  answer(call: number, result: string | undefined, failure: string | undefined, slots: string | undefined): void {
    const waiter = this.#waiters[call];
    if (waiter === undefined) return;
    delete this.#waiters[call];
    this.#waiting--;
    if (failure !== undefined) return waiter.reject(makeCallError(failure, waiter.name, waiter.method));
    try {
      waiter.resolve(decode(result, this.receive(slots), `the result of ${waiter.name}.${waiter.method}`));
    } catch (error) {
      waiter.reject(error);
    }
  }

  cast(target: string, name: string, method: string, args: readonly unknown[]): void {
    const text = encodeList(args, `an argument of ${name}.${method}`, true);
    this.#outbox.addSlots(this.sendSlots());
    refuseIf(this.#outbox.add3(fromGuest.cast, target, method, text));
  }

  send(target: string, name: string, message: unknown, holder: Holder | undefined): void {
    const what = `a message to ${name}`;
    const text = encode(message, what, true) ?? "null";
    const slots = this.sendSlots();
    // To others the processes of a service are the service. It alone can tell them apart.
    const said = target === "" && holder !== undefined ? sign(holder.number, text, what) : text;
    this.#outbox.addSlots(slots);
    refuseIf(this.#outbox.add2(fromGuest.send, target, said));
  }
}

function refuseIf(refused: number): void {
  if (refused > 0) {
    throw new SoloError(
      "MAILBOX_FULL",
      `a receiver's mailbox is full: ${refused} of the latest messages were not delivered`,
    );
  }
}

export function makeCallError(failure: string, name: string, method: string): CallError {
  const { code, message, executed, error } = parseJson(failure) as {
    readonly code: string;
    readonly message: string;
    readonly executed: string;
    readonly error?: { readonly name: string; readonly message: string; readonly stack: string };
  };
  const made = new CallError(code, sayFailure(code, message, name, method), executed);
  if (error !== undefined) {
    const cause = new Error(error.message);
    hide(cause, "name", error.name);
    hide(cause, "stack", error.stack);
    hide(made, "cause", cause);
  }
  return made;
}

/** `message` is what the sentence of that code leaves open, or, of the others, a sentence. */
function sayFailure(code: string, message: string, name: string, method: string): string {
  const what = `${name}.${method}`;
  switch (code) {
    case "METHOD_NOT_FOUND":
      return `service ${name} has no public method ${method}`;
    case "CALL_FAILED":
      return `${what} threw ${message}`;
    case "CALL_TIMEOUT":
      return `${what} did not answer within ${message} ms`;
    case "CALL_LOST":
      return `${what} did not answer: ${message}`;
    case "CALL_CYCLE":
      return `the call to ${what} would wait for itself: ${message}`;
    case "CALL_TOO_DEEP":
      return `the chain of calls to ${what} is deeper than ${message}`;
    case "MAILBOX_FULL":
      return `the mailbox of ${name} holds ${message}`;
    case "SERVICE_NOT_FOUND":
      return `there is no service ${name}`;
    case "SERVICE_NOT_RUNNING":
      return `service ${name} is not running: ${message}`;
    default:
      return `${what}: ${message}`;
  }
}

export class Reference extends Handle {
  readonly name: string;
  readonly #owner: Carrier;
  readonly #target: string;
  readonly #timeoutMs: number;
  readonly #holder: Holder | undefined;
  readonly #origin: Reference;
  #callers: object | undefined;
  #casters: object | undefined;

  /** `target` is empty for the incarnation itself, `#` and a number for one that was given. */
  constructor(
    owner: Carrier,
    target: string,
    name: string,
    timeoutMs: number,
    held?: { readonly by: Holder; readonly origin: Reference },
  ) {
    super();
    this.#owner = owner;
    this.#target = target;
    this.name = name;
    this.#timeoutMs = timeoutMs;
    this.#holder = held?.by;
    this.#origin = held?.origin ?? this;
  }

  /** The same in the hands of the service itself. */
  get origin(): Reference {
    return this.#origin;
  }

  heldBy(by: Holder): Reference {
    const { origin } = this;
    return new Reference(this.#owner, this.#target, this.name, this.#timeoutMs, { by, origin });
  }

  get carrier(): Carrier {
    return this.#owner;
  }

  /** What stands for it in the slots of a message; 0: the incarnation itself. */
  get slot(): string | number {
    if (this.#owner.local) {
      throw new SoloError("NOT_SERIALIZABLE", "a process within a service cannot be reached from outside of it");
    }
    if (this.#target === "") return 0;
    return codeAt(this.#target, 0) === numberSign ? numberOf(cut(this.#target, 1)) : this.#target;
  }

  get call(): object {
    this.#callers ??= makeMethods<Caller>(
      (method) =>
        (...args) =>
          this.#owner.call(this.#target, this.name, method, args, this.#timeoutMs, this.#holder),
    );
    return this.#callers;
  }

  get cast(): object {
    this.#casters ??= makeMethods<Caster>(
      (method) =>
        (...args) =>
          this.#owner.cast(this.#target, this.name, method, args),
    );
    return this.#casters;
  }

  send(message: unknown): void {
    this.#owner.send(this.#target, this.name, message, this.#holder);
  }

  /** The same service, called with other options. */
  with(options: { readonly timeoutMs?: number }): Reference {
    const timeoutMs = numberOf(options.timeoutMs ?? this.#timeoutMs);
    if (!(timeoutMs >= 1 && timeoutMs <= limits.callTimeoutMsMax)) {
      throw new SoloError("INVALID_ARGUMENT", `timeoutMs must be from 1 to ${limits.callTimeoutMsMax}`);
    }
    const made = new Reference(this.#owner, this.#target, this.name, timeoutMs);
    return this.#holder === undefined ? made : this.#holder.hold(made);
  }

  override toString(): string {
    return `[reference ${this.name}]`;
  }
}

/** An object on which every name is a method. It can be awaited or sent by mistake: it is no thenable, and cannot be sent. */
function makeMethods<F>(make: (method: string) => F): object {
  const made = makeTable<F>();
  let count = 0;
  const traps = makeTable<unknown>();
  traps["get"] = (_target: object, name: string | symbol): F | "Methods" | undefined => {
    if (name === toStringTag) return "Methods";
    if (typeof name !== "string" || name === "then" || name === "toJSON") return undefined;
    const known = made[name];
    if (known !== undefined) return known;
    if (name.length > limits.methodNameLengthMax) {
      throw new SoloError("INVALID_ARGUMENT", `a method's name has at most ${limits.methodNameLengthMax} characters`);
    }
    const method = make(name);
    if (count < methodsKeptMax) {
      made[name] = method;
      count++;
    }
    return method;
  };
  traps["set"] = (): boolean => false;
  return new Proxy(makeTable<unknown>(), traps);
}

function isServiceName(name: string): boolean {
  if (name.length === 0 || name.length > 128) return false;
  for (let i = 0; i < name.length; i++) {
    const code = codeAt(name, i);
    const fits =
      (code >= 48 && code <= 57) ||
      (code >= 65 && code <= 90) ||
      (code >= 97 && code <= 122) ||
      code === 95 ||
      code === 45;
    if (!fits) return false;
  }
  return true;
}
