/**
 * The kernel's end of init's IPC channel. When it closes, init is gone and so must be the kernel: its parent's death is
 * also told by a signal, this is the second string.
 */
import process from "node:process";
import { isMisfit } from "../base/index.ts";
import { type InitToKernel, initToKernelShape, type KernelToInit } from "../wire/index.ts";

export type Begin = Extract<InitToKernel, { readonly type: "begin" }>;
type Later = Exclude<InitToKernel, { readonly type: "begin" }>;

export class InitChannel {
  readonly #begun = Promise.withResolvers<Begin>();
  #listener: ((message: Later) => void) | undefined;
  #early: Later[] = [];

  constructor() {
    process.on("message", (raw: unknown) => this.#take(raw));
    process.once("disconnect", () => process.exit(1));
  }

  /** init's first message. */
  get begun(): Promise<Begin> {
    return this.#begun.promise;
  }

  /** Hears everything after `begin`, including what came before this was called. */
  listen(listener: (message: Later) => void): void {
    this.#listener = listener;
    const early = this.#early;
    this.#early = [];
    for (const message of early) listener(message);
  }

  send(message: KernelToInit): void {
    if (process.connected) process.send?.(message);
  }

  /** Resolves when the message has left this process. */
  sendLast(message: KernelToInit): Promise<void> {
    return new Promise((resolve) => {
      if (!process.connected || process.send === undefined) return resolve();
      process.send(message, () => resolve());
    });
  }

  #take(raw: unknown): void {
    const message = initToKernelShape(raw);
    if (isMisfit(message))
      throw new Error(`init sent what the kernel does not understand: ${message.at} ${message.misfit}`);
    if (message.type === "begin") this.#begun.resolve(message);
    else if (this.#listener === undefined) this.#early.push(message);
    else this.#listener(message);
  }
}
