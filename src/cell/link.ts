/**
 * One kernel's connection: frames in, frames out, the out ones gathered and written once per turn of the event loop. A
 * peer that breaks the form is cut off; the cell goes on.
 */
import type { Socket } from "node:net";
import { isMisfit, type KernelEpoch } from "../base/index.ts";
import { type CellToKernel, encodeFrame, FrameReader, type KernelToCell, kernelToCellShape } from "../wire/index.ts";

/** A kernel that reads nothing for this long, while more than this waits for it, hangs: it is cut off. */
const unreadBytesMax = 64 * 1024 * 1024;
const silentMsMax = 15_000;
/** Frames that are longer are not copied together. */
const gatheredBytesMax = 64 * 1024;

export class Link {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  #out: Uint8Array[] = [];
  #scheduled = false;
  #sentBytes = 0;
  #watch: NodeJS.Timeout | undefined;
  #closed = false;
  /** Set by its `hello`. */
  epoch: KernelEpoch | undefined;

  constructor(
    socket: Socket,
    on: {
      readonly frame: (link: Link, header: KernelToCell, body: Uint8Array) => void;
      readonly closed: (link: Link) => void;
      readonly broken: (why: string) => void;
    },
  ) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      for (const frame of this.#reader.read(chunk)) {
        if (this.#closed) return;
        if ("broken" in frame) {
          on.broken(frame.broken);
          return this.close();
        }
        const header = kernelToCellShape(frame.header);
        if (isMisfit(header)) {
          on.broken(`${header.at} ${header.misfit}`);
          return this.close();
        }
        on.frame(this, header, frame.body);
      }
    });
    // What a connection's error says, its close says too.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#closed = true;
      clearInterval(this.#watch);
      on.closed(this);
    });
  }

  get open(): boolean {
    return !this.#closed;
  }

  send(header: CellToKernel, body?: Uint8Array): void {
    if (this.#closed) return;
    this.#out.push(encodeFrame(header, body));
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    const out = this.#out;
    this.#out = [];
    if (this.#closed || out.length === 0) return;
    const bytes = out.reduce((sum, frame) => sum + frame.length, 0);
    this.#sentBytes += bytes;
    const [only] = out;
    if (only !== undefined && out.length === 1) this.#socket.write(only);
    else if (bytes <= gatheredBytesMax) this.#socket.write(Buffer.concat(out, bytes));
    else {
      this.#socket.cork();
      for (const frame of out) this.#socket.write(frame);
      this.#socket.uncork();
    }
    if (this.#socket.writableLength > unreadBytesMax) this.#expectReader();
  };

  /** Large results of many calls at once are no fault of the kernel's, as long as it reads on. */
  #expectReader(): void {
    const readSoFar = (): number => this.#sentBytes - this.#socket.writableLength;
    let read = readSoFar();
    const judge = (): void => {
      if (this.#socket.writableLength <= unreadBytesMax) {
        clearInterval(this.#watch);
        this.#watch = undefined;
      } else if (readSoFar() === read) this.#socket.destroy();
      else read = readSoFar();
    };
    // After a long turn of a guest the timer comes before the news of what was read meanwhile.
    this.#watch ??= setInterval(() => setImmediate(judge), silentMsMax).unref();
  }

  /** Closes it after what was sent so far. */
  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#socket.end();
    this.#socket.resume();
    setTimeout(() => this.#socket.destroy(), 1_000).unref();
  }
}
