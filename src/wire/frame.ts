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
  const head = encoder.encode(JSON.stringify(header));
  const frame = new Uint8Array(prefixBytes + head.length + body.length);
  const view = new DataView(frame.buffer);
  frame[0] = magic;
  frame[1] = protocolVersion;
  view.setUint32(4, head.length, true);
  view.setUint32(8, body.length, true);
  frame.set(head, prefixBytes);
  frame.set(body, prefixBytes + head.length);
  return frame;
}

/** Cuts a byte stream into frames. Keeps at most one unfinished frame; after a broken one it must be thrown away. */
export class FrameReader {
  #pending: Uint8Array = nothing;
  #wanted = prefixBytes;

  /** The frames that `chunk` completes, in order; ends with a {@link BrokenFrame} if the peer broke the format. */
  *read(chunk: Uint8Array): Generator<Frame | BrokenFrame, void, void> {
    let bytes = chunk;
    if (this.#pending.length > 0) {
      bytes = new Uint8Array(this.#pending.length + chunk.length);
      bytes.set(this.#pending);
      bytes.set(chunk, this.#pending.length);
      this.#pending = nothing;
    }
    let at = 0;
    while (bytes.length - at >= prefixBytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, prefixBytes);
      if (view.getUint8(0) !== magic || view.getUint16(2, true) !== 0) return yield { broken: "not a frame" };
      if (view.getUint8(1) !== protocolVersion) return yield { broken: `protocol version ${view.getUint8(1)}` };
      const headBytes = view.getUint32(4, true);
      const bodyBytes = view.getUint32(8, true);
      if (headBytes > limits.frameHeaderBytesMax || headBytes + bodyBytes > limits.frameBytesMax) {
        return yield { broken: `frame of ${headBytes} + ${bodyBytes} bytes` };
      }
      const end = at + prefixBytes + headBytes + bodyBytes;
      if (bytes.length < end) {
        this.#wanted = end - at;
        break;
      }
      const bodyAt = at + prefixBytes + headBytes;
      let header: unknown;
      try {
        header = JSON.parse(decoder.decode(bytes.subarray(at + prefixBytes, bodyAt)));
      } catch {
        return yield { broken: "header is not JSON" };
      }
      // The body is copied: a view would keep the whole chunk alive for as long as the body is.
      yield { header, body: bodyBytes === 0 ? nothing : bytes.slice(bodyAt, end) };
      at = end;
      this.#wanted = prefixBytes;
    }
    if (at < bytes.length) this.#pending = at === 0 ? bytes : bytes.slice(at);
  }

  /** Bytes held for the unfinished frame, and how many it needs in all. */
  get pending(): { readonly held: number; readonly wanted: number } {
    return { held: this.#pending.length, wanted: this.#wanted };
  }
}
