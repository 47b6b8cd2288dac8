/** The client: one method per RPC, typed by the contract itself. */
import { randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { create, type Message, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import { operations, type Operation, type OperationName, type SoloKernel } from "../api/index.ts";
import { limits } from "../base/index.ts";
import type { Connection } from "./profile.ts";
import { callStream, type StreamOptions } from "./stream.ts";
import { callUnary, type CallOptions } from "./unary.ts";

type Methods = typeof SoloKernel.method;

type Method<M> = M extends { methodKind: "unary"; input: infer I; output: infer O }
  ? (request?: Init<I>, options?: CallOptions) => Promise<Shape<O>>
  : M extends { methodKind: "server_streaming"; input: infer I; output: infer O }
    ? (request?: Init<I>, options?: StreamOptions) => AsyncGenerator<Shape<O>, void, undefined>
    : never;
type Init<D> = D extends Operation["input"] ? MessageInitShape<D> : never;
type Shape<D> = D extends Operation["output"] ? MessageShape<D> : never;

/**
 * Every RPC as a method: `client.deploy({ serviceId, code })`. Unary methods return a promise, streams an async generator
 * (leave the loop to end it). All throw {@link SoloError}. What a request_id
 * makes safe to repeat gets a fresh one, unless one is given: calls of services, too, survive the end of a kernel.
 */
export type SoloClient = { readonly [K in OperationName]: Method<Methods[K]> } & {
  readonly address: string;
  /** Resolves once connected; throws after `timeoutMs`. */
  readonly ready: (timeoutMs: number) => Promise<void>;
  /** Ends the connection; calls under way fail. */
  readonly close: () => void;
  readonly [Symbol.dispose]: () => void;
};

const timeoutMsDefault = 60_000;
/** Deploy, Kill and Shutdown wait for services, whose own timeouts may be this long. */
const waitingMsDefault = 660_000;
const waiting: ReadonlySet<OperationName> = new Set<OperationName>(["deploy", "kill", "shutdown", "deleteTenant"]);

/** Does not wait for the connection: the first call does. */
export function connect(to: Connection): SoloClient {
  const host = hostOf(to.address);
  const secure = credentials.createSsl(Buffer.from(to.ca), Buffer.from(to.key), Buffer.from(to.cert), {
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  });
  const client = new Client(to.address, secure, {
    // TLS names no IP addresses (RFC 6066), and Node 26 refuses to: some name is sent, the address itself is checked.
    ...(isIP(host) === 0 ? {} : { "grpc.ssl_target_name_override": "localhost" }),
    "grpc.max_receive_message_length": limits.frameBytesMax,
    "grpc.max_send_message_length": limits.frameBytesMax,
    // A kernel is back within half a second: do not sleep through it.
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.min_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
  });
  const methods = Object.fromEntries(operations.map((operation) => [operation.name, methodOf(client, operation)]));
  const close = (): void => client.close();
  return {
    // The table and the contract are one: a method of its name has its schemas.
    ...(methods as { readonly [K in OperationName]: Method<Methods[K]> }),
    address: to.address,
    ready: (timeoutMs) =>
      new Promise((resolve, reject) => {
        client.waitForReady(Date.now() + timeoutMs, (error) => (error === undefined ? resolve() : reject(error)));
      }),
    close,
    [Symbol.dispose]: close,
  };
}

/** `127.0.0.1:50051` → `127.0.0.1`, `[::1]:50051` → `::1` */
const hostOf = (address: string): string => address.replace(/:[0-9]+$/, "").replace(/^\[(.*)\]$/, "$1");

function methodOf(client: Client, operation: Operation): unknown {
  const fill = (init: Record<string, unknown> | undefined): Message => {
    const request = create(operation.input, init);
    return operation.repeated === "request_id" && "requestId" in request && request.requestId === ""
      ? Object.assign(request, { requestId: randomUUID() })
      : request;
  };
  if (operation.kind === "server_streaming") {
    return (init?: Record<string, unknown>, options: StreamOptions = {}) =>
      callStream(client, operation, fill(init), options);
  }
  return (init?: Record<string, unknown>, options: CallOptions = {}) => {
    const request = fill(init);
    const timeoutMs = options.timeoutMs ?? patience(operation, request);
    return callUnary(client, operation, request, { ...options, timeoutMs });
  };
}

function patience(operation: Operation, request: Message): number {
  if (waiting.has(operation.name)) return waitingMsDefault;
  const asked = "timeoutMs" in request && typeof request.timeoutMs === "number" ? request.timeoutMs : 0;
  // The server's own timeout answers better than ours: it knows whether the call ran.
  return Math.max(timeoutMsDefault, asked + 5_000);
}
