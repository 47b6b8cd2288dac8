/**
 * A cell or the builder: a process that listens on a socket of init's, beats its heart into a pipe, and is killed when it
 * takes too much memory or hangs.
 *
 *   alive ──kill(loss), too much memory, hang──▶ doomed ──┐
 *     └────────────── ended by itself ────────────────────┴──▶ ended (with its loss, once)
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Duplex } from "node:stream";
import type { CellLoss } from "../base/index.ts";
import type { Group, Prepared } from "../sandbox/index.ts";
import { descriptors } from "../wire/index.ts";
import { costOf, type InletRate, readSlowly, textRate } from "./inlet.ts";
import { LastWords } from "./last-words.ts";
import { findChild, type Machine, ProcessMeter, type Usage } from "./proc.ts";
import { type Standing, stand } from "./standing.ts";
import { type Heart, judgeHeart, type WatchLimits } from "./heart.ts";

export interface ChildCommand {
  /** How it is started; its descriptors are passed on, and stay the caller's. */
  readonly start: Omit<Prepared, typeof Symbol.dispose>;
  /** Descriptor 3 of the child. Stays init's. */
  readonly listenerFd: number;
  /** Descriptor 5 of the child, if it is to have one. Stays init's. */
  readonly memoryFd?: number | undefined;
  readonly rssBytesMax: number;
  /** Its own, if there are any: it is admitted before its program runs, and the group goes when it ends. */
  readonly group: Group | undefined;
  readonly standing: Standing;
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

const signalOf = (number: number): string | undefined =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0];

const lastWordsLengthMax = 2_000;
/** Of what is resident in a process, the part that it shares with others (Node itself, C libraries) is no more than this. */
const sharedBytesMax = 256 * 1024 * 1024;
/** However often a heart beats: each beat reads what the process has used. */
const beatRate: InletRate = { burst: 50, perSecond: 20 };
/** After the exit of a process, its pipes are read for at most this long. */
const drainMsMax = 100;

export class WatchedChild {
  readonly #process: ChildProcess;
  readonly #events: ChildEvents;
  readonly #machine: Machine;
  readonly #nested: boolean;
  readonly #group: Group | undefined;
  #meter: ProcessMeter | undefined;
  #standing: Standing;
  /** Whether all that it consists of stands where it belongs; and whether it was said that the system refuses that. */
  #stands = false;
  #refusedToStand = false;
  readonly #lastWords = new LastWords();
  #phase: Phase = { name: "alive" };
  #heart: Heart;
  #rssBytesMax: number;
  /** The kernel has the limit, and counts only what is its own. */
  #judgedByGroup: boolean;

