/** Asks the bare echo of bench/peers/unix-echo.ts: the peer of whatever crosses from process to process. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../peers/unix-echo.ts", import.meta.url));

export interface Sizes {
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** A request is written in so many pieces of `requestBytes`, and answered when all are there. Default 1. */
  readonly pieces?: number;
}

/** Owns its processes and their sockets. */
export class UnixEcho implements AsyncDisposable {
  readonly #folder: string;
  readonly #peers: readonly ChildProcess[];
  readonly #socket: Socket;
  readonly #piece: Buffer;
  readonly #pieces: number;
  readonly #waiting: (() => void)[] = [];

  private constructor(folder: string, peers: readonly ChildProcess[], socket: Socket, sizes: Sizes) {
    this.#folder = folder;
    this.#peers = peers;
    this.#socket = socket;
    this.#piece = Buffer.alloc(sizes.requestBytes, 0x53);
    this.#pieces = sizes.pieces ?? 1;
    let have = 0;
    socket.on("data", (chunk: Buffer) => {
      for (have += chunk.length; have >= sizes.responseBytes; have -= sizes.responseBytes) this.#waiting.shift()?.();
    });
  }

  /** `relays`: processes between the asker and the one that answers. */
  static async start(sizes: Sizes, relays: 0 | 1 = 0): Promise<UnixEcho> {
    const folder = mkdtempSync(join(tmpdir(), "solo-bench-echo-"));
    const path = (hop: number): string => join(folder, `${hop}.sock`);
    const peers: ChildProcess[] = [];
    for (let hop = 0; hop <= relays; hop++) {
      const behind = hop === 0 ? [] : [path(hop - 1)];
      const requestBytes = sizes.requestBytes * (sizes.pieces ?? 1);
      const args = [entry, path(hop), `${requestBytes}`, `${sizes.responseBytes}`, ...behind];
      const peer = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
      peers.push(peer);
      await once(peer.stdout, "data");
    }
    const socket = connect(path(relays));
    await once(socket, "connect");
    return new UnixEcho(folder, peers, socket, sizes);
  }

  /** One request there and one answer back. */
  ask(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      for (let piece = 0; piece < this.#pieces; piece++) this.#socket.write(this.#piece);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    for (const peer of this.#peers) {
      peer.stdin?.end();
      if (peer.exitCode === null) await once(peer, "close");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
