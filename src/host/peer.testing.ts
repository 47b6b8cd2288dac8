/** A peer for the host's tests: a Unix socket that speaks the wire as a cell or a builder would, or breaks it on purpose. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFrame, FrameReader } from "../wire/index.ts";

export interface Heard {
  readonly header: { readonly type: string; readonly [name: string]: unknown };
  readonly body: Uint8Array;
}

export class Peer implements AsyncDisposable {
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #heard: Heard[] = [];
  #wanted: (() => void) | undefined;
  readonly path: string;

  private constructor(folder: string, server: Server) {
    this.#folder = folder;
    this.#server = server;
    this.path = join(folder, "peer.sock");
  }

  static async listen(): Promise<Peer> {
    const folder = await mkdtemp(join(tmpdir(), "solo-peer-"));
    const server = createServer();
    const peer = new Peer(folder, server);
    server.on("connection", (socket) => peer.#greet(socket));
    await new Promise<void>((resolve) => server.listen(peer.path, resolve));
    return peer;
  }

  #greet(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new FrameReader();
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      for (const frame of reader.read(chunk)) {
        if ("broken" in frame) throw new Error(frame.broken);
        this.#heard.push({ header: frame.header as Heard["header"], body: frame.body });
      }
      this.#wanted?.();
    });
  }

  /** The next message of this type, removed from what was heard. */
  async hear(type: string): Promise<Heard> {
    for (;;) {
      const at = this.#heard.findIndex(({ header }) => header.type === type);
      const [found] = at < 0 ? [] : this.#heard.splice(at, 1);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#wanted = resolve));
    }
  }

  /** The types of the messages that came and were not asked for. */
  get unheard(): readonly string[] {
    return this.#heard.map(({ header }) => header.type);
  }

  say(message: unknown, body?: Uint8Array): void {
    this.write(encodeFrame(message, body));
  }

  write(bytes: Uint8Array): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  /** From now on what is sent to it stays unread. */
  readNothing(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await rm(this.#folder, { recursive: true, force: true });
  }
}
