/** `multipart/form-data`: written as the HTML standard says, and read from senders that quote less carefully too. */
import { bytesOfText, joinBytes, platform } from "../platform.ts";
import { File } from "./blob.ts";
import { FormData } from "./form-data.ts";

const lines = (text: string): string => text.replace(/\r\n?|\n/g, "\r\n");
const quoted = (text: string): string => text.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const unquoted = (text: string): string => text.replace(/%22/g, '"').replace(/%0d/gi, "\r").replace(/%0a/gi, "\n");

export async function writeMultipart(data: FormData, boundary: string): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for (const [name, value] of data) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(lines(name))}"`;
    if (typeof value === "string") parts.push(bytesOfText(`${head}\r\n\r\n${lines(value)}\r\n`));
    else {
      const type = value.type === "" ? "application/octet-stream" : value.type;
      parts.push(bytesOfText(`${head}; filename="${quoted(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`));
      parts.push(await value.bytes(), bytesOfText("\r\n"));
    }
  }
  return joinBytes([...parts, bytesOfText(`--${boundary}--\r\n`)]);
}

/** Throws TypeError if the body does not begin with a delimiter, ends without the closing one, or has a nameless part. */
export function readMultipart(bytes: Uint8Array, boundary: string): FormData {
  const data = new FormData();
  const raw = latin1(bytes);
  const mark = `--${boundary}`;
  let delimiter = findDelimiter(raw, mark, 0);
  while (!delimiter.closes) {
    // From the end of the delimiter's own line, since a part may have no header at all.
    const split = raw.indexOf("\r\n\r\n", delimiter.to - 2);
    const next = findDelimiter(raw, mark, delimiter.to);
    if (split < 0 || split > next.from) throw new TypeError("a part of the form has no end of its headers");
    const { name, fileName, type } = readHead(textOf(bytes.subarray(delimiter.to, Math.max(delimiter.to, split))));
    const body = bytes.subarray(split + 4, Math.max(split + 4, next.from));
    data.append(name, fileName === undefined ? textOf(body) : new File([body], fileName, { type }));
    delimiter = next;
  }
  return data;
}

/** A body's text as it is: a byte order mark is a character of it. */
export const textOf = (bytes: Uint8Array): string =>
  new platform.TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** Bytes as characters of the same number, so that positions in one are positions in the other. */
function latin1(bytes: Uint8Array): string {
  let made = "";
  for (let i = 0; i < bytes.length; i += 8_192) made += String.fromCharCode(...bytes.subarray(i, i + 8_192));
  return made;
}

interface Delimiter {
  /** Where the part before it ends, and the one behind it begins. */
  readonly from: number;
  readonly to: number;
  readonly closes: boolean;
}

/** The next line that consists of the mark; a text that only begins like it is content. */
function findDelimiter(raw: string, mark: string, after: number): Delimiter {
  for (let at = raw.indexOf(mark, after); at >= 0; at = raw.indexOf(mark, at + 1)) {
    if (at !== 0 && (at < 2 || !raw.startsWith("\r\n", at - 2))) continue;
    const behind = at + mark.length;
    if (raw.startsWith("--", behind)) return { from: at - 2, to: behind + 2, closes: true };
    const blank = /[ \t]*\r\n/y;
    blank.lastIndex = behind;
    if (blank.test(raw)) return { from: at - 2, to: blank.lastIndex, closes: false };
  }
  throw new TypeError("the form has no closing delimiter");
}

interface Head {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly type: string;
}

function readHead(head: string): Head {
  let type = "";
  const parameters = new Map<string, string>();
  for (const line of head.replace(/\r\n[ \t]+/g, " ").split("\r\n")) {
    const [, field = "", value = ""] = /^([^:\s]+):[ \t]*(.*)$/s.exec(line) ?? [];
    if (field.toLowerCase() === "content-type") type = value.trim();
    if (field.toLowerCase() !== "content-disposition" || !/^form-data\s*(?:;|$)/i.test(value)) continue;
    for (const [, key = "", text, token = ""] of value.matchAll(/;\s*([^\s=;]+)\s*=\s*(?:"([^"]*)"|([^;\s]*))/g)) {
      parameters.set(key.toLowerCase(), text === undefined ? token : unquoted(text));
    }
  }
  const name = parameters.get("name");
  if (name === undefined) throw new TypeError("a part of the form has no name");
  const fileName = extended(parameters.get("filename*")) ?? parameters.get("filename");
  return { name, fileName, type: type === "" ? "text/plain" : type };
}

/** The value of a parameter like `filename*=utf-8''n%C3%A4me.txt`. */
function extended(value: string | undefined): string | undefined {
  const [, text] = /^utf-8'[^']*'(.*)$/i.exec(value ?? "") ?? [];
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError("the name of a file of the form is not UTF-8");
  }
}
