/** What a Solo service is written against. */
declare module "solo:service" {
  type Plain = unknown;
  // A method of any kind: parameters are checked where a reference is typed by its service.
  type AnyMethod = (...args: never[]) => unknown;

  /** Methods that others may call: not the callbacks, and nothing that starts with `_`. */
  type PublicMethods<S> = {
    [
      K in keyof S as K extends
        | keyof Service
        | `_${string}`
        | "init"
        | "onMessage"
        | "terminate"
        | "codeChange"
        | "fetch"
        ? never
        : S[K] extends AnyMethod
          ? K
          : never
    ]: S[K];
  };
  type Calls<S> = {
    readonly [K in keyof PublicMethods<S>]: PublicMethods<S>[K] extends (...args: infer A) => infer R
      ? (...args: A) => Promise<Awaited<R>>
      : never;
  };
  type Casts<S> = {
    readonly [K in keyof PublicMethods<S>]: PublicMethods<S>[K] extends (...args: infer A) => unknown
      ? (...args: A) => void
      : never;
  };
  // oxlint-disable-next-line typescript/no-explicit-any -- a service of unknown type has any method, and answers anything
  type Anything = any;

  /** A handle on a service of the same tenant, by name. It follows restarts. */
  export interface Reference<S = unknown> {
    readonly name: string;
    /**
     * Calls a method and waits for its result, 5 s if `with` says nothing else. Waits too while the service starts.
     * Rejects with {@link CallError}.
     */
    readonly call: unknown extends S ? Anything : Calls<S>;
    /** Calls a method without waiting. Throws {@link SoloError} `MAILBOX_FULL` when the receiver cannot keep up. */
    readonly cast: unknown extends S ? Anything : Casts<S>;
    /** A message for the service's `onMessage`. */
    send(message: Plain): void;
    with(options: { readonly timeoutMs?: number }): Reference<S>;
  }

  /** Who sent a message: a service (a reference), or a client (a name only). */
  export type Sender =
    | Reference
    | { readonly name: string; readonly call?: never; readonly cast?: never; readonly send?: never };

  export type TimerId = number & { readonly timer: unique symbol };

  export interface Log {
    error(...values: unknown[]): void;
    warn(...values: unknown[]): void;
    info(...values: unknown[]): void;
    debug(...values: unknown[]): void;
  }

  /**
   * A service: `export default class Counter extends Service<{ count: number }> { … }`.
   *
   * Its public methods can be called by clients and other services; names that start with `_` or `#` cannot. One message
   * is handled at a time; a method may be async, and the next message waits for it. Arguments and results are plain data
   * (JSON). An error that leaves a method goes to the caller and ends this life of the service: its supervisor starts it
   * afresh. To say no and live on, throw a {@link Refusal}.
   */
  export abstract class Service<State = unknown> {
    /** Plain data. What `init` returns, if it returns something. */
    state: State;
    readonly env: Readonly<Record<string, string | undefined>>;
    /** This incarnation; messages to it come back to `onMessage`. */
    readonly self: Reference;
    /** `<node.instance.incarnation>` */
    readonly pid: string;
    readonly log: Log;

    /** Called once, before any message. Returns the first state. */
    init?(args: Readonly<Record<string, Plain>>): State | void | Promise<State | void>;
    onMessage?(message: Plain, from: Sender): unknown;
    /** Called before an orderly end; the reason is a sentence. */
    terminate?(reason: string): unknown;

    /** A reference to another service of the tenant. The name is checked, not whether it runs: calls say so. */
    lookup<S = unknown>(name: string): Promise<Reference<S>>;
    send(to: Sender, message: Plain): void;
    /** Sends a message to itself later. */
    after(ms: number, message: Plain): TimerId;
    /** Sends a message to itself again and again. */
    every(ms: number, message: Plain): TimerId;
    cancel(timer: TimerId): void;
  }

  /** A "no" that a method throws on purpose: the caller gets it, and the service goes on. */
  export class Refusal extends Error {}

  /** What Solo itself refuses, e.g. `NOT_SERIALIZABLE`, `MAILBOX_FULL`, `QUOTA_EXCEEDED`. */
  export class SoloError extends Error {
    readonly code: string;
  }

  /** A call that brought no result. `cause` is what the method threw, if it threw. */
  export class CallError extends SoloError {
    /** Whether the method may have run: retry freely only what is `not_executed`. */
    readonly executed: "not_executed" | "unknown" | "executed";
  }
}

interface Console {
  log(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
  debug(...values: unknown[]): void;
  trace(...values: unknown[]): void;
  assert(holds: unknown, ...values: unknown[]): void;
}
declare const console: Console;
declare function setTimeout(work: (...args: never[]) => unknown, ms?: number, ...args: unknown[]): number;
declare function setInterval(work: (...args: never[]) => unknown, ms?: number, ...args: unknown[]): number;
declare function queueMicrotask(work: () => unknown): void;
declare function clearTimeout(id: number | undefined): void;
declare function clearInterval(id: number | undefined): void;
