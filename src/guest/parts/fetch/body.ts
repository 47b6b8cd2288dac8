/** What requests and responses have in common: headers, and a body that is read once. */
import { Blob } from "./blob.ts";
import { FormData } from "./form-data.ts";
import { Headers, type HeadersInit } from "./headers.ts";
import { readMultipart, textOf, writeMultipart } from "./multipart.ts";
import { bytesOfText, copyBytes, joinBytes, platform, type Stream, textFrom, textOfBytes } from "../platform.ts";

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
  return now(bytesOfText(textFrom(body)), type);
}

const isStream = (body: unknown): body is Stream =>
  typeof body === "object" && body !== null && typeof (body as { getReader?: unknown }).getReader === "function";

async function drain(stream: Stream): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joinBytes(parts);
    if (Object.prototype.toString.call(value) !== "[object Uint8Array]") {
      throw new TypeError("the chunks of a body's stream are Uint8Arrays");
    }
    parts.push(copyBytes(value) ?? new Uint8Array(0));
  }
}

let look: (of: Body) => boolean;
/** Without making the stream, for which the part of streams would be evaluated. */
export const hasBody = (of: Body): boolean => look(of);

export class Body {
  readonly #headers: Headers;
  #content: Content | undefined;
  #stream: Stream | undefined;
  /** The stream was made of the content, and not the content of it. */
  #mine = false;
  #used = false;

  static {
    look = (of) => of.#content !== undefined;
  }

  constructor(headers: HeadersInit | undefined, body: unknown) {
    this.#headers = new Headers(headers);
    if (body === undefined || body === null) return;
    if (body instanceof Body) {
      this.#content = body.#content;
      this.#stream = body.#mine ? undefined : body.#stream;
      if (body.#content !== undefined) body.#use();
      return;
    }
    if (isStream(body)) {
      if (body.locked) throw new TypeError("the body's stream is being read already");
      this.#stream = body;
    }
    this.#content = contentOf(body);
    const { type } = this.#content;
    if (type !== undefined && !this.#headers.has("content-type")) this.#headers.set("content-type", type);
  }

  get headers(): Headers {
    return this.#headers;
  }

  get bodyUsed(): boolean {
    return this.#used;
  }

  get body(): Stream | null {
    const content = this.#content;
    if (content === undefined) return null;
    if (this.#stream !== undefined) return this.#stream;
    const use = (): void => {
      this.#used = true;
    };
    this.#stream = laterStream(content.bytes, use);
    this.#mine = true;
    // Who was given its text first reads nothing here any more.
    if (this.#used) this.#stream.getReader();
    return this.#stream;
  }

  #use(): void {
    if (this.#used || this.#stream?.locked === true) throw new TypeError("the body was already read");
    this.#used = true;
  }

  async #take(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#content === undefined) return new Uint8Array(0);
    this.#use();
    if (this.#mine) this.#stream?.getReader();
    return this.#content.bytes();
  }

  /** A second one to read, for `clone`. */
  protected share(): Stream | (() => Promise<Uint8Array<ArrayBuffer>>) | undefined {
    if (this.#content === undefined) return undefined;
    if (this.#used || this.#stream?.locked === true) throw new TypeError("the body was already read");
    if (this.#stream === undefined) {
      const reading = this.#content.bytes();
      this.#content = { type: this.#content.type, bytes: () => reading };
      return () => reading;
    }
    const [mine, other] = this.#stream.tee();
    this.#stream = mine;
    this.#mine = false;
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
    return readForm(await this.#take(), this.headers.get("content-type") ?? "");
  }
}

/** From either of the forms in which a form travels. Throws TypeError if the body is neither. */
function readForm(bytes: Uint8Array, type: string): FormData {
  if (/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)) {
    const data = new FormData();
    for (const [name, value] of new platform.URLSearchParams(textOf(bytes))) data.append(name, value);
    return data;
  }
  const boundary = /^multipart\/form-data\s*;(?:.*[;\s])?boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type);
  if (boundary === null) throw new TypeError("the body is no form");
  return readMultipart(bytes, boundary[1] ?? boundary[2] ?? "");
}

interface ByteController {
  readonly byobRequest: { respond(count: number): void } | null;
  enqueue(chunk: Uint8Array): void;
  close(): void;
}

/** Of bytes, so that nothing is read before somebody reads; `begun` is told of that, and of a cancellation. */
const laterStream = (read: () => Promise<Uint8Array>, begun: () => void): Stream =>
  new platform.ReadableStream({
    type: "bytes",
    async pull(controller: ByteController) {
      begun();
      const bytes = await read();
      if (bytes.length > 0) controller.enqueue(Uint8Array.from(bytes));
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: begun,
  });

/** The body that `clone` passes on: bytes that may be read later, or a stream. */
export function sharedBody(shared: Stream | (() => Promise<Uint8Array>) | undefined): unknown {
  return typeof shared === "function" ? laterStream(shared, () => undefined) : shared;
}
