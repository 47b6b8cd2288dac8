/** FormData, and the two forms in which it travels. */
import { Blob, File } from "./blob.ts";
import { bytesOfText, joinBytes, platform } from "../platform.ts";

type Value = string | File;

export class FormData {
  #list: (readonly [string, Value])[] = [];

  append(name: string, value: unknown, fileName?: string): void {
    this.#list.push([String(name), valueOf(value, fileName)]);
  }
  delete(name: string): void {
    this.#list = this.#list.filter(([one]) => one !== name);
  }
  get(name: string): Value | null {
    return this.#list.find(([one]) => one === name)?.[1] ?? null;
  }
  getAll(name: string): Value[] {
    return this.#list.filter(([one]) => one === name).map(([, value]) => value);
  }
  has(name: string): boolean {
    return this.#list.some(([one]) => one === name);
  }
  set(name: string, value: unknown, fileName?: string): void {
    const at = this.#list.findIndex(([one]) => one === name);
    const made = [String(name), valueOf(value, fileName)] as const;
    if (at < 0) this.#list.push(made);
    else this.#list = this.#list.flatMap((pair, i) => (i === at ? [made] : pair[0] === name ? [] : [pair]));
  }
  forEach(work: (value: Value, name: string, data: FormData) => void): void {
    for (const [name, value] of this) work(value, name, this);
  }
  *entries(): Generator<readonly [string, Value]> {
    yield* this.#list;
  }
  *keys(): Generator<string> {
    for (const [name] of this.#list) yield name;
  }
  *values(): Generator<Value> {
    for (const [, value] of this.#list) yield value;
  }
  [Symbol.iterator](): Generator<readonly [string, Value]> {
    return this.entries();
  }
  get [Symbol.toStringTag](): string {
    return "FormData";
  }
}

function valueOf(value: unknown, fileName: string | undefined): Value {
  if (!(value instanceof Blob)) return String(value);
  if (value instanceof File && fileName === undefined) return value;
  return new File([value], fileName ?? "blob", { type: value.type });
}

const quoted = (text: string): string => text.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

/** As `multipart/form-data`. */
export async function writeMultipart(data: FormData, boundary: string): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for (const [name, value] of data) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"`;
    if (typeof value === "string") parts.push(bytesOfText(`${head}\r\n\r\n${value.replace(/\r?\n/g, "\r\n")}\r\n`));
    else {
      const type = value.type === "" ? "application/octet-stream" : value.type;
      parts.push(bytesOfText(`${head}; filename="${quoted(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`));
      parts.push(await value.bytes(), bytesOfText("\r\n"));
    }
  }
  return joinBytes([...parts, bytesOfText(`--${boundary}--\r\n`)]);
}

/** From either of its forms. Throws TypeError if the body is neither. */
export function readForm(bytes: Uint8Array, type: string, text: (bytes: Uint8Array) => string): FormData {
  const data = new FormData();
  if (/^application\/x-www-form-urlencoded/i.test(type)) {
    for (const [name, value] of new platform.URLSearchParams(text(bytes))) data.append(name, value);
    return data;
  }
  const boundary = /^multipart\/form-data;.*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type);
  if (boundary === null) throw new TypeError("the body is no form");
  readMultipart(data, bytes, boundary[1] ?? boundary[2] ?? "", text);
  return data;
}

/** Bytes as characters of the same number, so that positions in one are positions in the other. */
function latin1(bytes: Uint8Array): string {
  let made = "";
  for (let i = 0; i < bytes.length; i += 8_192) made += String.fromCharCode(...bytes.subarray(i, i + 8_192));
  return made;
}

function readMultipart(data: FormData, bytes: Uint8Array, boundary: string, text: (bytes: Uint8Array) => string): void {
  const raw = latin1(bytes);
  const mark = `--${boundary}`;
  let at = raw.indexOf(mark);
  while (at >= 0) {
    const from = at + mark.length;
    if (raw.startsWith("--", from)) return;
    const next = raw.indexOf(`\r\n${mark}`, from);
    const split = raw.indexOf("\r\n\r\n", from);
    if (next < 0 || split < 0 || split > next) throw new TypeError("the form is cut short");
    const head = text(bytes.subarray(from, split));
    const name = /\bname="([^"]*)"/i.exec(head)?.[1];
    if (name === undefined) throw new TypeError("a part of the form has no name");
    const fileName = /\bfilename="([^"]*)"/i.exec(head)?.[1];
    const body = bytes.subarray(split + 4, Math.max(split + 4, next));
    const type = /^content-type:\s*(.+)$/im.exec(head)?.[1]?.trim() ?? "text/plain";
    data.append(name, fileName === undefined ? text(body) : new File([body], fileName, { type }));
    at = next + 2;
  }
}
