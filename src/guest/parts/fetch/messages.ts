/** Request and Response. */
import { Body, sharedBody } from "./body.ts";
import { Headers, type HeadersInit } from "./headers.ts";
import { platform, type Signal } from "../platform.ts";

interface RequestInit {
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: unknown;
  readonly signal?: Signal | null | undefined;
  readonly redirect?: string;
  readonly credentials?: string;
  readonly cache?: string;
  readonly mode?: string;
}

const known = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

/** The rest of a request, which decides nothing here; a copy has the same. */
type Fetching = Readonly<Record<keyof typeof choices, string>>;
/** What each of it may be; the first is the default. */
const choices = {
  redirect: ["follow", "error", "manual"],
  credentials: ["same-origin", "omit", "include"],
  cache: ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"],
  mode: ["cors", "no-cors", "same-origin"],
} as const;

function fetchingOf(init: RequestInit, from: Fetching | undefined): Fetching {
  const choose = (name: keyof Fetching): string => {
    const chosen = init[name] ?? from?.[name] ?? choices[name][0];
    if (!(choices[name] as readonly string[]).includes(chosen)) throw new TypeError(`invalid ${name}: ${chosen}`);
    return chosen;
  };
  return {
    redirect: choose("redirect"),
    credentials: choose("credentials"),
    cache: choose("cache"),
    mode: choose("mode"),
  };
}

function urlOf(input: unknown): string {
  const url = new platform.URL(String(input));
  if (url.username !== "" || url.password !== "") throw new TypeError("a request's URL holds no credentials");
  return url.href;
}

/** Throws TypeError for what is no signal. */
function signalOf(signal: Signal): Signal {
  if (!Object.prototype.isPrototypeOf.call(platform.AbortSignal.prototype, signal))
    throw new TypeError("it is no signal");
  return signal;
}

export class Request extends Body {
  readonly #method: string;
  readonly #url: string;
  readonly #fetching: Fetching;
  readonly #given: Signal | undefined;
  #signal: Signal | undefined;

  constructor(input: unknown, about?: RequestInit | null) {
    const init = about ?? {};
    const from = input instanceof Request ? input : undefined;
    const method = methodOf(init.method ?? from?.method ?? "GET");
    const body = init.body ?? from;
    if ((method === "GET" || method === "HEAD") && init.body !== undefined && init.body !== null) {
      throw new TypeError(`a ${method} request has no body`);
    }
    super(init.headers ?? from?.headers, body);
    this.#method = method;
    this.#url = from === undefined ? urlOf(input) : from.#url;
    this.#fetching = fetchingOf(init, from === undefined ? undefined : from.#fetching);
    const given = init.signal ?? (from === undefined || init.signal === null ? undefined : from.#given);
    this.#given = given === undefined ? undefined : signalOf(given);
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
    this.#signal ??=
      this.#given === undefined ? new platform.AbortController().signal : platform.AbortSignal.any([this.#given]);
    return this.#signal;
  }

  clone(): Request {
    const body = sharedBody(this.share());
    const made = new Request(this.#url, { ...this.#fetching, method: this.#method, body, signal: this.#given });
    for (const [name, value] of this.headers) made.headers.append(name, value);
    return made;
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

  constructor(body?: unknown, about?: ResponseInit | null) {
    const init = about ?? {};
    const status = init.status === undefined ? 200 : Math.trunc(Number(init.status));
    if (!(status >= 200 && status <= 599)) throw new RangeError("invalid status");
    const statusText = String(init.statusText ?? "");
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(statusText)) throw new TypeError("invalid status text");
    if (withoutBody.has(status) && body !== undefined && body !== null) {
      throw new TypeError(`a response with status ${status} has no body`);
    }
    super(init.headers, body);
    this.#status = status;
    this.#statusText = statusText;
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
    const made = new Response(body, { status: this.#status, statusText: this.#statusText, headers: this.headers });
    made.#type = this.#type;
    return made;
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
