/** Request and Response. */
import { Body, sharedBody } from "./body.ts";
import { Headers, type HeadersInit } from "./headers.ts";
import { platform, type Signal } from "../platform.ts";

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

/** The rest of a request, which decides nothing here; a copy has the same. */
type Fetching = Required<Pick<RequestInit, "redirect" | "credentials" | "cache" | "mode">>;

export class Request extends Body {
  readonly #method: string;
  readonly #url: string;
  readonly #fetching: Fetching;
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
    this.#method = method;
    this.#url = from?.url ?? new platform.URL(String(input)).href;
    this.#fetching = {
      redirect: init.redirect ?? from?.redirect ?? "follow",
      credentials: init.credentials ?? from?.credentials ?? "same-origin",
      cache: init.cache ?? from?.cache ?? "default",
      mode: init.mode ?? from?.mode ?? "cors",
    };
    this.#signal = init.signal ?? (from === undefined ? undefined : from.#signal);
  }

  get method(): string {
    return this.#method;
  }
  get url(): string {
    return this.#url;
  }
  get redirect(): string {
    return this.#fetching.redirect;
  }
  get credentials(): string {
    return this.#fetching.credentials;
  }
  get cache(): string {
    return this.#fetching.cache;
  }
  get mode(): string {
    return this.#fetching.mode;
  }
  get signal(): Signal {
    this.#made ??= this.#signal ?? new platform.AbortController().signal;
    return this.#made;
  }

  clone(): Request {
    const body = sharedBody(this.share());
    const { url, method, headers, signal } = this;
    return new Request(url, { ...this.#fetching, method, headers, signal, body });
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
  readonly #status: number;
  readonly #statusText: string;
  #type = "default";

  constructor(body?: unknown, init: ResponseInit = {}) {
    const status = init.status === undefined ? 200 : Number(init.status);
    if (!(Number.isInteger(status) && status >= 200 && status <= 599)) throw new RangeError("invalid status");
    if (withoutBody.has(status) && body !== undefined && body !== null) {
      throw new TypeError(`a response with status ${status} has no body`);
    }
    super(init.headers, body);
    this.#status = status;
    this.#statusText = String(init.statusText ?? "");
  }

  get status(): number {
    return this.#type === "error" ? 0 : this.#status;
  }
  get statusText(): string {
    return this.#statusText;
  }
  get type(): string {
    return this.#type;
  }
  get url(): string {
    return "";
  }
  get redirected(): boolean {
    return false;
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
    const made = new Response();
    made.#type = "error";
    return made;
  }
  get [Symbol.toStringTag](): string {
    return "Response";
  }
}
