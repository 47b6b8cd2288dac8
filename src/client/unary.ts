/**
 * One unary call, with the retries that are safe: only when no Solo answered (its kernel is being restarted) or it was
 * still starting, and only if asking twice does nothing twice.
 */
import { setTimeout as wait } from "node:timers/promises";
import { toBinary, fromBinary, type Message } from "@bufbuild/protobuf";
import { Metadata, type CallOptions as GrpcOptions, type Client } from "@grpc/grpc-js";
import type { Operation } from "../api/index.ts";
import { SoloError, soloErrorOf } from "./error.ts";

export interface CallOptions {
  /** Overall, retries included. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** How long to go on asking while no Solo answers; 0: never ask twice. Default 3,000. */
  readonly retryForMs?: number;
}

const retryForMsDefault = 3_000;
const firstDelayMs = 50;
const delayMsMax = 500;

export async function callUnary(
  client: Client,
  operation: Operation,
  request: Message,
  options: CallOptions & { readonly timeoutMs: number },
): Promise<Message> {
  const started = performance.now();
  const left = (): number => options.timeoutMs - (performance.now() - started);
  const retryUntil = started + Math.min(options.retryForMs ?? retryForMsDefault, options.timeoutMs);
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMsMax, delayMs * 2)) {
    try {
      return await once(client, operation, request, { timeoutMs: left(), ...pick(options.signal) });
    } catch (error) {
      if (!(error instanceof SoloError) || !mayRepeat(operation, request, error)) throw error;
      if (performance.now() + delayMs > retryUntil) throw error;
      // An abort while waiting ends the call with what went wrong, which says more than the abort.
      await wait(delayMs, undefined, pick(options.signal)).catch(() => Promise.reject(error));
    }
  }
}

const pick = (signal: AbortSignal | undefined): { readonly signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };

function mayRepeat(operation: Operation, request: Message, error: SoloError): boolean {
  if (error.code !== "UNREACHABLE" && error.code !== "STARTING") return false;
  // Nobody listens there, or TLS was refused: it will be no different in a second.
  if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|certificate|altnames/i.test(error.message)) return false;
  if (error.code === "STARTING" || operation.repeated === "same") return true;
  return operation.repeated === "request_id" && "requestId" in request && request.requestId !== "";
}

function once(
  client: Client,
  operation: Operation,
  request: Message,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Message> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    const grpcOptions: GrpcOptions = { deadline: Date.now() + Math.max(1, options.timeoutMs) };
    const call = client.makeUnaryRequest<Message, Message>(
      operation.path,
      (message) => Buffer.from(toBinary(operation.input, message)),
      (bytes) => fromBinary(operation.output, bytes),
      request,
      new Metadata(),
      grpcOptions,
      (error, response) => {
        signal?.removeEventListener("abort", cancel);
        if (error !== null) reject(soloErrorOf(error));
        else if (response === undefined) reject(new Error(`${operation.rpc} answered nothing`));
        else resolve(response);
      },
    );
    const cancel = (): void => call.cancel();
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener("abort", cancel, { once: true });
  });
}
