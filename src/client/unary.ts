/**
 * One unary call, with the retries that are safe: only when no Solo answered (its kernel is being restarted) or it was
 * still starting, and only if asking twice does nothing twice.
 */
import { setTimeout as wait } from "node:timers/promises";
import { toBinary, fromBinary, type Message } from "@bufbuild/protobuf";
import { connectivityState, Metadata, type CallOptions as GrpcOptions, type Client } from "@grpc/grpc-js";
import type { Operation } from "../api/index.ts";
import { limits } from "../base/index.ts";
import { SoloError, soloErrorOf } from "./error.ts";

export interface CallOptions {
  /** Overall, retries included. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** How long to go on asking once no Solo answers; 0: never ask twice. Default 3,000. */
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
  const age = new Age(request);
  const left = (): number => options.timeoutMs - age.elapsedMs;
  const signal = pick(options.signal);
  let retryUntil: number | undefined;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMsMax, delayMs * 2)) {
    try {
      return await once(client, operation, request, { timeoutMs: left(), ...signal });
    } catch (error) {
      if (!(error instanceof SoloError) || !mayRepeat(operation, request, error)) throw error;
      retryUntil ??= performance.now() + Math.min(options.retryForMs ?? retryForMsDefault, left());
      if (performance.now() + delayMs > retryUntil) throw error;
      // An abort while waiting ends the call with what went wrong, which says more than the abort.
      await wait(delayMs, undefined, signal).catch(() => Promise.reject(error));
      // A kernel that is still starting has said that it did nothing.
      if (error.code === "STARTING") continue;
      await connecting(client, retryUntil, options.signal);
      age.write();
    }
  }
}

/** Of a request that says when it is sent again, and was first sent how long ago. */
class Age {
  readonly #request: Message & { ageMs?: unknown };
  readonly #before: number;
  readonly #started = performance.now();
  readonly #startedAt = Date.now();

  constructor(request: Message) {
    this.#request = request;
    this.#before = "ageMs" in request && typeof request.ageMs === "number" ? request.ageMs : 0;
  }

  get elapsedMs(): number {
    return performance.now() - this.#started;
  }

  write(): void {
    if (!("ageMs" in this.#request)) return;
    // A machine that slept knows it by the wall clock alone. Never too little: it may have run in what was there then.
    const elapsedMs = Math.max(this.elapsedMs, Date.now() - this.#startedAt);
    this.#request.ageMs = Math.min(limits.callAgeMsMax, this.#before + Math.ceil(elapsedMs) + 1);
  }
}

/** Resolves when the connection is up, or cannot be had now: the next request will say why. */
async function connecting(client: Client, until: number, signal: AbortSignal | undefined): Promise<void> {
  const aborted = new Promise<boolean>((resolve) =>
    signal?.addEventListener("abort", () => resolve(false), { once: true }),
  );
  const channel = client.getChannel();
  const deadline = Date.now() + Math.max(0, until - performance.now());
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state !== connectivityState.IDLE && state !== connectivityState.CONNECTING) return;
    const changed = new Promise<boolean>((resolve) =>
      channel.watchConnectivityState(state, deadline, (error) => resolve(error === undefined)),
    );
    if (!(await Promise.race([changed, aborted]))) return;
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
