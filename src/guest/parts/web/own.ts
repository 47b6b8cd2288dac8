/** What of the platform's own objects `structuredClone` copies, and which of them it refuses. */
import { TextEncoder } from "@exodus/bytes/encoding-lite.js";
import { AbortController } from "./abort.ts";
import { TextDecoder } from "./decoder.ts";
import { Event, EventTarget } from "./events.ts";
import { DOMException } from "./exception.ts";
import { tagOf } from "./kinds.ts";

interface Blob {
  readonly size: number;
  readonly type: string;
  slice(from: number, to: number, type: string): object;
}
interface File extends Blob {
  readonly name: string;
  readonly lastModified: number;
}
interface Platform {
  readonly File: new (parts: readonly unknown[], name: string, about: object) => object;
}

const refused = [Event, EventTarget, AbortController, TextDecoder, TextEncoder] as const;
/** Of other parts: known by their tags, since to ask for their classes would evaluate those. */
const refusedTags = new Set(
  "CryptoKey FormData Headers ReadableStream Request Response TransformStream URL URLSearchParams WritableStream".split(
    " ",
  ),
);

/** A copy of what is the platform's own, or "refused"; undefined: it is not the platform's. */
export function copyOwn(value: object): object | "refused" | undefined {
  if (value instanceof DOMException) return new DOMException(value.message, value.name);
  if (refused.some((Class) => value instanceof Class)) return "refused";
  const tag = tagOf(value);
  if (tag !== "Blob" && tag !== "File" && !refusedTags.has(tag)) return undefined;
  const Class = (globalThis as unknown as Record<string, unknown>)[tag];
  if (typeof Class !== "function" || !(value instanceof Class)) return undefined;
  if (tag === "Blob") return (value as Blob).slice(0, (value as Blob).size, (value as Blob).type);
  if (tag !== "File") return "refused";
  const { name, type, lastModified } = value as File;
  return new (globalThis as unknown as Platform).File([value], name, { type, lastModified });
}
