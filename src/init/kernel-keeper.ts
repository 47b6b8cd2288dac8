/**
 * Keeps a kernel up, whatever ends it, and the next one at hand.
 *
 *   resting ──start──▶ booting ──ready──▶ serving
 *      ▲                  │ ended            │ ended
 *      └────── wait ──────┴──────────────────┘          close ──▶ closed (nothing is started again)
 *
 * The heir is a kernel process that has loaded its program and waits for `begin`: it knows nothing, holds nothing of the data
 * directory, and has no epoch. It takes the place of a kernel that ended, so that nobody waits for a program to be loaded.
 */
import type { KernelEpoch } from "../base/index.ts";
import { heirArgument, type InitToKernel, kernelRefusedExitCode, type KernelToInit } from "../wire/index.ts";
import { type KernelCommand, type KernelExit, KernelProcess, sayKernelExit } from "./kernel-process.ts";
import { decideNextKernel, type KernelMode } from "./kernel-policy.ts";
import { Pulse } from "./pulse.ts";

type Phase =
  | { readonly name: "resting"; readonly timer: NodeJS.Timeout | undefined }
  | { readonly name: "booting" | "serving"; readonly kernel: KernelProcess }
  | { readonly name: "closed"; readonly kernel: KernelProcess | undefined };

/** An heir is made so long after a kernel was ready: until then a start has better to do. */
const heirAfterMs = 1_000;
/** One that ended before it was needed has a successor, but not at once: something may be wrong with the program. */
const heirAgainAfterMs = 10_000;
const epochAgainAfterMs = 1_000;
/** One that boots may say nothing for so many times as long as one that serves: a replay holds up its event loop. */
const bootSilences = 4;

export interface KernelKeeperEvents {
  /** A new epoch, durable before this returns. */
  readonly issueEpoch: () => KernelEpoch;
  readonly command: KernelCommand;
  /** The first message of a new kernel. */
  readonly begin: (epoch: KernelEpoch, safeMode: string | undefined) => Promise<InitToKernel>;
  /** One that serves, and has not said for so long that its event loop turns, is ended. */
  readonly silentMsMax: number;
  readonly onMessage: (message: Exclude<KernelToInit, { readonly type: "ready" | "beat" }>) => void;
  readonly onReady: (epoch: KernelEpoch, recoveredMs: number) => void;
  readonly onText: (text: string) => void;
  /** Something that whoever runs Solo should read at once. */
  readonly shout: (text: string) => void;
  /** It refuses to start at all; it was never ready in this life of init. Nothing is started again. */
  readonly onRefused: (why: string) => void;
  /** It ended after `close`. */
  readonly onClosed: () => void;
}

export class KernelKeeper {
  readonly #events: KernelKeeperEvents;
  #phase: Phase = { name: "resting", timer: undefined };
  #heir: KernelProcess | undefined;
  #heirTimer: NodeJS.Timeout | undefined;
  #epoch: KernelEpoch | undefined;
  #pulse: Pulse | undefined;
  #mode: KernelMode = { name: "normal", restarts: [] };
  #wasEverReady = false;

  constructor(events: KernelKeeperEvents) {
    this.#events = events;
  }

  /** Throws if no epoch can be had before a kernel was ever ready; later it is tried again, since services run. */
  start(): void {
    const epoch = this.#issueEpoch();
    if (epoch === undefined) return;
    const kernel = this.#heir ?? this.#spawn(this.#events.command.args);
    this.#heir = undefined;
    this.#epoch = epoch;
    this.#phase = { name: "booting", kernel };
    const why = this.#mode.name === "safe" ? this.#mode.why : undefined;
    void this.#events.begin(epoch, why).then((begin) => this.#begin(kernel, begin));
  }

  /** What it needs to begin may have taken long; its own time starts here, the loading of its program included. */
  #begin(kernel: KernelProcess, begin: InitToKernel): void {
    kernel.send(begin);
    if (this.#phase.name !== "booting" || this.#phase.kernel !== kernel) return;
    this.#pulse = this.#listenTo(kernel, bootSilences * this.#events.silentMsMax);
  }

  /** To whichever kernel is up. */
  send(message: InitToKernel): void {
    this.#kernel?.send(message);
  }

