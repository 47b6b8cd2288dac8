/** The main thread's end of the reader's thread. A reader that ends is replaced when the next question comes. */
import { Worker } from "node:worker_threads";
import { limits, type Refusal, refuse } from "../base/index.ts";
import type { Asks, AskType, FromReader, ToReader } from "./asks.ts";
import { workerFile } from "./writer-link.ts";

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

  /** Refusals: OVERLOADED with more than limits.logReadsMax questions waiting, LOG_UNAVAILABLE if the file cannot be read. */
  ask<K extends AskType>(type: K, ask: Asks[K]["ask"], options: AskOptions = {}): Promise<Asks[K]["answer"] | Refusal> {
    if (this.#closing) return Promise.resolve(refuse("LOG_UNAVAILABLE", { why: "it is closed" }));
    if (this.#waiting.size >= limits.logReadsMax) {
      return Promise.resolve(
        refuse("OVERLOADED", { what: "The queue of the log's reader", limit: limits.logReadsMax }),
      );
    }
    const worker = (this.#worker ??= this.#start());
    const ticket = (this.#ticket += 1);
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
      worker.postMessage({ type, ticket, ask });
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
    waiting?.answer(message.type === "answer" ? message.answer : refuse("LOG_UNAVAILABLE", { why: message.problem }));
  }

  #refuseAll(why: string): void {
    for (const waiting of this.#waiting.values()) waiting.answer(refuse("LOG_UNAVAILABLE", { why }));
    this.#waiting.clear();
  }
}
