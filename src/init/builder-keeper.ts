/** Keeps a builder up: a source that ends it costs its own compilation, and the next finds a new builder at the same socket. */
import process from "node:process";
import { backoffMs, type CellLoss } from "../base/index.ts";
import type { Cgroups, Jail, Prepared } from "../sandbox/index.ts";
import { jailedBuilder } from "./habitats.ts";
import type { RenewableSocket } from "./listen.ts";
import type { Machine } from "./proc.ts";
import { builderArguments, environmentFor } from "./programs.ts";
import type { Standing } from "./standing.ts";
import { WatchedChild } from "./watched-child.ts";

export interface BuilderKeeperConfig {
  readonly machine: Machine;
  /** Connections queue on it while no builder is up. Each builder has its own: one that was taken over may have broken it. */
  readonly listener: RenewableSocket;
  readonly compileCache: string;
  /** Undefined: there is no sandbox. */
  readonly jail: Jail | undefined;
  readonly rssBytesMax: number;
  readonly cgroups: Cgroups;
  readonly standing: Standing;
  /** It was started again after its end: connect anew. */
  readonly onRestart: () => void;
  readonly onText: (text: string) => void;
}

/** Cells count from 1: where processes have users of their own, this one is the builder's. */
const builderNumber = 0;
const builderTasksMax = 256;
const builderCpuWeight = 100;
const backoff = { firstMs: 10, factor: 2, waitMsMax: 5_000 };
/** A builder that lived this long starts the count of quick ends anew. */
const settledMs = 10_000;

export class BuilderKeeper {
  readonly #config: BuilderKeeperConfig;
  #child: WatchedChild | undefined;
  #timer: NodeJS.Timeout | undefined;
  #starts = 0;
  #startedAt = 0;
  #quickEnds = 0;
  #closed = false;

  constructor(config: BuilderKeeperConfig) {
    this.#config = config;
  }

  start(): void {
    const { listener, rssBytesMax } = this.#config;
    const group = this.#config.cgroups.make(`builder-${++this.#starts}`, {
      memoryBytesMax: rssBytesMax,
      tasksMax: builderTasksMax,
      cpuWeight: builderCpuWeight,
    });
    using start = this.#prepare(group?.doors ?? []);
    this.#startedAt = performance.now();
    this.#child = new WatchedChild(
      {
        start,
        listenerFd: listener.fd,
        rssBytesMax,
        group,
        standing: this.#config.standing,
      },
      this.#config.machine,
      this.#startedAt,
      { onEnd: (loss) => this.#onEnd(loss), onText: this.#config.onText },
    );
  }

  #prepare(cgroups: readonly string[]): Prepared {
    const { jail, compileCache } = this.#config;
    if (jail !== undefined) return jail.prepare(jailedBuilder, { number: builderNumber, cgroups });
    return {
      file: process.execPath,
      args: builderArguments,
      env: environmentFor(compileCache),
      user: undefined,
      gated: false,
      descriptors: [],
      [Symbol.dispose]: () => undefined,
    };
  }

  *children(): Generator<WatchedChild> {
    if (this.#child !== undefined) yield this.#child;
  }

  get isUp(): boolean {
    return this.#child !== undefined;
  }

  /** Ends it for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#child?.kill({ type: "closed" });
  }

  #onEnd(loss: CellLoss): void {
    this.#child = undefined;
    if (this.#closed) return;
    this.#config.listener.renew();
    this.#quickEnds = performance.now() - this.#startedAt > settledMs ? 1 : this.#quickEnds + 1;
    this.#config.onText(`the builder ended and is started again: ${JSON.stringify(loss)}\n`);
    this.#timer = setTimeout(() => this.#startAgain(), backoffMs(backoff, this.#quickEnds));
  }

  /** What the machine refuses just now it may allow later: init goes on. */
  #startAgain(): void {
    try {
      this.start();
      this.#config.onRestart();
    } catch (error) {
      this.#onEnd({ type: "spawn", problem: error instanceof Error ? error.message.slice(0, 500) : String(error) });
    }
  }
}
