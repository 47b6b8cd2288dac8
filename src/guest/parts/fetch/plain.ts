/** Requests and responses as plain data: how `fetch` of a service is called until a gateway speaks HTTP to it. */
import { hasBody } from "./body.ts";
import { Headers, type HeadersInit } from "./headers.ts";
import { Request, Response } from "./messages.ts";
import { platform } from "../platform.ts";

interface PlainResponse {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case. A list where a header may not be joined: `set-cookie`. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Text if it is UTF-8, else bytes; null if there is none. */
  readonly body: string | Uint8Array | null;
}

export function makePlain(Refusal: new (message: string) => Error): {
  readonly fromPlain: (plain: unknown) => Request;
  readonly toPlain: (response: unknown) => Promise<PlainResponse>;
} {
  const requestFrom = (plain: unknown): Readonly<Record<string, unknown>> => {
    if (typeof plain === "string") return { url: plain };
    if (typeof plain === "object" && plain !== null) return plain as Readonly<Record<string, unknown>>;
    throw new Refusal("fetch takes a request: {method, url, headers, body}");
  };
  return {
    fromPlain: (plain) => {
      const { method, url, headers, body } = requestFrom(plain);
      try {
        return new Request(String(url), {
          method: typeof method === "string" ? method : "GET",
          headers: new Headers((headers ?? undefined) as HeadersInit | undefined),
          body: body ?? null,
        });
      } catch (error) {
        // The caller's mistake: the service goes on.
        throw new Refusal(`the request is not one: ${(error as Error).message}`);
      }
    },
    toPlain: async (response) => {
      if (!(response instanceof Response)) throw new TypeError("fetch must return a Response");
      const { status, statusText, headers } = response;
      return {
        status,
        statusText,
        headers: plainHeaders(headers),
        body: hasBody(response) ? plainBody(await response.bytes()) : null,
      };
    },
  };
}

function plainHeaders(headers: Headers): PlainResponse["headers"] {
  const made: Record<string, string | readonly string[]> = {};
  for (const [name, value] of headers) made[name] = value;
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) made["set-cookie"] = cookies;
  return made;
}

function plainBody(bytes: Uint8Array): string | Uint8Array {
  try {
    return new platform.TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}
