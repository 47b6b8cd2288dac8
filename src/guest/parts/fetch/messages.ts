/** Request and Response: headers, and a body that is read once. */
import { Blob } from "./blob.ts";
import { FormData, readForm, writeMultipart } from "./form-data.ts";
import { Headers, type HeadersInit } from "./headers.ts";
import { bytesOfText, copyBytes, joinBytes, platform, type Signal, type Stream, textOfBytes } from "../platform.ts";

interface Content {
  readonly type: string | undefined;
  readonly bytes: () => Promise<Uint8Array<ArrayBuffer>>;
}

function contentOf(body: unknown): Content {
  const now = (bytes: Uint8Array<ArrayBuffer>, type?: string): Content => ({ type, bytes: async () => bytes });
  const copied = copyBytes(body);
  if (copied !== undefined) return now(copied);
  if (body instanceof Blob) {
    return { type: body.type === "" ? undefined : body.type, bytes: async () => Uint8Array.from(await body.bytes()) };
  }
  if (body instanceof FormData) {
    const boundary = `----solo${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`;
    return {
      type: `multipart/form-data; boundary=${boundary}`,
      bytes: () => writeMultipart(body, boundary),
    };
  }
  if (isStream(body)) return { type: undefined, bytes: () => drain(body) };
  const isForm = Object.prototype.toString.call(body) === "[object URLSearchParams]";
  const type = isForm ? "application/x-www-form-urlencoded;charset=UTF-8" : "text/plain;charset=UTF-8";
  return now(bytesOfText(String(body)), type);
}

const isStream = (body: unknown): body is Stream =>
  typeof body === "object" && body !== null && typeof (body as { getReader?: unknown }).getReader === "function";

async function drain(stream: Stream): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joinBytes(parts);
    parts.push(copyBytes(value) ?? bytesOfText(String(value)));
  }
}

class Body {
  readonly headers: Headers;
  #content: Content | undefined;
  #stream: Stream | undefined;
  #used = false;

