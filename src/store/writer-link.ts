/** The main thread's end of the writer's thread. */
import { Worker } from "node:worker_threads";
import { insist } from "../base/index.ts";
import type { Entry, FromWriter, ToWriter, WriterData } from "./entries.ts";
import type { SqlTrouble } from "./sqlite.ts";

/** The log can write no more: end the process, and let the next kernel replay what is durable. */
export class LogFailure extends Error {
  override readonly name = "LogFailure";
  /** `fenced`: a newer kernel owns the log. `ended`: the writer's thread is gone. */
  readonly trouble: SqlTrouble | "fenced" | "ended";

  constructor(trouble: SqlTrouble | "fenced" | "ended", problem: string) {
    super(problem);
    this.trouble = trouble;
  }
}

/** A worker's file beside this one, as it is run here: TypeScript in development, JavaScript when packed. */
export const workerFile = (name: string): URL =>
  new URL(`./${name}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);

interface Hears {
  readonly committed: (headHash: string) => void;
  /** At most once, and nothing after it. */
  readonly failed: (failure: LogFailure) => void;
}

export class WriterLink {
  readonly #worker: Worker;
  readonly #gone = Promise.withResolvers<void>();
  #hears: Hears | undefined;
  #phase: "writing" | "closing" | "ended" = "writing";

  /** Starts the thread, which takes a while; it touches nothing before `begin`. */
  constructor() {
    this.#worker = new Worker(workerFile("writer"), { name: "log writer" });
    this.#worker.on("message", (message: FromWriter) => this.#hear(message));
    this.#worker.on("error", (error) => this.#end(new LogFailure("ended", `the writer threw: ${String(error)}`)));
    this.#worker.on("exit", () => {
      this.#end(new LogFailure("ended", "the writer's thread ended"));
      this.#gone.resolve();
    });
  }

  /** Before anything else; the caller has claimed the log. */
  begin(data: WriterData, hears: Hears): void {
    this.#hears = hears;
    this.#tell({ type: "begin", data });
  }

  /** The list is the writer's from now on; its bytes are copied. Answered by `committed` or `failed`. */
  commit(entries: readonly Entry[]): void {
    if (this.#phase === "ended") return;
    insist(this.#phase === "writing", "nothing is committed to a log that is closing");
    this.#tell({ type: "commit", entries });
  }

  /** After the list in flight, if any. Resolves when the thread is gone. */
  close(): Promise<void> {
    if (this.#phase === "writing") {
      this.#phase = "closing";
      this.#tell({ type: "close" });
    }
    return this.#gone.promise;
  }

  #tell(message: ToWriter): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromWriter): void {
    switch (message.type) {
      case "committed":
        return this.#hears?.committed(message.hash);
      case "failed":
        return this.#end(new LogFailure(message.trouble, message.problem));
      case "closed":
        return;
    }
  }

  #end(failure: LogFailure): void {
    const before = this.#phase;
    this.#phase = "ended";
    if (before === "writing") this.#hears?.failed(failure);
  }
}
