/** One life of the kernel: its process, its IPC channel, what it writes, and how it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { isMisfit } from "../base/index.ts";
import { descriptors, type InitToKernel, type KernelToInit, kernelToInitShape } from "../wire/index.ts";
import { LastWords } from "./last-words.ts";

export interface KernelCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly grpcFd: number;
}

export interface KernelExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly lastWords: string | undefined;
}

export interface KernelEvents {
  readonly onMessage: (message: KernelToInit) => void;
  /** A message that init does not understand: a bug of the kernel's, and not acted on. */
  readonly onNonsense: (problem: string) => void;
  readonly onText: (text: string) => void;
  /** Exactly once. */
  readonly onExit: (exit: KernelExit) => void;
}

/** After the exit of a process, its pipes are read for at most this long. */
const drainMsMax = 100;

export class KernelProcess {
  readonly #process: ChildProcess;
  readonly #events: KernelEvents;
  readonly #lastWords = new LastWords();
  #ended = false;
  #choked = false;

  constructor(command: KernelCommand, events: KernelEvents) {
    this.#events = events;
    const stdio: ("ignore" | "pipe" | "ipc" | number)[] = ["ignore", "pipe", "pipe", "ipc"];
    stdio[descriptors.grpc] = command.grpcFd;
    // `detached`: a session of its own, since Ctrl-C in a terminal is for init, which ends the others in order.
    this.#process = spawn(process.execPath, command.args, { env: command.env, stdio, detached: true });
    this.#listen();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Lost if the kernel is ending: the next one is told everything by `begin`. */
  send(message: InitToKernel): void {
    if (!this.#process.connected) return;
    const flowing = this.#process.send(message, () => {
      this.#choked = false;
    });
    if (!flowing) this.#choked = true;
  }

  /** For what is said again every second: left out while the kernel does not read, so that nothing piles up here. */
  sendUnlessChoked(message: InitToKernel): void {
    if (!this.#choked) this.send(message);
  }

  kill(): void {
    if (!this.#ended) this.#process.kill("SIGKILL");
  }

  #listen(): void {
    const child = this.#process;
    child.stdout?.setEncoding("utf8").on("data", this.#events.onText);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#lastWords.add(text);
      this.#events.onText(text);
    });
    child.on("message", (raw: unknown) => {
      const message = kernelToInitShape(raw);
      if (isMisfit(message)) this.#events.onNonsense(`${message.at} ${message.misfit}`);
      else this.#events.onMessage(message);
    });
    child.on("error", (error) => {
      if (child.pid !== undefined) return;
      this.#lastWords.add(error.message);
      this.#end(undefined, undefined);
    });
    child.once("exit", (code, signal) => {
      const conclude = (): void => this.#end(code ?? undefined, signal ?? undefined);
      const timer = setTimeout(conclude, drainMsMax);
      child.once("close", () => {
        clearTimeout(timer);
        conclude();
      });
    });
  }

  #end(code: number | undefined, signal: string | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onExit({ code, signal, lastWords: this.#lastWords.tell(1_500) });
  }
}

/** One line, then the last that it wrote. */
export function sayKernelExit({ code, signal, lastWords }: KernelExit): string {
  const how =
    signal === undefined
      ? code === undefined
        ? "could not be started"
        : `exited with ${code}`
      : `was ended by ${signal}`;
  return lastWords === undefined ? `the kernel ${how}` : `the kernel ${how}: ${lastWords}`;
}
