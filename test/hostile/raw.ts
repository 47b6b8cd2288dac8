/**
 * A gRPC client that sends whatever bytes it is given, over a connection of its own, and tells exactly what came back: what
 * the typed client would never send, and what it would explain away.
 */
import { Client, credentials, Metadata, type ChannelOptions, type ServiceError } from "@grpc/grpc-js";
import { readStatus, statusNameOf, type StatusCodeName, type Trouble } from "../../src/api/index.ts";

export interface Peer {
  /** host:port */
  readonly address: string;
  readonly ca: string;
  /** Absent: no certificate is shown. */
  readonly cert?: string;
  readonly key?: string;
}

export interface Answer {
  readonly status: StatusCodeName;
  readonly message: string;
  /** The stable code and its detail; UNKNOWN if what answered was not a Solo's operation. */
  readonly trouble: Trouble;
  /** The first message, if one came. */
  readonly bytes: Buffer | undefined;
  readonly tookMs: number;
}

export interface RawOptions {
  readonly timeoutMs?: number;
  readonly metadata?: Metadata;
}

const same = (bytes: Buffer): Buffer => bytes;

export class RawClient implements Disposable {
  readonly #client: Client;

  constructor(to: Peer, options: ChannelOptions = {}) {
    const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
    // It is the server that doubts here.
    const secure = credentials.createSsl(Buffer.from(to.ca), pem(to.key), pem(to.cert), {
      checkServerIdentity: () => undefined,
    });
    this.#client = new Client(to.address, secure, {
      "grpc.ssl_target_name_override": "localhost",
      "grpc.max_send_message_length": -1,
      "grpc.max_receive_message_length": -1,
      "grpc.initial_reconnect_backoff_ms": 20,
      "grpc.max_reconnect_backoff_ms": 100,
      // Two clients of one certificate are two connections.
      "grpc.use_local_subchannel_pool": 1,
      ...options,
    });
  }

  ready(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + timeoutMs, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** Never rejects: any end is an answer. */
  unary(path: string, request: Buffer, options: RawOptions = {}): Promise<Answer> {
    const began = performance.now();
    return new Promise((resolve) => {
      const deadline = Date.now() + (options.timeoutMs ?? 20_000);
      const metadata = options.metadata ?? new Metadata();
      const done = (error: ServiceError | null, bytes?: Buffer): void => resolve(answerOf(error, bytes, began));
      this.#client.makeUnaryRequest<Buffer, Buffer>(path, same, same, request, metadata, { deadline }, done);
    });
  }

  /** The first message of a stream, which is then left, or its end. */
  first(path: string, request: Buffer, options: RawOptions = {}): Promise<Answer> {
    const began = performance.now();
    return new Promise((resolve) => {
      const deadline = Date.now() + (options.timeoutMs ?? 20_000);
      const metadata = options.metadata ?? new Metadata();
      const call = this.#client.makeServerStreamRequest<Buffer, Buffer>(path, same, same, request, metadata, {
        deadline,
      });
      call.once("data", (bytes: Buffer) => {
        resolve(answerOf(null, bytes, began));
        call.cancel();
      });
      // After the first message the promise is settled, and the cancellation that follows says nothing new.
      call.on("error", (error: ServiceError) => resolve(answerOf(error, undefined, began)));
      call.once("end", () => resolve(answerOf(null, undefined, began)));
    });
  }

  /** One message into a stream both ways, and the first that comes back. */
  exchange(path: string, request: Buffer, options: RawOptions = {}): Promise<Answer> {
    const began = performance.now();
    return new Promise((resolve) => {
      const deadline = Date.now() + (options.timeoutMs ?? 20_000);
      const call = this.#client.makeBidiStreamRequest<Buffer, Buffer>(
        path,
        same,
        same,
        options.metadata ?? new Metadata(),
        { deadline },
      );
      call.once("data", (bytes: Buffer) => {
        resolve(answerOf(null, bytes, began));
        call.cancel();
      });
      call.on("error", (error: ServiceError) => resolve(answerOf(error, undefined, began)));
      call.once("end", () => resolve(answerOf(null, undefined, began)));
      call.write(request);
      call.end();
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function answerOf(error: ServiceError | null, bytes: Buffer | undefined, began: number): Answer {
  const [details] = error?.metadata.get("grpc-status-details-bin") ?? [];
  return {
    status: error === null ? "OK" : statusNameOf(error.code),
    message: error?.details ?? "",
    trouble: readStatus(details instanceof Uint8Array ? details : undefined),
    bytes,
    tookMs: performance.now() - began,
  };
}