  sendUnlessChoked(message: InitToKernel): void {
    if (this.#phase.name === "serving") this.#phase.kernel.sendUnlessChoked(message);
  }

  /** Of the process that waits in reserve. */
  get heirPid(): number | undefined {
    return this.#heir?.pid;
  }

  get isUp(): boolean {
    return this.#kernel !== undefined;
  }

  /** Neither a kernel nor an heir is alive. */
  get isGone(): boolean {
    return this.#kernel === undefined && this.#heir === undefined;
  }

  /** From now on its end is final. */
  close(): void {
    if (this.#phase.name === "resting") clearTimeout(this.#phase.timer);
    if (this.#phase.name !== "closed") this.#phase = { name: "closed", kernel: this.#kernel };
    clearTimeout(this.#heirTimer);
    this.#pulse?.[Symbol.dispose]();
    this.#heir?.kill();
  }

  kill(): void {
    this.#kernel?.kill();
  }

  get #kernel(): KernelProcess | undefined {
    return this.#phase.name === "resting" ? undefined : this.#phase.kernel;
  }

  /** A full disk, say: init goes on, and all services with it. */
  #issueEpoch(): KernelEpoch | undefined {
    try {
      return this.#events.issueEpoch();
    } catch (error) {
      if (!this.#wasEverReady) throw error;
      const why = error instanceof Error ? error.message : String(error);
      this.#events.shout(
        `no kernel can be started: its epoch cannot be written: ${why}; tried again in ${epochAgainAfterMs} ms`,
      );
      this.#phase = { name: "resting", timer: setTimeout(() => this.start(), epochAgainAfterMs) };
      return undefined;
    }
  }

  #listenTo(kernel: KernelProcess, silentMsMax: number): Pulse {
    return new Pulse(silentMsMax, (silentMs) => {
      this.#events.shout(`the kernel hangs: it has said nothing for ${silentMs} ms; it is ended`);
      kernel.kill();
    });
  }

  #spawn(args: readonly string[]): KernelProcess {
    const kernel: KernelProcess = new KernelProcess(
      { ...this.#events.command, args },
      {
        onMessage: (message) => this.#onMessage(kernel, message),
        onNonsense: (problem) => this.#events.shout(`the kernel sent what init does not understand: ${problem}`),
        onText: this.#events.onText,
        onExit: (exit) => (kernel === this.#heir ? this.#onHeirExit(exit) : this.#onExit(exit)),
      },
    );
    return kernel;
  }

  #makeHeirIn(ms: number): void {
    clearTimeout(this.#heirTimer);
    this.#heirTimer = setTimeout(() => {
      if (this.#phase.name !== "serving" || this.#heir !== undefined) return;
      this.#heir = this.#spawn([...this.#events.command.args, heirArgument]);
    }, ms);
  }

  #onHeirExit(exit: KernelExit): void {
    this.#heir = undefined;
    if (this.#phase.name === "closed") return;
    this.#events.onText(`init: the kernel in reserve is gone, another one follows: ${sayKernelExit(exit)}\n`);
    this.#makeHeirIn(heirAgainAfterMs);
  }

  #onMessage(kernel: KernelProcess, message: KernelToInit): void {
    if (this.#kernel !== kernel || this.#epoch === undefined) return;
    this.#pulse?.heard();
    if (message.type === "beat") return;
    if (message.type !== "ready") return this.#events.onMessage(message);
    if (this.#phase.name === "booting") {
      this.#phase = { name: "serving", kernel };
      this.#makeHeirIn(heirAfterMs);
      this.#pulse?.[Symbol.dispose]();
      this.#pulse = this.#listenTo(kernel, this.#events.silentMsMax);
    }
    this.#wasEverReady = true;
    this.#events.onReady(this.#epoch, message.recoveredMs);
  }

  #onExit(exit: KernelExit): void {
    this.#pulse?.[Symbol.dispose]();
    this.#pulse = undefined;
    if (this.#phase.name === "closed") {
      this.#phase = { name: "closed", kernel: undefined };
      return this.#events.onClosed();
    }
    if (exit.code === kernelRefusedExitCode && !this.#wasEverReady) {
      this.#phase = { name: "closed", kernel: undefined };
      return this.#events.onRefused(exit.lastWords ?? "it did not say why");
    }
    const why = sayKernelExit(exit);
    const next = decideNextKernel(this.#mode, why, performance.now());
    if (next.mode.name === "normal") this.#events.shout(`${why}\n  it is started again; services keep running`);
    else if (this.#mode.name === "normal") {
      this.#events.shout(
        `the kernel keeps failing: it is started in READ-ONLY SAFE MODE; services keep running\n  ${why}`,
      );
    } else {
      this.#events.shout(
        `${why}\n  even in safe mode; tried again in ${next.delayMs} ms; services keep running, but nobody can be answered`,
      );
    }
    this.#mode = next.mode;
    this.#phase = { name: "resting", timer: setTimeout(() => this.start(), next.delayMs) };
  }
}
