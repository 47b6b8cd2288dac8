/**
 * Listening sockets that init makes and never accepts on: it binds through Node's own (undocumented) way for cluster
 * workers, and listens through libc, so that connections queue while no kernel, builder or cell is up to take them.
 *
 * A bound Unix socket's path is unlinked when its handle is closed or collected: whoever gets one keeps it referenced.
 */
import net from "node:net";
import { getSystemErrorName } from "node:util";
import { insist, type Refusal, refuse } from "../base/index.ts";
import { type Libc, listen } from "../sandbox/index.ts";
import { type ListenAddress, sayAddress } from "./options.ts";

const backlogMax = 511;

/** What libuv's handle offers of use here. */
interface Handle {
  readonly fd: number;
  close(): void;
  getsockname?(out: { address?: string; port?: number }): number;
}

export interface ListeningSocket extends Disposable {
  readonly fd: number;
  readonly handle: Handle;
}

type CreateServerHandle = (host: string, port: number, type: number, fd?: number, flags?: number) => Handle | number;

function createServerHandle(...args: Parameters<CreateServerHandle>): Handle | number {
  const { _createServerHandle: create } = net as unknown as { readonly _createServerHandle?: CreateServerHandle };
  insist(create !== undefined, "this Node has net._createServerHandle");
  return create(...args);
}

const asSocket = (handle: Handle): ListeningSocket => ({
  fd: handle.fd,
  handle,
  [Symbol.dispose]: () => handle.close(),
});

/** The address that is returned has the port that was really taken. */
export function listenTcp(
  libc: Libc,
  wanted: ListenAddress,
): { readonly socket: ListeningSocket; readonly address: ListenAddress } | Refusal {
  const handle = createServerHandle(wanted.host, wanted.port, wanted.host.includes(":") ? 6 : 4, -1, 0);
  if (typeof handle === "number") return refuseAddress(wanted, handle);
  // libuv keeps EADDRINUSE of bind to itself until it is asked for something; libc's listen would take any free port then.
  const bound: { port?: number } = {};
  const problem = handle.getsockname?.(bound) ?? 0;
  if (problem !== 0 || bound.port === undefined || !listen(libc, handle.fd, backlogMax)) {
    handle.close();
    // Two sockets may be bound to one port as long as neither listens: the second to listen is refused.
    return problem === 0 ? refuse("PORT_IN_USE", { address: sayAddress(wanted) }) : refuseAddress(wanted, problem);
  }
  return { socket: asSocket(handle), address: { host: wanted.host, port: bound.port } };
}

function refuseAddress(wanted: ListenAddress, problem: number): Refusal {
  const address = sayAddress(wanted);
  const name = getSystemErrorName(problem);
  if (name === "EADDRINUSE") return refuse("PORT_IN_USE", { address });
  const known: Readonly<Record<string, string>> = {
    EACCES: "permission denied",
    EADDRNOTAVAIL: "this machine has no such address",
  };
  return refuse("ADDRESS_UNUSABLE", { address, why: known[name] ?? name });
}

/** `path` is relative to the run directory: paths of Unix sockets have room for 107 bytes. Throws if it cannot be made. */
export function listenUnix(libc: Libc, path: string): ListeningSocket {
  const handle = createServerHandle(path, -1, -1);
  if (typeof handle === "number") throw new Error(`socket ${path} cannot be made: ${getSystemErrorName(handle)}`);
  if (!listen(libc, handle.fd, backlogMax)) {
    handle.close();
    throw new Error(`socket ${path} cannot listen`);
  }
  return asSocket(handle);
}

/**
 * A path at which one process after another listens, each on a socket of its own. All copies of a descriptor are one socket:
 * what its holder does to it (`shutdown`, options, filters) stays done, and would be found by the next one.
 */
export class RenewableSocket implements Disposable {
  readonly #libc: Libc;
  readonly #path: string;
  #socket: ListeningSocket | undefined;

  /** Connections queue from now on. Throws if it cannot be made. */
  constructor(libc: Libc, path: string) {
    this.#libc = libc;
    this.#path = path;
    this.#socket = listenUnix(libc, path);
  }

  /** Of the socket that is at the path now; made if there is none. Throws if it cannot be made. */
  get fd(): number {
    this.#socket ??= listenUnix(this.#libc, this.#path);
    return this.#socket.fd;
  }

  /** Its holder is gone: whoever connects from now on finds a new socket, and what queued on the old one is reset. */
  renew(): void {
    this[Symbol.dispose]();
    // Where none can be made just now, `fd` tries again and says why not.
    try {
      this.#socket = listenUnix(this.#libc, this.#path);
    } catch {
      this.#socket = undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }
}