  /** Throws if the process cannot be started at all; a program that fails later is reported by `onEnd`. */
  constructor(command: ChildCommand, machine: Machine, now: number, events: ChildEvents) {
    this.#events = events;
    this.#machine = machine;
    this.#nested = command.start.gated;
    this.#group = command.group;
    this.#judgedByGroup = command.group?.limitsMemory === true;
    this.#rssBytesMax = command.rssBytesMax;
    this.#standing = command.standing;
    this.#heart = { beatAt: now, begun: false, cpuMsAtBeat: 0 };
    const { file, args, env, user, descriptors: further } = command.start;
    this.#process = spawn(file, args, {
      env,
      ...(user === undefined ? {} : { uid: user, gid: user }),
      stdio: ["ignore", "pipe", "pipe", command.listenerFd, "pipe", command.memoryFd ?? "ignore", ...further],
      // A session of its own: Ctrl-C in a terminal is for init, which ends the others in order.
      detached: true,
    });
    this.#findMeter();
    this.#listen();
    if (this.#process.pid !== undefined) this.#settle(this.#process.pid, command);
  }

  /** 0 for a process that could not be started and whose end is about to be reported. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** `cpuWeight`: its share of the processor beside the others, where they are shared by weight. */
  limit(rssBytesMax: number, cpuWeight: number): void {
    const isOld = rssBytesMax === this.#rssBytesMax;
    this.#rssBytesMax = rssBytesMax;
    // Someone else may have taken the group away.
    this.#attempt("its weight", () => this.#group?.weigh(cpuWeight));
    // It has more already, perhaps: looking at its memory has to do.
    if (!isOld && !this.#attempt("its limit of memory", () => this.#group?.limitMemory(rssBytesMax))) {
      this.#judgedByGroup = false;
    }
  }

  /** It belongs there from now on; only further back is certain to be possible. */
  moveTo(standing: Standing): void {
    this.#standing = standing;
    this.#standSoFar();
  }

  /** Ends it now. The first loss given is the one that is reported; nothing happens if it is ending already. */
  kill(loss: CellLoss): void {
    if (this.#phase.name !== "alive") return;
    this.#phase = { name: "doomed", loss };
    this.#process.kill("SIGKILL");
  }

  /** Memory is judged at every call, the heart when `now` is given: the caller slept too long if it is not. */
  watch(limits: WatchLimits, now: number | undefined): void {
    if (this.#phase.name !== "alive") return;
    this.#findMeter();
    if (this.#meter === undefined) return;
    if (!this.#stands) this.#stand();
    const rssBytes = this.#meter.readRss();
    if (rssBytes > this.#rssBytesMax + (this.#judgedByGroup ? sharedBytesMax : 0)) {
      this.kill({ type: "memory", rssBytes, limitBytes: this.#rssBytesMax });
      return;
    }
    if (now === undefined) return;
    const silentMs = judgeHeart(limits, this.#heart, now, () => this.#meter?.readCpuMs() ?? 0);
    if (silentMs !== undefined) this.kill({ type: "hang", silentMs });
  }

  /** Puts it where it belongs. A jail that waits at its gate has done nothing yet; another has barely begun. */
  #settle(pid: number, { start, group }: ChildCommand): void {
    try {
      group?.admit(pid);
    } catch (error) {
      const problem = error instanceof Error ? error.message.slice(0, 500) : String(error);
      return this.kill({ type: "spawn", problem });
    }
    this.#standSoFar();
    if (start.gated) this.#heartbeat?.write("\n");
  }

  /** What it starts has its levels, but perhaps a session of its own: once the program is there, it is looked at again. */
  #standSoFar(): void {
    this.#stand();
    this.#stands = false;
  }

  #stand(): void {
    const { pid } = this.#process;
    if (pid === undefined || this.#phase.name === "ended") return;
    const note = (text: string): void => {
      if (!this.#refusedToStand) this.#events.onText(text);
      this.#refusedToStand = true;
    };
    const [inner, program] = this.#nested ? [findChild(pid), findChild(findChild(pid))] : [];
    const those = [pid, inner, program].filter((each) => each !== undefined);
    this.#stands = those.map((each) => stand(each, this.#standing, note)).every((outcome) => outcome === "done");
  }

  #attempt(what: string, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      this.#events.onText(`${what} was not taken: ${error instanceof Error ? error.message : String(error)}\n`);
      return false;
    }
  }

  /** Starts its silence anew: init itself was not there to hear it. */
  forgive(now: number): void {
    this.#beat(now, this.#heart.begun);
  }

  usage(): Usage {
    return this.#phase.name === "ended"
      ? { rssBytes: 0, cpuMs: 0 }
      : (this.#meter?.read() ?? { rssBytes: 0, cpuMs: 0 });
  }

  /** A jail's shell takes a moment to start the program that counts. */
  #findMeter(): void {
    const { pid } = this.#process;
    if (this.#meter !== undefined || pid === undefined) return;
    const program = this.#nested ? findChild(findChild(pid)) : pid;
    if (program !== undefined) this.#meter = ProcessMeter.open(this.#machine, program);
  }

  get #heartbeat(): Duplex | null | undefined {
    return this.#process.stdio[descriptors.heartbeat] as Duplex | null | undefined;
  }

  #beat(now: number, begun: boolean): void {
    this.#heart = { beatAt: now, begun, cpuMsAtBeat: this.#meter?.readCpuMs() ?? 0 };
  }

  #listen(): void {
    const child = this.#process;
    const { stdout, stderr } = child;
    if (stdout !== null) readSlowly<string>(stdout.setEncoding("utf8"), textRate, costOf, this.#events.onText);
    if (stderr !== null) {
      readSlowly<string>(stderr.setEncoding("utf8"), textRate, costOf, (text) => {
        this.#lastWords.add(text);
        this.#events.onText(text);
      });
    }
    const heartbeat = this.#heartbeat?.on("error", () => undefined);
    if (heartbeat !== undefined)
      readSlowly(
        heartbeat,
        beatRate,
        () => 1,
        () => this.#beat(performance.now(), true),
      );
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
    // A jail's shell ends with 128 and the number of the signal that ended the program.
    if (this.#group !== undefined && this.#group.countMemoryKills() > 0) {
      return { type: "memory", rssBytes: this.#group.peakMemory(), limitBytes: this.#rssBytesMax };
    }
    const ended = signal ?? (this.#nested ? signalOf((code ?? 0) - 128) : undefined);
    if (ended === "SIGSYS") return { type: "seccomp", ...words };
    return ended === undefined
      ? { type: "exit", code: code ?? 255, ...words }
      : { type: "signal", signal: ended, ...words };
  }

  #end(loss: CellLoss): void {
    if (this.#phase.name === "ended") return;
    const told = this.#phase.name === "doomed" ? this.#phase.loss : loss;
    this.#phase = { name: "ended" };
    // A jail that ends just as it starts its program may leave that behind: it ends by its heartbeat, as with init.
    this.#heartbeat?.destroy();
    this.#meter?.[Symbol.dispose]();
    void this.#group?.remove();
    this.#events.onEnd(told);
  }
}