  constructor(headers: HeadersInit | null | undefined, body: unknown) {
    this.headers = new Headers(headers);
    if (body === undefined || body === null) return;
    if (body instanceof Body) {
      this.#content = body.#content;
      this.#stream = body.#stream;
      if (body.#content !== undefined) body.#use();
      return;
    }
    this.#content = contentOf(body);
    if (isStream(body)) this.#stream = body;
    const { type } = this.#content;
    if (type !== undefined && !this.headers.has("content-type")) this.headers.set("content-type", type);
  }

  get bodyUsed(): boolean {
    return this.#used;
  }

  get body(): Stream | null {
    const content = this.#content;
    if (content === undefined) return null;
    this.#stream ??= laterStream(async () => {
      this.#used = true;
      return content.bytes();
    });
    return this.#stream;
  }

  #use(): void {
    if (this.#used || this.#stream?.locked === true) throw new TypeError("the body was already read");
    this.#used = true;
  }

  async #take(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#content === undefined) return new Uint8Array(0);
    this.#use();
    return this.#content.bytes();
  }

  /** A second one to read, for `clone`. */
  protected share(): Stream | (() => Promise<Uint8Array<ArrayBuffer>>) | undefined {
    if (this.#content === undefined) return undefined;
    if (this.#used) throw new TypeError("the body was already read");
    if (this.#stream === undefined) {
      const reading = this.#content.bytes();
      this.#content = { type: this.#content.type, bytes: () => reading };
      return () => reading;
    }
    const [mine, other] = this.#stream.tee();
    this.#stream = mine;
    this.#content = { type: this.#content.type, bytes: () => drain(mine) };
    return other;
  }

  async bytes(): Promise<Uint8Array> {
    return this.#take();
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.#take()).buffer;
  }
  async text(): Promise<string> {
    return textOfBytes(await this.#take());
  }
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
  async blob(): Promise<Blob> {
    return new Blob([await this.#take()], { type: this.headers.get("content-type") ?? "" });
  }
  async formData(): Promise<FormData> {
    return readForm(await this.#take(), this.headers.get("content-type") ?? "", textOfBytes);
  }
}

const laterStream = (read: () => Promise<Uint8Array>): Stream =>
  new platform.ReadableStream({
    async pull(controller: { enqueue(chunk: Uint8Array): void; close(): void }) {
      const bytes = await read();
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });

/** The body that `clone` passes on: bytes that may be read later, or a stream. */
function sharedBody(shared: Stream | (() => Promise<Uint8Array>) | undefined): unknown {
  return typeof shared === "function" ? laterStream(shared) : shared;
}

interface RequestInit {
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: unknown;
  readonly signal?: Signal | null;
  readonly redirect?: string;
  readonly credentials?: string;
  readonly cache?: string;
  readonly mode?: string;
}

const known = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

export class Request extends Body {
  readonly method: string;
  readonly url: string;
  readonly redirect: string;
  readonly credentials: string;
  readonly cache: string;
  readonly mode: string;
  readonly #signal: Signal | undefined;
  #made: Signal | undefined;

  constructor(input: unknown, init: RequestInit = {}) {
    const from = input instanceof Request ? input : undefined;
    const method = methodOf(init.method ?? from?.method ?? "GET");
    const body = init.body ?? from;
    if ((method === "GET" || method === "HEAD") && init.body !== undefined && init.body !== null) {
      throw new TypeError(`a ${method} request has no body`);
    }
    super(init.headers ?? from?.headers, body);
    this.method = method;
    this.url = from?.url ?? new platform.URL(String(input)).href;
    this.redirect = init.redirect ?? from?.redirect ?? "follow";
    this.credentials = init.credentials ?? from?.credentials ?? "same-origin";
    this.cache = init.cache ?? from?.cache ?? "default";
    this.mode = init.mode ?? from?.mode ?? "cors";
    this.#signal = init.signal ?? (from === undefined ? undefined : from.#signal);
  }

  get signal(): Signal {
    this.#made ??= this.#signal ?? new platform.AbortController().signal;
    return this.#made;
  }

  clone(): Request {
    const body = sharedBody(this.share());
    const { url, method, headers, redirect, credentials, cache, mode, signal } = this;
    return new Request(url, { method, headers, redirect, credentials, cache, mode, signal, body });
  }
  get [Symbol.toStringTag](): string {
    return "Request";
  }
}

function methodOf(method: unknown): string {
  const text = String(method);
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) throw new TypeError("invalid method");
  const upper = text.toUpperCase();
  if (upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") throw new TypeError(`${upper} is not allowed`);
  return known.has(upper) ? upper : text;
}

interface ResponseInit {
  readonly status?: number;
  readonly statusText?: string;
  readonly headers?: HeadersInit;
}

const withoutBody = new Set([101, 103, 204, 205, 304]);

export class Response extends Body {
  readonly status: number;
  readonly statusText: string;
  readonly type: string = "default";
  readonly url = "";
  readonly redirected = false;

  constructor(body?: unknown, init: ResponseInit = {}) {
    const status = init.status === undefined ? 200 : Number(init.status);
    if (!(Number.isInteger(status) && status >= 200 && status <= 599)) throw new RangeError("invalid status");
    if (withoutBody.has(status) && body !== undefined && body !== null) {
      throw new TypeError(`a response with status ${status} has no body`);
    }
    super(init.headers, body);
    this.status = status;
    this.statusText = String(init.statusText ?? "");
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }
  clone(): Response {
    const body = sharedBody(this.share());
    const { status, statusText, headers } = this;
    return new Response(body, { status, statusText, headers });
  }
  static json(data: unknown, init: ResponseInit = {}): Response {
    const text: string | undefined = JSON.stringify(data);
    if (text === undefined) throw new TypeError("the data has no JSON");
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(text, { ...init, headers });
  }
  static redirect(url: string, status = 302): Response {
    if (![301, 302, 303, 307, 308].includes(status)) throw new RangeError("invalid status of a redirect");
    return new Response(null, { status, headers: { location: new platform.URL(url).href } });
  }
  static error(): Response {
    const made = new Response(null, { status: 500 });
    return Object.defineProperties(made, { status: { value: 0 }, type: { value: "error" } });
  }
  get [Symbol.toStringTag](): string {
    return "Response";
  }
}
