/** `Service`: the class that authors extend, and `Refusal`: how a method says no. */
import { encode } from "./codec.ts";
import { SoloError } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Reference, References } from "./reference.ts";
import type { Timers } from "./timers.ts";

/** What an instance of a service stands on. One per process (mailbox and state) in this isolate. */
export interface Footing {
  readonly env: Readonly<Record<string, string>>;
  readonly self: Reference;
  readonly pid: string;
  readonly log: Log;
  readonly timers: Pick<Timers, "expect" | "clear">;
  readonly references: Pick<References, "provide">;
  /** Spawning, linking and watching, as this process. */
  readonly kin: () => Kin;
}

/** What a process may do with the processes of its service. */
export interface Kin {
  spawn(Class: unknown, args: unknown, options: unknown): Promise<Reference>;
  monitor(process: unknown): void;
  link(process: unknown): void;
  stop(process: unknown): void;
}

let footing: Footing | undefined;

/** Makes the one instance that may be made now. Throws what the author's constructor throws. */
export function makeInstance(Class: new () => Service, on: Footing): Service {
  footing = on;
  try {
    return new Class();
  } finally {
    footing = undefined;
  }
}

/** A "no" that a method throws on purpose: its caller gets it as the error, and the service goes on. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
}

export class Service {
  state: unknown = undefined;
  readonly #on: Footing;

  constructor() {
    if (footing === undefined) {
      throw new SoloError("INVALID_ARGUMENT", "services are made by Solo: export the class, do not call new");
    }
    this.#on = footing;
    footing = undefined;
  }

  get env(): Readonly<Record<string, string>> {
    return this.#on.env;
  }

  get self(): Reference {
    return this.#on.self;
  }

  get pid(): string {
    return this.#on.pid;
  }

  get log(): Log {
    return this.#on.log;
  }

  async lookup(name: unknown): Promise<Reference> {
    return this.#on.references.provide(name);
  }

  send(to: { readonly send?: unknown } | null | undefined, message: unknown): void {
    if (typeof to?.send !== "function") {
      throw new SoloError(
        "INVALID_ARGUMENT",
        "send needs a reference: lookup(name), this.self, or a service that sent",
      );
    }
    (to as Reference).send(message);
  }

  after(ms: number, message: unknown): number {
    return this.#on.timers.expect(false, encode(message, "the message"), ms);
  }

  every(ms: number, message: unknown): number {
    return this.#on.timers.expect(true, encode(message, "the message"), ms);
  }

  async spawn(Class: unknown, args?: unknown, options?: unknown): Promise<Reference> {
    return this.#on.kin().spawn(Class, args ?? {}, options ?? {});
  }

  monitor(process: unknown): void {
    this.#on.kin().monitor(process);
  }

  link(process: unknown): void {
    this.#on.kin().link(process);
  }

  stop(process: unknown): void {
    this.#on.kin().stop(process);
  }

  cancel(timer: number): void {
    this.#on.timers.clear(timer);
  }
}
