/** Bytes and their texts: what crosses to the cell is base64, and what keys are written as is base64url. */
interface Codec64 {
  toBase64(options?: object): string;
}
interface Decoder64 {
  fromBase64(text: string, options?: object): Uint8Array<ArrayBuffer>;
}
declare const DOMException: new (message: string, name: string) => Error;

export function fail(name: string, message: string): never {
  throw new DOMException(message, name);
}

export function bytesOf(data: unknown): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (Object.prototype.toString.call(data) === "[object ArrayBuffer]") return new Uint8Array(data as ArrayBuffer);
  throw new TypeError("it must be an ArrayBuffer, or a view of one");
}

export const encode = (data: unknown): string => (bytesOf(data) as unknown as Codec64).toBase64();
export const decode = (text: string): Uint8Array<ArrayBuffer> => (Uint8Array as unknown as Decoder64).fromBase64(text);

const url = { alphabet: "base64url", omitPadding: true };

export const toUrl = (data: Uint8Array): string => (data as unknown as Codec64).toBase64(url);

export function fromUrl(text: unknown): Uint8Array<ArrayBuffer> {
  try {
    if (typeof text === "string") return (Uint8Array as unknown as Decoder64).fromBase64(text, url);
  } catch {
    // Said below, as for what is no text at all.
  }
  return fail("DataError", "a member of the key is not base64url");
}
