/** Names that other parts bring, as parts use them of one another: each is looked up when it is used. */
export interface Stream {
  readonly locked: boolean;
  getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: unknown }> };
  tee(): [Stream, Stream];
}

interface Platform {
  readonly TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> };
  readonly TextDecoder: new (
    label?: string,
    options?: object,
  ) => {
    readonly encoding: string;
    readonly fatal: boolean;
    readonly ignoreBOM: boolean;
    decode(bytes?: Uint8Array, options?: { readonly stream?: boolean }): string;
  };
  readonly ReadableStream: new (source: object) => Stream;
  readonly URL: new (
    url: string,
    base?: string,
  ) => {
    readonly href: string;
    readonly username: string;
    readonly password: string;
  };
  readonly URLSearchParams: new (init?: string) => Iterable<[string, string]>;
  readonly setTimeout: (work: () => void, ms: number) => number;
  readonly console: { error(...values: unknown[]): void };
  readonly AbortController: new () => { readonly signal: Signal };
  readonly AbortSignal: { any(signals: readonly Signal[]): Signal; readonly prototype: object };
}

export interface Signal {
  readonly aborted: boolean;
}

export const platform = globalThis as unknown as Platform;

export const bytesOfText = (text: string): Uint8Array<ArrayBuffer> => new platform.TextEncoder().encode(text);
export const textOfBytes = (bytes: Uint8Array): string => new platform.TextDecoder().decode(bytes);

/** Text as the platform takes it: half characters are replaced. Throws TypeError for a symbol, which is no text. */
export function textFrom(value: unknown): string {
  if (typeof value === "symbol") throw new TypeError("a symbol is no text");
  return String(value).toWellFormed();
}

/** A copy of what a buffer or a view of one holds; undefined: it is none. */
export function copyBytes(data: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (ArrayBuffer.isView(data)) return Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  if (Object.prototype.toString.call(data) === "[object ArrayBuffer]") {
    return new Uint8Array((data as ArrayBuffer).slice(0));
  }
  return undefined;
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const streamOf = (bytes: Uint8Array): Stream =>
  new platform.ReadableStream({
    type: "bytes",
    start(controller: { enqueue(chunk: Uint8Array): void; close(): void }) {
      if (bytes.length > 0) controller.enqueue(Uint8Array.from(bytes));
      controller.close();
    },
  });

/** What a part brings, with its classes and functions called as they are known, however the bundler called them. */
export function withNames<T extends object>(brought: T): T {
  for (const [name, value] of Object.entries(brought)) {
    if (typeof value !== "function") continue;
    Object.defineProperty(value, "name", { value: name, configurable: true });
    const prototype: unknown = (value as { readonly prototype?: unknown }).prototype;
    // Errors are told by the tag that they have from the language.
    if (typeof prototype !== "object" || prototype === null || prototype instanceof Error) continue;
    if (Object.hasOwn(prototype, Symbol.toStringTag)) continue;
    Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
  }
  return brought;
}
