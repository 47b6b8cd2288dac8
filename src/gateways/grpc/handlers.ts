/**
 * The operation table as a grpc-js service. Bytes are parsed here and not in grpc-js, so that what cannot be parsed is
 * refused as every other request is.
 */
import type { EventEmitter } from "node:events";
import { toBinary, type Message } from "@bufbuild/protobuf";
import {
  Metadata,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { operations, statusOf, type Failure, type Operation } from "../../api/index.ts";
import { isRefusal, refuse, type Refusal } from "../../base/index.ts";
import type { Principal } from "../../kernel/index.ts";
import { incidentOf, type Report, type Runner } from "../operations/run.ts";
import { parseRequest } from "./parse-request.ts";

export interface HandlerParts {
  readonly runner: Runner;
  /** Where the runner tells its bugs, for those that are met when it has answered. */
  readonly report: Report;
  readonly principalAt: (peer: string) => Principal | Refusal;
  /** When that connection was made, by the host's monotonic clock. */
  readonly connectedMsAt: (peer: string) => number;
  /** Fires when the gateway closes: streams end, so that their clients look for the next kernel. */
  readonly closing: AbortSignal;
}

export const same = (bytes: Buffer): Buffer => bytes;

/** Requests and answers are bytes to grpc-js. */
export const rawMethod = (
  path: string,
  kind: { readonly requestStream: boolean; readonly responseStream: boolean },
): MethodDefinition<Buffer, Buffer> => ({
  path,
  ...kind,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

export function serviceOf(parts: HandlerParts): {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
} {
  const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const operation of operations) {
    const responseStream = operation.kind === "server_streaming";
    definition[operation.name] = rawMethod(operation.path, { requestStream: false, responseStream });
    implementation[operation.name] = responseStream ? streamOf(parts, operation) : unaryOf(parts, operation);
  }
  return { definition, implementation };
}

function unaryOf(parts: HandlerParts, operation: Operation): handleUnaryCall<Buffer, Buffer> {
  const answer = async (call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer | Failure> => {
    const request = parseRequest(operation, call.request);
    if (isRefusal(request)) return request;
    const { signal, release } = watch(call);
    const peer = call.getPeer();
    const [principal, connectedMs] = [parts.principalAt(peer), parts.connectedMsAt(peer)];
    const message = await parts.runner.unary({ principal, operation, request, signal, connectedMs });
    release();
    return isFailure(message) ? message : encode(parts, operation, message);
  };
  return async (call, callback) => {
    // The runner does not reject: a bug is an answer too. So is an answer that cannot be said: nothing of it ends the kernel.
    try {
      const answered = await answer(call);
      if (isRefusal(answered)) callback(errorOf(answered));
      else callback(null, answered);
    } catch (error) {
      callback(errorOf(incidentOf(parts.report, operation, error)));
    }
  };
}

function streamOf(parts: HandlerParts, operation: Operation): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const request = parseRequest(operation, call.request);
    if (isRefusal(request)) return void call.emit("error", errorOf(request));
    const signal = AbortSignal.any([watch(call).signal, parts.closing]);
    const principal = parts.principalAt(call.getPeer());
    const stream = parts.runner.stream({ principal, operation, request, signal });
    pump(call, parts, operation, stream).catch((error: unknown) => {
      call.emit("error", errorOf(incidentOf(parts.report, operation, error)));
    });
  };
}

async function pump(
  call: ServerWritableStream<Buffer, Buffer>,
  parts: HandlerParts,
  operation: Operation,
  stream: ReturnType<Runner["stream"]>,
): Promise<void> {
  for (let next = await stream.next(); ; next = await stream.next()) {
    if (next.done === true) {
      const failure = next.value ?? (parts.closing.aborted ? refuse("SHUTTING_DOWN") : undefined);
      if (call.cancelled) return;
      if (failure === undefined) call.end();
      else call.emit("error", errorOf(failure));
      return;
    }
    const encoded = encode(parts, operation, next.value);
    if (isRefusal(encoded)) {
      await stream.return(undefined);
      call.emit("error", errorOf(encoded));
      return;
    }
    if (!call.write(encoded)) await drained(call);
  }
}

function encode({ report }: HandlerParts, operation: Operation, answer: Message): Buffer | Failure {
  try {
    return Buffer.from(toBinary(operation.output, answer));
  } catch (error) {
    return incidentOf(report, operation, error);
  }
}

/** Resolves when the client has read on, or will not any more. */
const drained = (call: ServerWritableStream<Buffer, Buffer>): Promise<void> =>
  new Promise((resolve) => {
    if (call.cancelled) return resolve();
    const go = (): void => {
      for (const event of ["drain", "cancelled", "close", "error"]) call.removeListener(event, go);
      resolve();
    };
    for (const event of ["drain", "cancelled", "close", "error"]) call.once(event, go);
  });

const isFailure = (answer: Message | Failure): answer is Failure => isRefusal(answer);

/** Given as the reason, so that none is made for each call: grpc-js says `cancelled` of every call that is over. */
const over = "the call is over";

/**
 * `signal` fires when the client cancelled, its deadline passed, or its connection is gone; at the latest when the call is
 * over, unless it was released before: to fire it is not free.
 */
function watch(call: EventEmitter & { readonly cancelled: boolean }): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const abort = (): void => controller.abort(over);
  if (call.cancelled) abort();
  else call.once("cancelled", abort);
  return { signal: controller.signal, release: () => void call.off("cancelled", abort) };
}

export function errorOf(failure: Failure): { code: number; details: string; metadata: Metadata } {
  const { code, message, details } = statusOf(failure);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(details));
  return { code, details: message, metadata };
}
