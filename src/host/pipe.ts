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
import { isMisfit, limits, type Shape } from "../base/index.ts";
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

/** The way to a peer, as whoever speaks with it sees it. */
export interface Channel<Out> extends Disposable {
  readonly isClosed: boolean;
  /** What was sent and the peer has not taken yet. */
  readonly unreadBytes: number;
  /** Resolves when the peer has taken what was sent, or the channel is closed. */
  readonly drained: Promise<void>;
  /** False if it is closed: the message is dropped, and the caller answers its own waiters. */
  readonly send: (message: Out, body?: Uint8Array) => boolean;
}

/** What a peer may ask of us before its pipe is closed. */
export interface PipePatience {
  /** One that reads nothing for `silentMsMax`, while more than this waits for it, hangs. */
  readonly unreadBytesMax: number;
  readonly silentMsMax: number;
  /** No peer, however slowly it reads on, has more than this waiting for it. */
  readonly waitingBytesMax: number;
  /** Of a frame that it sends. */
  readonly bodyBytesMax: number;
}
/** Well below where a link refuses large messages, or a peer that reads nothing would be refused for ever and never ended. */
const patienceDefault: PipePatience = {
  unreadBytesMax: 1024 * 1024,
  silentMsMax: 10_000,
  waitingBytesMax: 128 * 1024 * 1024,
  bodyBytesMax: limits.frameBytesMax,
};

/** Frames that are longer together are not copied into one. */
const gatheredBytesMax = 64 * 1024;

export class Pipe<Out, In> implements Channel<Out> {
  readonly #socket: Socket;
  readonly #shape: Shape<In>;
  readonly #listener: PipeListener<In>;
  readonly #reader = new FrameReader();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  readonly #patience: PipePatience;
  #sentBytes = 0;
  #watch: NodeJS.Timeout | undefined;
  #drained: PromiseWithResolvers<void> | undefined;
  #closed: Closed | undefined;

  constructor(path: string, shape: Shape<In>, listener: PipeListener<In>, patience: Partial<PipePatience> = {}) {
    this.#patience = { ...patienceDefault, ...patience };
    this.#shape = shape;
    this.#listener = listener;
    this.#socket = connect({ path });
    this.#socket.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#socket.on("drain", () => {
      this.#drained?.resolve();
      this.#drained = undefined;
    });
    this.#socket.on("error", (error) => this.#close({ why: "failed", problem: error.message }));
    this.#socket.on("close", () => this.#close({ why: "ended" }));
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  get unreadBytes(): number {
    return this.#socket.writableLength + this.#waitingBytes;
  }

  get drained(): Promise<void> {
    if (this.#closed !== undefined || this.unreadBytes === 0) return Promise.resolve();
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

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
    const bytes = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#sentBytes += bytes;
    const [only] = frames;
    if (only !== undefined && frames.length === 1) this.#socket.write(only);
    else if (bytes <= gatheredBytesMax) this.#socket.write(Buffer.concat(frames, bytes));
    else {
      this.#socket.cork();
      for (const frame of frames) this.#socket.write(frame);
      this.#socket.uncork();
    }
    const unread = this.#socket.writableLength;
    if (unread > this.#patience.waitingBytesMax) {
      this.#close({ why: "protocol", problem: `left ${unread} bytes unread` });
    } else if (unread > this.#patience.unreadBytesMax) this.#expectReader();
  }

  /** Much to read at once is no fault of the peer's, as long as it reads on. */
  #expectReader(): void {
    const { unreadBytesMax, silentMsMax } = this.#patience;
    const readSoFar = (): number => this.#sentBytes - this.#socket.writableLength;
    let read = readSoFar();
    const judge = (): void => {
      if (this.#closed !== undefined) return;
      if (this.#socket.writableLength <= unreadBytesMax) {
        clearInterval(this.#watch);
        this.#watch = undefined;
      } else if (readSoFar() > read) read = readSoFar();
      else {
        const unread = this.#socket.writableLength;
        this.#close({ why: "protocol", problem: `read nothing for ${silentMsMax} ms and left ${unread} bytes unread` });
      }
    };
    // After a long turn of the event loop the timer comes before the news of what was read meanwhile.
    this.#watch ??= setInterval(() => setImmediate(judge), silentMsMax).unref();
  }

  #take(chunk: Buffer): void {
    for (const frame of this.#reader.read(chunk)) {
      if (this.#closed !== undefined) return;
      if ("broken" in frame) return this.#close({ why: "protocol", problem: frame.broken });
      const { bodyBytesMax } = this.#patience;
      if (frame.body.length > bodyBytesMax) {
        const problem = `a body of ${frame.body.length} bytes, where ${bodyBytesMax} may be sent`;
        return this.#close({ why: "protocol", problem });
      }
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
    clearInterval(this.#watch);
    this.#drained?.resolve();
    this.#socket.destroy();
    this.#listener.onClosed(closed);
  }
}
