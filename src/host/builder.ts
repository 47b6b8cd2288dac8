/**
 * The kernel's side of the builder: requests over its pipe, each answered exactly once. When the builder dies (hostile
 * source may kill it), everything under way is refused BUILDER_UNAVAILABLE, and later requests wait for the next one.
 */
import { type KernelEpoch, limits, type Refusal, refuse } from "../base/index.ts";
import { type BuilderToKernel, builderToKernelShape, type Diagnostic, type KernelToBuilder } from "../wire/index.ts";
import { Pipe } from "./pipe.ts";

export type Compiled =
  | { readonly code: Uint8Array; readonly sourceMap: Uint8Array; readonly warnings: readonly Diagnostic[] }
  | { readonly rejected: readonly Diagnostic[] };

interface Waiter {
  readonly answer: (message: BuilderToKernel, body: Uint8Array) => void;
  readonly fail: (why: string) => void;
}

const requestMsMax = 30_000;
const requestsMax = 256;

export class Builder implements Disposable {
  readonly #epoch: KernelEpoch;
  readonly #waiters = new Map<number, Waiter>();
  #pipe: Pipe<KernelToBuilder, BuilderToKernel> | undefined;
  /** Requests made while there is no builder, sent when the next one is connected. */
  #parked: (() => void)[] = [];
  #lastId = 0;

  constructor(epoch: KernelEpoch) {
    this.#epoch = epoch;
  }

  /** A builder listens at `socket`: init (re)started it. */
  connect(socket: string): void {
    this.#pipe?.[Symbol.dispose]();
    const pipe = new Pipe<KernelToBuilder, BuilderToKernel>(socket, builderToKernelShape, {
      onMessage: (message, body) => this.#take(message, body),
      onClosed: () => {
        if (this.#pipe === pipe) this.#pipe = undefined;
        this.#failAll("it ended while it worked");
      },
    });
    this.#pipe = pipe;
    pipe.send({ type: "hello", epoch: this.#epoch });
    const parked = this.#parked;
    this.#parked = [];
    for (const send of parked) send();
  }

  async compile(source: {
    readonly scope: string;
    readonly file: string;
    readonly format: "typescript" | "javascript";
    readonly source: Uint8Array;
  }): Promise<Compiled | Refusal> {
    if (source.source.length > limits.sourceBytesMax) {
      return refuse("TOO_LARGE", { what: "code", size: source.source.length, limit: limits.sourceBytesMax });
    }
    const answer = await this.#ask(
      (id) => ({ type: "compile", id, scope: source.scope, file: source.file, format: source.format }),
      source.source,
    );
    if ("refused" in answer) return answer;
    const { message, body } = answer;
    if (message.type === "rejected") return { rejected: message.errors };
    if (message.type !== "compiled" || message.codeBytes > body.length) {
      return refuse("BUILDER_UNAVAILABLE", { why: "problem" in message ? message.problem : "it gave no code" });
    }
    return {
      code: body.subarray(0, message.codeBytes),
      sourceMap: body.subarray(message.codeBytes),
      warnings: message.warnings,
    };
  }

  /** The stack in the agent's own lines; the stack as it was, if it cannot be mapped. */
  async trace(file: string, stack: string, sourceMap: Uint8Array): Promise<string> {
    if (stack === "" || sourceMap.length === 0) return stack;
    const answer = await this.#ask((id) => ({ type: "trace", id, file, stack }), sourceMap);
    return !("refused" in answer) && answer.message.type === "traced" ? answer.message.stack : stack;
  }

  [Symbol.dispose](): void {
    this.#pipe?.[Symbol.dispose]();
    this.#failAll("Solo is shutting down");
  }

  #ask(
    make: (id: number) => KernelToBuilder,
    body: Uint8Array,
  ): Promise<{ readonly message: BuilderToKernel; readonly body: Uint8Array } | Refusal> {
    if (this.#waiters.size >= requestsMax) {
      return Promise.resolve(refuse("OVERLOADED", { what: "The builder's queue", limit: requestsMax }));
    }
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        if (this.#waiters.delete(id)) resolve(refuse("BUILDER_UNAVAILABLE", { why }));
      };
      const timer = setTimeout(() => fail(`no answer within ${requestMsMax} ms`), requestMsMax);
      this.#waiters.set(id, {
        answer: (message, bytes) => {
          clearTimeout(timer);
          resolve({ message, body: bytes });
        },
        fail,
      });
      const send = (): void => {
        if (this.#waiters.has(id)) this.#pipe?.send(make(id), body);
      };
      if (this.#pipe === undefined) this.#parked.push(send);
      else send();
    });
  }

  #take(message: BuilderToKernel, body: Uint8Array): void {
    if (message.type === "welcome") return;
    const waiter = this.#waiters.get(message.id);
    this.#waiters.delete(message.id);
    waiter?.answer(message, body);
  }

  /** Requests already sent fail; those that still wait for a builder go on waiting. */
  #failAll(why: string): void {
    for (const waiter of this.#waiters.values()) waiter.fail(why);
  }
}
