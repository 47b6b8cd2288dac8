/** `atob` and `btoa`, as the Infra standard's "forgiving base64" says. */
import { DOMException } from "./exception.ts";

interface ToBase64 {
  toBase64(): string;
}

const refuse = (message: string): never => {
  throw new DOMException(message, "InvalidCharacterError");
};

export function btoa(data: unknown): string {
  if (arguments.length === 0) throw new TypeError("btoa takes a text");
  const text = String(data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) refuse("btoa takes characters up to U+00FF; encode other text with TextEncoder");
    bytes[i] = code;
  }
  return (bytes as unknown as ToBase64).toBase64();
}

export function atob(data: unknown): string {
  if (arguments.length === 0) throw new TypeError("atob takes a text");
  let text = String(data).replace(/[\t\n\f\r ]/g, "");
  if (text.length % 4 === 0) text = text.replace(/={1,2}$/, "");
  if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) refuse("the text is not base64");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let made = "";
  let bits = 0;
  let count = 0;
  for (const letter of text) {
    bits = ((bits << 6) | alphabet.indexOf(letter)) & 0xffffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    made += String.fromCharCode((bits >> count) & 255);
  }
  return made;
}
