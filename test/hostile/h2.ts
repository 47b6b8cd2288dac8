/**
 * HTTP/2 by hand (RFC 9113), over mutual TLS: frames as they are given, in any order, well-formed or not. Nothing that comes
 * is answered: not settings, not pings, not flow control.
 */
import { connect, type TLSSocket } from "node:tls";
import type { Peer } from "./raw.ts";

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const frames = {
  data: 0x0,
  headers: 0x1,
  resetStream: 0x3,
  settings: 0x4,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const flags = { none: 0, endStream: 0x1, ack: 0x1, endHeaders: 0x4 } as const;

export function frame(type: number, flag: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

export function windowUpdate(stream: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(frames.windowUpdate, flags.none, stream, payload);
}

export const initialWindowSize = 0x4;

/** Literal fields without indexing or Huffman coding (RFC 7541, 6.2.2); names and values under 127 bytes. */
export const headerBlock = (fields: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat(
    fields.map(([name, value]) =>
      Buffer.concat([
        Buffer.from([0, name.length]),
        Buffer.from(name),
        Buffer.from([value.length]),
        Buffer.from(value),
      ]),
    ),
  );

export const grpcHeaders = (path: string): Buffer =>
  headerBlock([
    [":method", "POST"],
    [":scheme", "https"],
    [":path", path],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ]);

/** A gRPC message as it stands in DATA frames: not compressed, with its length, in frames of at most 16 KiB. */
export function grpcMessage(stream: number, message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const body = Buffer.concat([head, message]);
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += 16_384) {
    const last = at + 16_384 >= body.length;
    parts.push(frame(frames.data, last ? flags.endStream : flags.none, stream, body.subarray(at, at + 16_384)));
  }
  return Buffer.concat(parts);
}

export class RawPeer implements Disposable {
  readonly socket: TLSSocket;
  /** Resolves when the connection is closed, by whomever. */
  readonly closed: Promise<void>;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  /** After the handshake of TLS; not a byte of HTTP/2 has been sent. */
  static connect(to: Peer): Promise<RawPeer> {
    const [host = "", port = ""] = to.address.split(":");
    return new Promise((resolve, reject) => {
      const { ca, cert, key } = to;
      const socket = connect({
        host,
        port: Number(port),
        ca,
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ALPNProtocols: ["h2"],
        servername: "localhost",
        checkServerIdentity: () => undefined,
      });
      const peer = new RawPeer(socket);
      socket.once("secureConnect", () => resolve(peer));
      // A reset is how some of these end; whoever waits for the close hears of it.
      socket.on("error", reject);
    });
  }

  /** With the preface and settings of its own sent. */
  static async greet(to: Peer, ...settings: readonly Buffer[]): Promise<RawPeer> {
    const peer = await RawPeer.connect(to);
    peer.write(preface, frame(frames.settings, flags.none, 0, Buffer.concat(settings)));
    return peer;
  }

  write(...bytes: readonly Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(bytes));
  }

  /** Written, and taken by the network; false if the connection closed instead. */
  async written(...bytes: readonly Buffer[]): Promise<boolean> {
    if (this.socket.destroyed) return false;
    if (this.socket.write(Buffer.concat(bytes))) return true;
    const drained = new Promise<boolean>((resolve) => this.socket.once("drain", () => resolve(true)));
    return Promise.race([drained, this.closed.then(() => false)]);
  }

  /** Tells type, flags and length of each frame that comes whole; its content is forgotten. */
  onFrame(told: (type: number, flag: number, length: number) => void): void {
    let left = Buffer.alloc(0);
    this.socket.on("data", (chunk: Buffer) => {
      left = Buffer.concat([left, chunk]);
      while (left.length >= 9) {
        const length = 9 + left.readUIntBE(0, 3);
        if (left.length < length) return;
        told(left.readUInt8(3), left.readUInt8(4), length - 9);
        left = left.subarray(length);
      }
    });
  }

  /** Takes in and forgets whatever comes. */
  read(): void {
    this.socket.resume();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
