/** A server's stream as an async iterable: leaving the loop, or the signal, cancels it. */
import { fromBinary, toBinary, type Message } from "@bufbuild/protobuf";
import { Metadata, status as codes, type Client, type ServiceError } from "@grpc/grpc-js";
import type { Operation } from "../api/index.ts";
import { soloErrorOf } from "./error.ts";

export interface StreamOptions {
  /** The stream ends with TIMEOUT after this long; default: it does not. */
  readonly timeoutMs?: number;
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal;
}

export async function* callStream(
  client: Client,
  operation: Operation,
  request: Message,
  options: StreamOptions,
): AsyncGenerator<Message, void, undefined> {
  const { signal, timeoutMs } = options;
  if (isAborted(signal)) return;
  const call = client.makeServerStreamRequest<Message, Message>(
    operation.path,
    (message) => Buffer.from(toBinary(operation.input, message)),
    (bytes) => fromBinary(operation.output, bytes),
    request,
    new Metadata(),
    timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
  );
  const cancel = (): void => call.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for await (const message of call as AsyncIterable<Message>) yield message;
  } catch (error) {
    if (!isServiceError(error)) throw error;
    if (error.code === codes.CANCELLED && isAborted(signal)) return;
    throw soloErrorOf(error);
  } finally {
    signal?.removeEventListener("abort", cancel);
    // What the cancelled call still reports has nobody left to hear it.
    call.on("error", () => undefined);
    call.cancel();
  }
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted ?? false;

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "code" in error && "metadata" in error;
