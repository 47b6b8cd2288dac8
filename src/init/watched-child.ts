/**
 * A cell or the builder: a process that listens on a socket of init's, beats its heart into a pipe, and is killed when it
 * takes too much memory or hangs.
 *
 *   alive ──kill(loss), too much memory, hang──▶ doomed ──┐
 *     └────────────── ended by itself ────────────────────┴──▶ ended (with its loss, once)
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Readable } from "node:stream";
import type { CellLoss } from "../base/index.ts";
import { LastWords } from "./last-words.ts";
import { type Machine, ProcessMeter, type Usage } from "./proc.ts";
import { type Heart, judgeHeart, type WatchLimits } from "./watch.ts";

export interface ChildCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Descriptor 3 of the child. Stays init's. */
  readonly listenerFd: number;
  readonly rssBytesMax: number;
}

export interface ChildEvents {
  /** Exactly once, unless the constructor threw. */
  readonly onEnd: (loss: CellLoss) => void;
  /** What it wrote to stdout and stderr. */
  readonly onText: (text: string) => void;
}

type Phase =
  | { readonly name: "alive" }
  | { readonly name: "doomed"; readonly loss: CellLoss }
  | { readonly name: "ended" };

const lastWordsLengthMax = 2_000;
/** After the exit of a process, its pipes are read for at most this long. */
const drainMsMax = 100;

export class WatchedChild {
  readonly #process: ChildProcess;
  readonly #events: ChildEvents;
  readonly #meter: ProcessMeter | undefined;
  readonly #lastWords = new LastWords();
  #phase: Phase = { name: "alive" };
  #heart: Heart;
  #rssBytesMax: number;

  /** Throws if the process cannot be started at all; a program that fails later is reported by `onEnd`. */
  constructor(command: ChildCommand, machine: Machine, now: number, events: ChildEvents) {
    this.#events = events;
    this.#rssBytesMax = command.rssBytesMax;
    this.#heart = { beatAt: now, cpuMsAtBeat: 0 };
    this.#process = spawn(process.execPath, command.args, {
      env: command.env,
      stdio: ["ignore", "pipe", "pipe", command.listenerFd, "pipe"],
      // A session of its own: Ctrl-C in a terminal is for init, which ends the others in order.
      detached: true,
    });
    this.#meter = this.#process.pid === undefined ? undefined : ProcessMeter.open(machine, this.#process.pid);
    this.#listen();
  }

  /** 0 for a process that could not be started and whose end is about to be reported. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  limit(rssBytesMax: number): void {
    this.#rssBytesMax = rssBytesMax;
  }

  /** Ends it now. The first loss given is the one that is reported; nothing happens if it is ending already. */
  kill(loss: CellLoss): void {
    if (this.#phase.name !== "alive") return;
    this.#phase = { name: "doomed", loss };
    this.#process.kill("SIGKILL");
  }

  /** Memory is judged at every call, the heart when `now` is given: the caller slept too long if it is not. */
  watch(limits: WatchLimits, now: number | undefined): void {
    if (this.#phase.name !== "alive" || this.#meter === undefined) return;
    const rssBytes = this.#meter.readRss();
    if (rssBytes > this.#rssBytesMax) {
      this.kill({ type: "memory", rssBytes, limitBytes: this.#rssBytesMax });
      return;
    }
    if (now === undefined) return;
    const silentMs = judgeHeart(limits, this.#heart, now, () => this.#meter?.readCpuMs() ?? 0);
    if (silentMs !== undefined) this.kill({ type: "hang", silentMs });
  }

  /** Starts its silence anew: init itself was not there to hear it. */
  forgive(now: number): void {
    this.#beat(now);
  }

  usage(): Usage {
    return this.#phase.name === "ended"
      ? { rssBytes: 0, cpuMs: 0 }
      : (this.#meter?.read() ?? { rssBytes: 0, cpuMs: 0 });
  }

  #beat(now: number): void {
    this.#heart = { beatAt: now, cpuMsAtBeat: this.#meter?.readCpuMs() ?? 0 };
  }

  #listen(): void {
    const child = this.#process;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#events.onText(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#lastWords.add(text);
      this.#events.onText(text);
    });
    const heartbeat = child.stdio[4] as Readable | null | undefined;
    heartbeat?.on("data", () => this.#beat(performance.now())).on("error", () => undefined);
    child.once("error", (error) => this.#end({ type: "spawn", problem: error.message.slice(0, 500) }));
    child.once("exit", (code, signal) => {
      const conclude = (): void => this.#end(this.#lossOf(code, signal));
      const timer = setTimeout(conclude, drainMsMax);
      child.once("close", () => {
        clearTimeout(timer);
        conclude();
      });
    });
  }

  #lossOf(code: number | null, signal: NodeJS.Signals | null): CellLoss {
    const lastWords = this.#lastWords.tell(lastWordsLengthMax);
    const words = lastWords === undefined ? {} : { lastWords };
    return signal === null ? { type: "exit", code: code ?? 255, ...words } : { type: "signal", signal, ...words };
  }

  #end(loss: CellLoss): void {
    if (this.#phase.name === "ended") return;
    const told = this.#phase.name === "doomed" ? this.#phase.loss : loss;
    this.#phase = { name: "ended" };
    this.#meter?.[Symbol.dispose]();
    this.#events.onEnd(told);
  }
}
