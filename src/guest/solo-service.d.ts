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

  /** A handle on a service of the same tenant, by name. It follows restarts. It calls any method but `then` and `toJSON`. */
  export interface Reference<S = unknown> {
    readonly name: string;
    /**
     * Calls a method and waits for its result, 5 s if `with` says nothing else. Waits too while the service starts.
     * Rejects with {@link CallError}.
     */
    readonly call: unknown extends S ? Anything : Calls<S>;
    /**
     * Calls a method without waiting. Throws {@link SoloError} `MAILBOX_FULL` when many in a row found the receiver's mailbox full; what a
     * full mailbox refuses now and then is dropped, and counted in the receiver's log.
     */
    readonly cast: unknown extends S ? Anything : Casts<S>;
    /** A message for the service's `onMessage`. Refused as a `cast` is. */
    send(message: Plain): void;
    with(options: { readonly timeoutMs?: number }): Reference<S>;
  }

  /**
   * Who sent a message: a service, or a process within this one (a reference); a client, or a process that has ended since (a
   * name only). To other services all processes of a service are that service.
   */
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
   * is handled at a time; a method may be async, and the next message waits for it. Arguments and results are copied: JSON,
   * Uint8Array, ArrayBuffer, Date, Map, Set, bigint, undefined, Error, and references; anything else is refused with
   * `NOT_SERIALIZABLE` and its place. An error that leaves a method goes to the caller and ends this life of the service: its
   * supervisor starts it afresh. To say no and live on, throw a {@link Refusal}.
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
    /** Answers a request: `solo call <name> fetch '{"url": "http://x/"}'` gives `{status, statusText, headers, body}`. */
    fetch?(request: Request): Response | Promise<Response>;
    /**
     * Called before an orderly end, when the processes within have ended in the same way, the last spawned first; the reason
     * is a sentence. Of a process that is stopped or stops itself: `shutdown` or `normal`.
     */
    terminate?(reason: string): unknown;

    /** A reference to another service of the tenant. The name is checked, not whether it runs: calls say so. */
    lookup<S = unknown>(name: string): Promise<Reference<S>>;
    send(to: Sender, message: Plain): void;
    /** Sends a message to itself later. */
    after(ms: number, message: Plain): TimerId;
    /** Sends a message to itself again and again. */
    every(ms: number, message: Plain): TimerId;
    cancel(timer: TimerId): void;

    /**
     * Starts a process within this service: its own mailbox and state, the same isolate and limits. Resolves once its
     * `init` is done; rejects with what that throws. When it ends abnormally it is started afresh, as its `restart` and this
     * class's `static supervision` say; past the intensity, this process ends too. Its reference follows restarts, and is
     * good only within this service. Throws {@link SoloError} `QUOTA_EXCEEDED` past the service's number of processes.
     */
    spawn<S extends Service<never> | Service>(
      Class: new () => S,
      args?: Readonly<Record<string, Plain>>,
      /** Started afresh whenever it ends by itself (permanent, if not said), only if it crashes (transient), or never (temporary). */
      options?: { readonly restart?: "permanent" | "transient" | "temporary" },
    ): Promise<Reference<S>>;
    /**
     * When that process ends, `onMessage` gets a {@link Down}, once; at once if it has ended, with the reason that it ended for.
     * A watch ends with the life that asked for it: a process that is started afresh asks again.
     */
    monitor(process: Reference): void;
    /** When that process ends abnormally, this one does too, and the other way round. */
    link(process: Reference): void;
    /**
     * Ends a process that this one spawned, for good: `terminate`, then gone. A process within a service may also stop itself,
     * `this.stop(this.self)`: once it has handled what it handles now it ends normally, and is started afresh only if it is
     * `permanent`. The service itself is not stopped so: {@link SoloError} `INVALID_ARGUMENT`.
     */
    stop(process: Reference): void;

    /**
     * A new release takes over the old one's state: what this returns is the new state. Not called yet: today each release
     * begins with `init`.
     */
    codeChange?(fromRelease: string, oldState: Plain): State | Promise<State>;
  }

  /** How a class supervises what it spawns: `static supervision: Supervision = { strategy: "one_for_all" }`. */
  export interface Supervision {
    readonly strategy?: "one_for_one" | "one_for_all" | "rest_for_one";
    /** More restarts than this within `withinMs` end the supervising process; 3 within 30,000 if not said. */
    readonly restartsMax?: number;
    readonly withinMs?: number;
  }

  /** What `monitor` brings. `normal`: it stopped itself; `shutdown`: it was stopped. */
  export interface Down {
    readonly type: "down";
    readonly process: string;
    readonly reason: { readonly type: "normal" | "shutdown" } | { readonly type: "crashed"; readonly error: Error };
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

/** What `export default { fetch }` is given beside the request. */
interface ExecutionContext {
  waitUntil(work: PromiseLike<unknown>): void;
}

interface Console {
  log(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
  debug(...values: unknown[]): void;
  trace(...values: unknown[]): void;
  assert(holds: unknown, ...values: unknown[]): void;
  table(rows: unknown): void;
  dir(value: unknown): void;
  group(...values: unknown[]): void;
  groupCollapsed(...values: unknown[]): void;
  groupEnd(): void;
  count(label?: string): void;
  countReset(label?: string): void;
  time(label?: string): void;
  timeLog(label?: string, ...values: unknown[]): void;
  timeEnd(label?: string): void;
}
declare const console: Console;
declare function setTimeout(work: (...args: never[]) => unknown, ms?: number, ...args: unknown[]): number;
declare function setInterval(work: (...args: never[]) => unknown, ms?: number, ...args: unknown[]): number;
declare function queueMicrotask(work: () => unknown): void;
declare function clearTimeout(id: number | undefined): void;
declare function clearInterval(id: number | undefined): void;

declare function structuredClone<T>(value: T): T;
declare function atob(data: string): string;
declare function btoa(data: string): string;
declare const performance: { readonly timeOrigin: number; now(): number };
/** Rejects with `CAPABILITY_REQUIRED`: a service has no network unless it was granted one. */
declare function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;

declare class TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, into: Uint8Array): { readonly read: number; readonly written: number };
}
/** UTF-8, UTF-16 and the legacy encodings of single bytes; those of several bytes throw RangeError. */
declare class TextDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(bytes?: ArrayBuffer | ArrayBufferView, options?: { readonly stream?: boolean }): string;
}
/** Names and values, in order. */
interface Pairs<V> extends Iterable<[string, V]> {
  entries(): IterableIterator<[string, V]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<V>;
  forEach(work: (value: V, name: string) => void): void;
}
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-unsafe-declaration-merging -- Pairs is no global
interface URLSearchParams extends Pairs<string> {}
declare class URLSearchParams {
  constructor(init?: string | Iterable<readonly [string, string]> | Readonly<Record<string, string>>);
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  readonly size: number;
  [Symbol.iterator](): IterableIterator<[string, string]>;
  toString(): string;
}
declare class URL {
  constructor(url: string | URL, base?: string | URL);
  static parse(url: string, base?: string): URL | null;
  static canParse(url: string, base?: string): boolean;
  href: string;
  readonly origin: string;
  protocol: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  hash: string;
  username: string;
  password: string;
  readonly searchParams: URLSearchParams;
  toString(): string;
  toJSON(): string;
}
declare class Event {
  constructor(type: string, options?: { readonly cancelable?: boolean; readonly bubbles?: boolean });
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly target: EventTarget | null;
  readonly currentTarget: EventTarget | null;
  readonly timeStamp: number;
  readonly defaultPrevented: boolean;
  preventDefault(): void;
  stopPropagation(): void;
  stopImmediatePropagation(): void;
  composedPath(): EventTarget[];
}
declare class CustomEvent<T = unknown> extends Event {
  constructor(type: string, options?: { readonly detail?: T });
  readonly detail: T;
}
declare class EventTarget {
  addEventListener(
    type: string,
    work: (event: Event) => unknown,
    options?: { readonly once?: boolean; readonly signal?: AbortSignal },
  ): void;
  removeEventListener(type: string, work: (event: Event) => unknown): void;
  dispatchEvent(event: Event): boolean;
}
declare class AbortSignal extends EventTarget {
  readonly aborted: boolean;
  readonly reason: unknown;
  onabort: ((event: Event) => unknown) | null;
  throwIfAborted(): void;
  static abort(reason?: unknown): AbortSignal;
  static timeout(ms: number): AbortSignal;
  static any(signals: Iterable<AbortSignal>): AbortSignal;
}
declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}
declare class DOMException extends Error {
  constructor(message?: string, name?: string);
  readonly code: number;
}
declare class Blob {
  constructor(parts?: Iterable<unknown>, options?: { readonly type?: string });
  readonly size: number;
  readonly type: string;
  slice(from?: number, to?: number, type?: string): Blob;
  text(): Promise<string>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  arrayBuffer(): Promise<ArrayBuffer>;
  stream(): ReadableStream;
}
declare class File extends Blob {
  constructor(
    parts: Iterable<unknown>,
    name: string,
    options?: { readonly type?: string; readonly lastModified?: number },
  );
  readonly name: string;
  readonly lastModified: number;
}
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-unsafe-declaration-merging -- Pairs is no global
interface FormData extends Pairs<string | File> {}
declare class FormData {
  append(name: string, value: string | Blob, fileName?: string): void;
  delete(name: string): void;
  get(name: string): string | File | null;
  getAll(name: string): (string | File)[];
  has(name: string): boolean;
  set(name: string, value: string | Blob, fileName?: string): void;
  [Symbol.iterator](): IterableIterator<[string, string | File]>;
}
type BodyInit = ReadableStream | Blob | BufferSource | FormData | URLSearchParams | string;
type RequestInfo = string | Request;
type HeadersInit = Headers | Iterable<readonly [string, string]> | Readonly<Record<string, string>>;
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-unsafe-declaration-merging -- Pairs is no global
interface Headers extends Pairs<string> {}
declare class Headers {
  constructor(init?: HeadersInit);
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  getSetCookie(): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}
interface RequestInit {
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly redirect?: "follow" | "error" | "manual";
  readonly credentials?: "same-origin" | "omit" | "include";
  readonly cache?: string;
  readonly mode?: string;
}
interface Body {
  readonly body: ReadableStream | null;
  readonly bodyUsed: boolean;
  text(): Promise<string>;
  json(): Promise<unknown>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  arrayBuffer(): Promise<ArrayBuffer>;
  blob(): Promise<Blob>;
  formData(): Promise<FormData>;
}
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-unsafe-declaration-merging -- Body is no global
interface Request extends Body {}
declare class Request {
  constructor(input: string | URL | Request, init?: RequestInit);
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
  readonly redirect: string;
  readonly credentials: string;
  readonly cache: string;
  readonly mode: string;
  clone(): Request;
}
interface ResponseInit {
  readonly status?: number;
  readonly statusText?: string;
  readonly headers?: HeadersInit;
}
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-unsafe-declaration-merging -- Body is no global
interface Response extends Body {}
declare class Response {
  constructor(body?: unknown, init?: ResponseInit);
  readonly status: number;
  readonly statusText: string;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly type: string;
  readonly url: string;
  readonly redirected: boolean;
  clone(): Response;
  static error(): Response;
  static json(data: unknown, init?: ResponseInit): Response;
  static redirect(url: string, status?: number): Response;
}
/** There is none, and none can be made: but types of packages name it. */
type WebSocket = never;
declare const WebSocket: abstract new (url: string | URL, protocols?: string | string[]) => WebSocket;
interface Strategy {
  readonly highWaterMark?: number;
  readonly size?: (chunk: never) => number;
}
declare class ByteLengthQueuingStrategy {
  constructor(about: { readonly highWaterMark: number });
  readonly highWaterMark: number;
  readonly size: (chunk: ArrayBufferView) => number;
}
declare class CountQueuingStrategy {
  constructor(about: { readonly highWaterMark: number });
  readonly highWaterMark: number;
  readonly size: () => number;
}
declare class ReadableStream<T = unknown> {
  constructor(source?: object, strategy?: Strategy);
  static from<U>(items: Iterable<U | PromiseLike<U>> | AsyncIterable<U>): ReadableStream<U>;
  readonly locked: boolean;
  cancel(reason?: unknown): Promise<void>;
  getReader(): ReadableStreamDefaultReader<T>;
  getReader(options: { readonly mode: "byob" }): ReadableStreamBYOBReader;
  pipeThrough<U>(through: {
    readonly readable: ReadableStream<U>;
    readonly writable: WritableStream;
  }): ReadableStream<U>;
  pipeTo(
    to: WritableStream,
    options?: { readonly signal?: AbortSignal; readonly preventClose?: boolean },
  ): Promise<void>;
  tee(): [ReadableStream<T>, ReadableStream<T>];
  values(options?: { readonly preventCancel?: boolean }): AsyncIterableIterator<T>;
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
}
interface StreamReader {
  readonly closed: Promise<void>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
}
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-unsafe-declaration-merging -- StreamReader is no global
interface ReadableStreamDefaultReader<T = unknown> extends StreamReader {}
declare class ReadableStreamDefaultReader<T = unknown> {
  constructor(stream: ReadableStream<T>);
  read(): Promise<{ readonly done: boolean; readonly value: T }>;
}
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-unsafe-declaration-merging -- StreamReader is no global
interface ReadableStreamBYOBReader extends StreamReader {}
declare class ReadableStreamBYOBReader {
  constructor(stream: ReadableStream);
  read<V extends ArrayBufferView>(into: V): Promise<{ readonly done: boolean; readonly value: V | undefined }>;
}
declare class WritableStream {
  constructor(sink?: object, strategy?: Strategy);
  readonly locked: boolean;
  abort(reason?: unknown): Promise<void>;
  close(): Promise<void>;
  getWriter(): WritableStreamDefaultWriter;
}
declare class WritableStreamDefaultWriter {
  constructor(stream: WritableStream);
  readonly closed: Promise<void>;
  readonly ready: Promise<void>;
  readonly desiredSize: number | null;
  abort(reason?: unknown): Promise<void>;
  close(): Promise<void>;
  write(chunk?: unknown): Promise<void>;
  releaseLock(): void;
}
declare class TransformStream<O = unknown> {
  constructor(transformer?: object, writable?: Strategy, readable?: Strategy);
  readonly readable: ReadableStream<O>;
  readonly writable: WritableStream;
}
declare class TextEncoderStream extends TransformStream<Uint8Array> {
  constructor();
  readonly encoding: string;
}
declare class TextDecoderStream extends TransformStream<string> {
  constructor(label?: string, options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
}
declare class CryptoKey {
  readonly type: "secret" | "private" | "public";
  readonly extractable: boolean;
  readonly algorithm: object;
  readonly usages: readonly string[];
}
type BufferSource = ArrayBuffer | ArrayBufferView;
type AlgorithmIdentifier = string | { readonly name: string; readonly [parameter: string]: unknown };
/** `crypto` itself; nobody makes another. */
interface Crypto {
  randomUUID(): string;
  getRandomValues<T extends ArrayBufferView>(into: T): T;
  readonly subtle: SubtleCrypto;
}
declare const crypto: Crypto;
/** SHA-1/256/384/512, HMAC, AES-GCM, HKDF, ECDSA (P-256, P-384, P-521), Ed25519. */
interface SubtleCrypto {
  digest(algorithm: AlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer>;
  sign(algorithm: AlgorithmIdentifier, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  verify(algorithm: AlgorithmIdentifier, key: CryptoKey, signature: BufferSource, data: BufferSource): Promise<boolean>;
  encrypt(algorithm: AlgorithmIdentifier, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  decrypt(algorithm: AlgorithmIdentifier, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  // oxlint-disable-next-line typescript/no-explicit-any -- a key or a pair of them, by the algorithm
  generateKey(algorithm: AlgorithmIdentifier, extractable: boolean, usages: readonly string[]): Promise<any>;
  importKey(
    format: string,
    data: unknown,
    algorithm: AlgorithmIdentifier,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<CryptoKey>;
  // oxlint-disable-next-line typescript/no-explicit-any -- a buffer or a JSON web key, by the format
  exportKey(format: string, key: CryptoKey): Promise<any>;
  deriveBits(algorithm: AlgorithmIdentifier, key: CryptoKey, length: number): Promise<ArrayBuffer>;
  deriveKey(
    algorithm: AlgorithmIdentifier,
    key: CryptoKey,
    derived: AlgorithmIdentifier,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<CryptoKey>;
}
