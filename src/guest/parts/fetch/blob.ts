/** Blob and File: bytes that do not change. */
import { bytesOfText, copyBytes, joinBytes, type Stream, streamOf, textFrom, textOfBytes } from "../platform.ts";

interface Options {
  readonly type?: string;
}

export class Blob {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #type: string;

  constructor(parts: Iterable<unknown> = [], options?: Options | null) {
    if (typeof parts !== "object") throw new TypeError("the parts of a Blob are a list");
    this.#bytes = joinBytes(
      [...parts].map((part) => (part instanceof Blob ? part.#bytes : (copyBytes(part) ?? bytesOfText(textFrom(part))))),
    );
    const type = String(options?.type === undefined ? "" : options.type);
    this.#type = /[^\x20-\x7e]/.test(type) ? "" : type.toLowerCase();
  }

  get type(): string {
    return this.#type;
  }
  get size(): number {
    return this.#bytes.length;
  }
  slice(from?: number, to?: number, type = ""): Blob {
    return new Blob([this.#bytes.slice(from, to)], { type });
  }
  async bytes(): Promise<Uint8Array> {
    return this.#bytes.slice();
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer;
  }
  async text(): Promise<string> {
    return textOfBytes(this.#bytes);
  }
  stream(): Stream {
    return streamOf(this.#bytes);
  }
  get [Symbol.toStringTag](): string {
    return "Blob";
  }
}

export class File extends Blob {
  readonly #name: string;
  readonly #lastModified: number;
  constructor(parts: Iterable<unknown>, name: string, options?: (Options & { readonly lastModified?: number }) | null) {
    if (arguments.length < 2) throw new TypeError("a File has parts and a name");
    super(parts, options);
    this.#name = textFrom(name);
    this.#lastModified = Math.trunc(Number(options?.lastModified ?? Date.now()));
  }
  get name(): string {
    return this.#name;
  }
  get lastModified(): number {
    return this.#lastModified;
  }
  override get [Symbol.toStringTag](): string {
    return "File";
  }
}
