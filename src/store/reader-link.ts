/** The main thread's end of the reader's thread. A reader that ends is replaced when the next question comes. */
import { Worker } from "node:worker_threads";
import { limits, type Refusal, refuse } from "../base/index.ts";
import type { Asks, AskType, FromReader, ToReader } from "./asks.ts";
import { type Question, ReaderLanes } from "./reader-lanes.ts";
import { workerFile } from "./writer-link.ts";

/** Questions with the thread at once: enough that it never waits for the main thread. */
const postedMax = 4;

interface Waiting {
  readonly answer: (answer: unknown) => void;
  readonly progress: ((checked: number) => void) | undefined;
}

export interface AskOptions {
  readonly progress?: ((checked: number) => void) | undefined;
  /** Ends a verification early. */
  readonly signal?: AbortSignal | undefined;
}

export class ReaderLink {
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #lanes = new ReaderLanes();
  readonly #posted = new Set<number>();
  #worker: Worker | undefined;
  #gone: Promise<void> = Promise.resolve();
  #closing = false;
  #ticket = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Starts the thread ahead of the first question. Not at once: at boot the writer needs the processor more. */
  warm(): void {
    if (!this.#closing) this.#worker ??= this.#start();
  }

  /** Refusals: OVERLOADED (limits.logReadsMax, logReadsPerTenantMax; never of artifacts), LOG_UNAVAILABLE if the file cannot be read. */
  ask<K extends AskType>(type: K, ask: Asks[K]["ask"], options: AskOptions = {}): Promise<Asks[K]["answer"] | Refusal> {
    if (this.#closing) return Promise.resolve(refuse("LOG_UNAVAILABLE", { why: "it is closed" }));
    const worker = (this.#worker ??= this.#start());
    const ticket = (this.#ticket += 1);
    // What is asked and how are of one type, which TypeScript cannot follow.
    const question = { type, ticket, ask } as Question | Extract<ToReader, { readonly type: "verify" }>;
    // A verification lets the others pass: it stands in nobody's way.
    const verifies = question.type === "verify";
    const full = verifies ? this.#whyTooMany() : this.#lanes.add(question);
    if (full !== undefined) return Promise.resolve(full);
    const interrupt = (): void => worker.postMessage({ type: "interrupt", ticket } satisfies ToReader);
    return new Promise((resolve) => {
      this.#waiting.set(ticket, {
        answer: (answer) => {
          options.signal?.removeEventListener("abort", interrupt);
          // The reader is our own code: it answers what `Asks` says.
          resolve(answer as Asks[K]["answer"] | Refusal);
        },
        progress: options.progress,
      });
      if (verifies) worker.postMessage(question);
      else this.#post(worker);
      if (options.signal?.aborted === true) interrupt();
      else options.signal?.addEventListener("abort", interrupt, { once: true });
    });
  }

  /** Questions still waiting are refused. Resolves when the thread is gone. */
  close(): Promise<void> {
    this.#closing = true;
    this.#refuseAll("it is closed");
    this.#worker?.postMessage({ type: "close" } satisfies ToReader);
    return this.#gone;
  }

  #post(worker: Worker): void {
    while (this.#posted.size < postedMax) {
      const next = this.#lanes.take();
      if (next === undefined) return;
      this.#posted.add(next.ticket);
      worker.postMessage(next);
    }
  }

  #whyTooMany(): Refusal | undefined {
    const { logReadsMax: limit } = limits;
    return this.#waiting.size < limit ? undefined : refuse("OVERLOADED", { what: "The log's reader", limit });
  }

  #start(): Worker {
    const worker = new Worker(workerFile("reader"), { workerData: { path: this.#path }, name: "log reader" });
    let problem = "its reader ended";
    const gone = Promise.withResolvers<void>();
    this.#gone = gone.promise;
    worker.on("message", (message: FromReader) => this.#hear(message));
    worker.on("error", (error) => {
      problem = `its reader threw: ${String(error)}`;
    });
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#refuseAll(problem);
      gone.resolve();
    });
    return worker;
  }

  #hear(message: FromReader): void {
    const waiting = this.#waiting.get(message.ticket);
    if (message.type === "progress") {
      waiting?.progress?.(message.checked);
      return;
    }
    this.#waiting.delete(message.ticket);
    if (this.#posted.delete(message.ticket) && this.#worker !== undefined) this.#post(this.#worker);
    waiting?.answer(message.type === "answer" ? message.answer : refuse("LOG_UNAVAILABLE", { why: message.problem }));
  }

  #refuseAll(why: string): void {
    for (const waiting of this.#waiting.values()) waiting.answer(refuse("LOG_UNAVAILABLE", { why }));
    this.#waiting.clear();
    this.#lanes.clear();
    this.#posted.clear();
  }
}
