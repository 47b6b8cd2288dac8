/**
 * A pipe to another process: frames over a Unix socket, parsed by a shape, writes coalesced per tick.
 *
 *   connecting ──▶ open ──▶ closed
 *        └────────────────────▲   (never opens again; a new pipe is made instead)
 *
 * Owns its socket. What the peer sends is hostile: a broken frame or a message that fits no shape closes the pipe and is
 * told to `onClosed` as the peer's fault.
 */
import { connect, type Socket } from "node:net";
import { isMisfit, type Shape } from "../base/index.ts";
import { encodeFrame, FrameReader } from "../wire/index.ts";

export type Closed =
  | { readonly why: "ended" }
  | { readonly why: "failed"; readonly problem: string }
  /** The peer broke the protocol. */
  | { readonly why: "protocol"; readonly problem: string };

export interface PipeListener<In> {
  readonly onMessage: (message: In, body: Uint8Array) => void;
  readonly onClosed: (closed: Closed) => void;
}

/** Bytes that may wait for a peer that does not read. */
const unreadBytesMax = 64 * 1024 * 1024;

export class Pipe<Out, In> implements Disposable {
  readonly #socket: Socket;
  readonly #shape: Shape<In>;
  readonly #listener: PipeListener<In>;
  readonly #reader = new FrameReader();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #closed: Closed | undefined;

  constructor(path: string, shape: Shape<In>, listener: PipeListener<In>) {
    this.#shape = shape;
    this.#listener = listener;
    this.#socket = connect({ path });
    this.#socket.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#socket.on("error", (error) => this.#close({ why: "failed", problem: error.message }));
    this.#socket.on("close", () => this.#close({ why: "ended" }));
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** What was sent and the peer has not taken yet. */
  get unreadBytes(): number {
    return this.#socket.writableLength + this.#waitingBytes;
  }

  /** False if the pipe is closed: the message is dropped, and the caller answers its own waiters. */
  send(message: Out, body?: Uint8Array): boolean {
    if (this.#closed !== undefined) return false;
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    const frame = encodeFrame(message, body);
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    return true;
  }

  [Symbol.dispose](): void {
    this.#flush();
    this.#close({ why: "ended" });
  }

  #flush(): void {
    const frames = this.#waiting;
    if (frames.length === 0 || this.#closed !== undefined) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#socket.write(frames.length === 1 ? (frames[0] ?? new Uint8Array(0)) : Buffer.concat(frames));
    if (this.#socket.writableLength > unreadBytesMax) {
      this.#close({ why: "protocol", problem: `left ${this.#socket.writableLength} bytes unread` });
    }
  }

  #take(chunk: Buffer): void {
    for (const frame of this.#reader.read(chunk)) {
      if (this.#closed !== undefined) return;
      if ("broken" in frame) return this.#close({ why: "protocol", problem: frame.broken });
      const message = this.#shape(frame.header);
      if (isMisfit(message)) {
        return this.#close({ why: "protocol", problem: `message${message.at} ${message.misfit}` });
      }
      this.#listener.onMessage(message, frame.body);
    }
  }

  #close(closed: Closed): void {
    if (this.#closed !== undefined) return;
    this.#closed = closed;
    this.#waiting = [];
    this.#socket.destroy();
    this.#listener.onClosed(closed);
  }
}
