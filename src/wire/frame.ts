/**
 * Frames: what travels on the pipes between kernel, cells and builder.
 *
 *   0        1         2          4               8             12
 *   | 0x53 S | version | reserved | header bytes  | body bytes  | header (JSON, UTF-8) | body (opaque) |
 *     u8       u8        u16 = 0    u32 LE          u32 LE
 *
 * Lengths stand first, so that nothing in a header or a body (a newline in a hostile guest's text, say) can end a frame
 * early. The reader is bounded: a peer that announces more than the limits allow is cut off before a byte is kept.
 */
import { limits } from "../base/index.ts";

export const protocolVersion = 1;
const magic = 0x53;
const prefixBytes = 12;

export interface Frame {
  /** Parsed JSON, not yet checked against a shape. */
  readonly header: unknown;
  readonly body: Uint8Array;
}

export interface BrokenFrame {
  readonly broken: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const nothing = new Uint8Array(0);

/** One frame's bytes. The header must be JSON-serializable; both parts must be within the limits (the caller checked). */
export function encodeFrame(header: unknown, body: Uint8Array = nothing): Uint8Array {
  const head = JSON.stringify(header);
  // Most headers are ASCII, one byte for each unit; what does not fit is encoded again.
  const frame = new Uint8Array(prefixBytes + head.length + body.length);
  const { read } = encoder.encodeInto(head, frame.subarray(prefixBytes, prefixBytes + head.length));
  if (read < head.length) return joinFrame(encoder.encode(head), body);
  putPrefix(frame, head.length, body.length);
  if (body.length > 0) frame.set(body, prefixBytes + head.length);
  return frame;
}

function joinFrame(head: Uint8Array, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(prefixBytes + head.length + body.length);
  putPrefix(frame, head.length, body.length);
  frame.set(head, prefixBytes);
  frame.set(body, prefixBytes + head.length);
  return frame;
}

function putPrefix(frame: Uint8Array, headBytes: number, bodyBytes: number): void {
  frame[0] = magic;
  frame[1] = protocolVersion;
  putU32(frame, 4, headBytes);
  putU32(frame, 8, bodyBytes);
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;

const u32 = (bytes: Uint8Array, at: number): number =>
  (byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24)) >>> 0;

/** Chunks below this are gathered while their frame is unfinished: each one by itself costs hundreds of bytes. */
const smallBytes = 4 * 1024;
const blockBytesMax = 1024 * 1024;

/**
 * Cuts a byte stream into frames. Keeps at most one unfinished frame, and joins its chunks only once it is whole, so that
 * a peer that dribbles costs no more than one that does not. After a broken frame it must be thrown away.
 */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #held = 0;
  #wanted = prefixBytes;
  /** The last chunk is the used part of it. */
  #block: { readonly bytes: Uint8Array; used: number } | undefined;

  /** The frames that `chunk` completes, in order; ends with a {@link BrokenFrame} if the peer broke the format. */
  *read(chunk: Uint8Array): Generator<Frame | BrokenFrame, void, void> {
    if (this.#held + chunk.length < this.#wanted) return this.#hold(chunk);
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const bytes = this.#join();
    let at = 0;
    while (bytes.length - at >= prefixBytes) {
      const reserved = byte(bytes, at + 2) | byte(bytes, at + 3);
      if (bytes[at] !== magic || reserved !== 0) return yield { broken: "not a frame" };
      if (bytes[at + 1] !== protocolVersion) return yield { broken: `protocol version ${byte(bytes, at + 1)}` };
      const headBytes = u32(bytes, at + 4);
      const bodyBytes = u32(bytes, at + 8);
      if (headBytes > limits.frameHeaderBytesMax || headBytes + bodyBytes > limits.frameBytesMax) {
        return yield { broken: `frame of ${headBytes} + ${bodyBytes} bytes` };
      }
      const bodyAt = at + prefixBytes + headBytes;
      const end = bodyAt + bodyBytes;
      if (bytes.length < end) return this.#keep(bytes.subarray(at), end - at);
      let header: unknown;
      try {
        header = JSON.parse(decoder.decode(bytes.subarray(at + prefixBytes, bodyAt)));
      } catch {
        return yield { broken: "header is not JSON" };
      }
      // The body is copied: a view would keep the whole chunk alive for as long as the body is.
      yield { header, body: bodyBytes === 0 ? nothing : bytes.slice(bodyAt, end) };
      at = end;
    }
    this.#keep(bytes.subarray(at), prefixBytes);
  }

  /** The frame goes on after it. */
  #hold(chunk: Uint8Array): void {
    const { length } = chunk;
    const block = this.#block;
    if (length >= smallBytes) {
      this.#block = undefined;
      this.#chunks.push(chunk);
    } else if (block !== undefined && block.used + length <= block.bytes.length) {
      block.bytes.set(chunk, block.used);
      block.used += length;
      this.#chunks[this.#chunks.length - 1] = block.bytes.subarray(0, block.used);
    } else {
      // As much again as there is: a frame of many small chunks comes to a few blocks.
      const bytes = new Uint8Array(Math.min(blockBytesMax, Math.max(smallBytes, this.#held)));
      bytes.set(chunk);
      this.#block = { bytes, used: length };
      this.#chunks.push(bytes.subarray(0, length));
    }
    this.#held += length;
  }

  #keep(rest: Uint8Array, wanted: number): void {
    this.#block = undefined;
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    this.#wanted = wanted;
  }

  #join(): Uint8Array {
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return only;
    const joined = new Uint8Array(this.#held);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined;
  }
}
