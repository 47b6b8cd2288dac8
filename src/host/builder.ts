/**
 * The kernel's side of the builder: requests over its pipe, each answered exactly once. Hostile source may kill it, and many
 * sources keep it busy; neither is to be felt by another tenant (P1):
 *
 *   tenants' queues ── in rotation ──▶ under way (few, in order) ──▶ answered
 *          ▲                               │ the builder ended
 *          └────── all but the oldest ─────┘
 *
 * It answers in turn, so that what it ended of is the oldest request: that one is refused BUILDER_UNAVAILABLE, and the others
 * are asked of the next builder.
 */
import { type KernelEpoch, limits, type Refusal, refuse } from "../base/index.ts";
import { type BuilderToKernel, builderToKernelShape, type Diagnostic, type KernelToBuilder } from "../wire/index.ts";
import { Pipe, type PipeListener } from "./pipe.ts";

export type Compiled =
  | { readonly code: Uint8Array; readonly sourceMap: Uint8Array; readonly warnings: readonly Diagnostic[] }
  | { readonly rejected: readonly Diagnostic[] };

interface Asked {
  readonly scope: string;
  readonly message: KernelToBuilder & { readonly id: number };
  readonly body: Uint8Array;
  readonly answer: (answered: Answered | Refusal) => void;
}

interface Answered {
  readonly message: BuilderToKernel;
  readonly body: Uint8Array;
}

const requestMsMax = 30_000;
/** Whoever wants a stack mapped has given up by then: what the builder has not begun is not kept in its queue. */
const traceMsMax = 1_000;
const requestsMax = 256;
const requestsPerScopeMax = 32;
/** The next request is at the builder when it has answered one; the pipe never holds more than these. */
const underWayMax = 2;
/** It reads nothing while it works, and on a busy machine that may take long. One that works for longer is init's to judge. */
const silentMsMax = requestMsMax;
/** After we closed the pipe of a builder that lives: none is spawned in its place, so it is asked again. */
const againAfterMs = 500;

export class Builder implements Disposable {
  readonly #epoch: KernelEpoch;
  /** By scope; the first is the next to be served. */
  readonly #queues = new Map<string, Asked[]>();
  /** By id, in the order in which they were sent. */
  readonly #underWay = new Map<number, Asked>();
  #pipe: Pipe<KernelToBuilder, BuilderToKernel> | undefined;
  #again: NodeJS.Timeout | undefined;
  #isOver = false;
  #lastId = 0;

  constructor(epoch: KernelEpoch) {
    this.#epoch = epoch;
  }

  /** One listens, as far as is known. */
  get isUp(): boolean {
    return this.#pipe !== undefined;
  }

  /** A builder listens at `socket`: init (re)started it. */
  connect(socket: string): void {
    clearTimeout(this.#again);
    this.#pipe?.[Symbol.dispose]();
    const listener: PipeListener<BuilderToKernel> = {
      onMessage: (message, body) => this.#take(message, body),
      onClosed: (closed) => {
        if (this.#pipe === pipe) this.#pipe = undefined;
        this.#ended();
        if (closed.why !== "protocol" || this.#isOver) return;
        this.#again = setTimeout(() => this.connect(socket), againAfterMs);
      },
    };
    const pipe = new Pipe<KernelToBuilder, BuilderToKernel>(socket, builderToKernelShape, listener, { silentMsMax });
    this.#pipe = pipe;
    pipe.send({ type: "hello", epoch: this.#epoch });
    this.#sendOn();
  }

  /** `scope` is whose source it is: a tenant. */
  async compile(source: {
    readonly scope: string;
    readonly file: string;
    readonly format: "typescript" | "javascript";
    readonly source: Uint8Array;
  }): Promise<Compiled | Refusal> {
    const { scope, file, format } = source;
    if (source.source.length > limits.sourceBytesMax) {
      return refuse("TOO_LARGE", { what: "code", size: source.source.length, limit: limits.sourceBytesMax });
    }
    const answer = await this.#ask(scope, (id) => ({ type: "compile", id, scope, file, format }), source.source);
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
  async trace(scope: string, file: string, stack: string, sourceMap: Uint8Array): Promise<string> {
    if (stack === "" || sourceMap.length === 0) return stack;
    const answer = await this.#ask(scope, (id) => ({ type: "trace", id, file, stack }), sourceMap, traceMsMax);
    return !("refused" in answer) && answer.message.type === "traced" ? answer.message.stack : stack;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#again);
    const all = [...this.#underWay.values(), ...[...this.#queues.values()].flat()];
    this.#queues.clear();
    this.#underWay.clear();
    this.#pipe?.[Symbol.dispose]();
    for (const { answer } of all) answer(refuse("BUILDER_UNAVAILABLE", { why: "Solo is shutting down" }));
  }

  // ------------------------------------------------------------------ queues

  #ask(
    scope: string,
    make: (id: number) => Asked["message"],
    body: Uint8Array,
    withinMs = requestMsMax,
  ): Promise<Answered | Refusal> {
    const queue = this.#queues.get(scope) ?? [];
    if (queue.length >= requestsPerScopeMax || this.#waiting >= requestsMax) {
      return Promise.resolve(refuse("OVERLOADED", { what: "The builder's queue", limit: requestsPerScopeMax }));
    }
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#forget(asked);
        resolve(refuse("BUILDER_UNAVAILABLE", { why: `no answer within ${withinMs} ms` }));
      }, withinMs);
      const asked: Asked = {
        scope,
        message: make(id),
        body,
        answer: (answered) => {
          clearTimeout(timer);
          resolve(answered);
        },
      };
      queue.push(asked);
      this.#queues.set(scope, queue);
      this.#sendOn();
    });
  }

  get #waiting(): number {
    let sum = 0;
    for (const queue of this.#queues.values()) sum += queue.length;
    return sum;
  }

  #sendOn(): void {
    while (this.#pipe !== undefined && this.#underWay.size < underWayMax) {
      const next = this.#next();
      if (next === undefined) return;
      this.#underWay.set(next.message.id, next);
      this.#pipe.send(next.message, next.body);
    }
  }

  /** One of each scope in rotation. */
  #next(): Asked | undefined {
    for (const [scope, queue] of this.#queues) {
      const asked = queue.shift();
      this.#queues.delete(scope);
      if (queue.length > 0) this.#queues.set(scope, queue);
      return asked;
    }
    return undefined;
  }

  /** Nobody waits for it any more. What the builder has of it keeps its place: it is still being worked on. */
  #forget({ scope, message }: Asked): void {
    const queue = this.#queues.get(scope);
    const at = queue?.findIndex((asked) => asked.message.id === message.id) ?? -1;
    if (queue === undefined || at < 0) return;
    queue.splice(at, 1);
    if (queue.length === 0) this.#queues.delete(scope);
  }

  #take(message: BuilderToKernel, body: Uint8Array): void {
    if (message.type === "welcome") return;
    const asked = this.#underWay.get(message.id);
    this.#underWay.delete(message.id);
    asked?.answer({ message, body });
    this.#sendOn();
  }

  #ended(): void {
    const [oldest, ...others] = this.#underWay.values();
    this.#underWay.clear();
    for (const asked of others.toReversed()) {
      const queue = this.#queues.get(asked.scope) ?? [];
      queue.unshift(asked);
      this.#queues.set(asked.scope, queue);
    }
    oldest?.answer(refuse("BUILDER_UNAVAILABLE", { why: "it ended while it worked" }));
  }
}
