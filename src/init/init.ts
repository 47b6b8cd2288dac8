/**
 * init at work: the kernel, the builder and the cells under their keepers, and the messages between them. Everything that
 * must survive a kernel is here; nothing is decided here that a kernel could decide.
 */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type KernelEpoch, limits, never, type Refusal, refuse } from "../base/index.ts";
import { descriptors, type InitToKernel, type KernelToInit } from "../wire/index.ts";
import {
  type Cgroups,
  type Jail,
  type Libc,
  makeNoJail,
  namesOf,
  openSandbox,
  readProcUnits,
  type Sandbox,
} from "../sandbox/index.ts";
import { saySandbox, saySandboxReport, sayReady, sayTrouble } from "./announce.ts";
import { BuilderKeeper } from "./builder-keeper.ts";
import { Cells } from "./cells.ts";
import type { DataDir } from "./data-dir.ts";
import { issueEpoch } from "./epoch.ts";
import { builderInhabitant, cellInhabitant, groundIn } from "./habitats.ts";
import { watchLimits } from "./heart.ts";
import { provideImage } from "./image.ts";
import { KernelKeeper } from "./kernel-keeper.ts";
import { type ListeningSocket, RenewableSocket } from "./listen.ts";
import { type ListenAddress, type Options, sayAddress } from "./options.ts";
import { argumentsFor, environmentFor, programs } from "./programs.ts";
import { type Machine, readDescriptors, readRssOf } from "./proc.ts";
import { openCgroups, tellSandbox } from "./sandbox-report.ts";
import { Shutdown } from "./shutdown.ts";
import { type Standing, type StandingName, standingOf } from "./standing.ts";
import { TextLog } from "./text-log.ts";
import { Watchdog } from "./watch.ts";
import type { WatchedChild } from "./watched-child.ts";

export interface InitParts {
  readonly options: Options;
  readonly libc: Libc;
  readonly dataDir: DataDir;
  readonly grpc: { readonly socket: ListeningSocket; readonly address: ListenAddress };
  readonly lastEpoch: KernelEpoch;
  /** All modules compiled by Node are kept here between starts. */
  readonly compileCache: string;
}

/** What cells are made of and live in. */
interface Ground {
  readonly image: string;
  readonly sandbox: Sandbox;
  readonly cellJail: Jail;
  /** Names of the layers that hold. */
  readonly layers: readonly string[];
}

/** How init ended: undefined after a shutdown that was asked for. */
export type InitEnd = Refusal | undefined;

const builderSocket = "builder.sock";
const censusEveryMs = 1_000;
/** Living and unacknowledged, together: what one `begin` can carry. */
const cellsMax = 10_000;

export class Init implements Disposable {
  readonly #parts: InitParts;
  readonly #boot = randomUUID();
  readonly #log: TextLog;
  readonly #cgroups: Cgroups;
  readonly #cells: Cells;
  #builder: BuilderKeeper | undefined;
  readonly #builderListener: RenewableSocket;
  readonly #kernel: KernelKeeper;
  readonly #watchdog: Watchdog;
  readonly #census: NodeJS.Timeout;
  readonly #end = Promise.withResolvers<InitEnd>();
  #ground: Promise<Ground>;
  #epoch: KernelEpoch;
  #safeMode: string | undefined;
  #announced = false;
  #shutdown: Shutdown | undefined;
  #refusal: Refusal | undefined;

  /** Starts everything. The working directory is the run directory by now. */
  constructor(parts: InitParts) {
    this.#parts = parts;
    this.#epoch = parts.lastEpoch;
    this.#log = new TextLog(join(parts.dataDir.logs, "kernel.log"), {
      fileBytesMax: limits.logFileBytesMax,
      filesMax: limits.logFilesMax,
    });
    // First: a process started before would stand in the way of some groups.
    this.#cgroups = openCgroups(parts.libc);
    const machine = readProcUnits(parts.libc);
    const note = (text: string): void => this.#log.write(text);
    this.#kernel = this.#makeKernelKeeper(note);
    this.#cells = new Cells({
      libc: parts.libc,
      machine,
      tell: (message) => this.#kernel.send(message),
      note,
      cellsMax,
      cgroups: this.#cgroups,
      standings: { user: this.#standing("user"), system: this.#standing("system") },
    });
    this.#builderListener = new RenewableSocket(parts.libc, builderSocket);

    // First, since a new kernel is told of the image before anything else.
    this.#ground = this.#prepareGround();
    this.#kernel.start();
    void this.#ground.then(({ sandbox }) => this.#startBuilder(machine, sandbox));
    this.#watchdog = new Watchdog(() => this.#children(), watchLimits);
    this.#census = setInterval(() => this.#kernel.sendUnlessChoked(this.#count(machine)), censusEveryMs);
  }

  /** Settles once everything has ended. */
  get ended(): Promise<InitEnd> {
    return this.#end.promise;
  }

  /** Ordered by a signal or by a client; the second signal hastens. */
  shutDown(why: string, deadlineMs: number): void {
    if (this.#shutdown !== undefined) return this.#shutdown.hasten();
    this.#kernel.close();
    // Before the first kernel was ready no service can run: there is nothing to end gently.
    this.#shutdown = new Shutdown(why, this.#announced ? deadlineMs : 0, {
      askKernel: (reason, ms) => this.#kernel.send({ type: "shutdown", why: reason.slice(0, 200), deadlineMs: ms }),
      isKernelUp: () => this.#kernel.isUp,
      killAll: () => {
        this.#kernel.kill();
        this.#builder?.close();
        this.#cells.killAll({ type: "node" });
      },
      isAllGone: () => this.#kernel.isGone && this.#builder?.isUp !== true && this.#cells.count === 0,
      shout: (text) => this.#shout(text),
      onDone: () => void this.#cgroups.close().then(() => this.#end.resolve(this.#refusal)),
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#census);
    this.#watchdog[Symbol.dispose]();
    this.#builderListener[Symbol.dispose]();
    this.#log[Symbol.dispose]();
  }

  #count(machine: Machine): InitToKernel {
    const cells = this.#cells.usages();
    const descriptors = readDescriptors();
    if (descriptors === undefined) return { type: "census", cells };
    let rssBytes = process.memoryUsage.rss() + readRssOf(machine, this.#kernel.heirPid);
    for (const child of this.#builder?.children() ?? []) rssBytes += child.usage().rssBytes;
    const { open, max } = descriptors;
    return { type: "census", cells, init: { rssBytes, descriptors: open, descriptorsMax: max } };
  }

  #standing(name: StandingName): Standing {
    return standingOf(name, {
      weighed: this.#cgroups.layers.some(({ layer, active }) => layer === "cpu" && active),
    });
  }

  /** Connections have queued since init began to listen. */
  #startBuilder(machine: Machine, sandbox: Sandbox): void {
    if (this.#shutdown !== undefined) return;
    const { options, compileCache } = this.#parts;
    try {
      this.#builder = new BuilderKeeper({
        machine,
        listener: this.#builderListener,
        compileCache,
        jail: sandbox.jailFor(builderInhabitant()),
        rssBytesMax: options.builderRssBytesMax,
        cgroups: this.#cgroups,
        standing: this.#standing("builder"),
        onRestart: () => this.#kernel.send({ type: "builder_spawned", socket: builderSocket }),
        onText: (text) => this.#log.write(text),
      });
      this.#builder.start();
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.#refuseToStart(refuse("INTERNAL", { what: `the builder could not be started: ${what.slice(0, 2_000)}` }));
    }
  }

  #makeKernelKeeper(note: (text: string) => void): KernelKeeper {
    const { options, dataDir, grpc, compileCache } = this.#parts;
    return new KernelKeeper({
      issueEpoch: () => (this.#epoch = issueEpoch(dataDir.epochFile, this.#epoch)),
      command: {
        args: argumentsFor(options.kernelEntry ?? programs.kernel, ["--data-dir", dataDir.path]),
        env: environmentFor(compileCache),
        grpcFd: grpc.socket.fd,
      },
      begin: (epoch, safeMode) => this.#begin(epoch, safeMode),
      silentMsMax: options.kernelSilentMsMax,
      onMessage: (message) => this.#onMessage(message),
      onReady: (epoch, recoveredMs) => void this.#onReady(epoch, recoveredMs),
      onText: note,
      shout: (text) => this.#shout(text),
      onRefused: (why) => this.#refuseToStart(refuse("START_REFUSED", { why: lastLine(why) })),
      onClosed: () => this.#shutdown?.onKernelEnded(),
    });
  }

  async #begin(epoch: KernelEpoch, safeMode: string | undefined): Promise<InitToKernel> {
    const { image, layers, sandbox } = await this.#ground;
    this.#safeMode = safeMode;
    return {
      type: "begin",
      epoch,
      boot: this.#boot,
      grpcFd: descriptors.grpc,
      grpcAddress: sayAddress(this.#parts.grpc.address),
      builderSocket,
      image,
      cells: this.#cells.living(),
      exits: this.#cells.exits(),
      sandbox: layers,
      sandboxFound: tellSandbox(sandbox.report),
      ...(safeMode === undefined ? {} : { safeMode: safeMode.slice(0, 2_000) }),
    };
  }

  #onCell(
    message: Extract<KernelToInit, { readonly type: "spawn_cell" | "limit_cell" | "assign_cell" | "kill_cell" }>,
    jail: Jail,
  ): void {
    switch (message.type) {
      case "spawn_cell":
        return this.#cells.spawn(message.cell, message.rssBytesMax, jail);
      case "limit_cell":
        return this.#cells.limit(message.cell, message.rssBytesMax, message.cpuWeight);
      case "assign_cell":
        return this.#cells.assign(message.cell, message.tenant, message.tier);
      case "kill_cell":
        return this.#cells.kill(message.cell, message.loss);
      default:
        return never(message);
    }
  }

  #onMessage(message: Exclude<KernelToInit, { readonly type: "ready" | "beat" }>): void {
    switch (message.type) {
      case "spawn_cell":
      case "limit_cell":
      case "assign_cell":
      case "kill_cell":
        // A kernel asks for cells only after `begin`, which had all of this. What it says next of one must not overtake that.
        void this.#ground.then(({ cellJail }) => this.#onCell(message, cellJail));
        return;
      case "acknowledge_exit":
        return this.#cells.acknowledge(message.cell);
      case "request_shutdown":
        // Only a signal hastens: a client that asks a second time is answered when the first one's end has come.
        if (this.#shutdown !== undefined) return;
        return this.shutDown(
          message.why,
          message.deadlineMs === 0 ? this.#parts.options.shutdownMsMax : message.deadlineMs,
        );
      case "stopped":
        return this.#shutdown?.onStopped(message.outcome);
      default:
        return never(message);
    }
  }

  async #onReady(epoch: KernelEpoch, recoveredMs: number): Promise<void> {
    if (this.#announced) {
      this.#shout(`kernel ${epoch} is ready${this.#safeMode === undefined ? "" : ", in READ-ONLY SAFE MODE"}`);
      return;
    }
    this.#announced = true;
    const { options, dataDir, grpc } = this.#parts;
    // It is there: `begin` had it.
    const { layers: sandbox, sandbox: opened } = await this.#ground;
    const readiness = {
      grpc: sayAddress(grpc.address),
      dataDir: dataDir.path,
      pid: process.pid,
      kernelEpoch: epoch,
      tookMs: Math.round(performance.now()),
      recoveredMs,
      safeMode: this.#safeMode,
      sandbox,
      sandboxFound: tellSandbox(opened.report),
    };
    writeFileSync(join(dataDir.run, "init.json"), `${JSON.stringify(readiness)}\n`, { mode: 0o600 });
    process.stderr.write(saySandbox(sandbox));
    process.stdout.write(sayReady(readiness, options.json));
  }

  async #prepareGround(): Promise<Ground> {
    const { options, dataDir } = this.#parts;
    const [image, sandbox] = await Promise.all([
      this.#startImage(),
      openSandbox(options.sandbox, groundIn(dataDir.rooms), this.#cgroups.layers),
    ]);
    if (typeof sandbox === "string") {
      this.#refuseToStart(refuse("SANDBOX_UNAVAILABLE", { why: sandbox.slice(0, 2_000) }));
      return new Promise<never>(() => undefined);
    }
    const layers = namesOf(sandbox.report);
    this.#log.write(saySandboxReport(sandbox.report));
    return { image, sandbox, layers, cellJail: sandbox.jailFor(cellInhabitant(image)) ?? makeNoJail(image) };
  }

  async #startImage(): Promise<string> {
    const { options, dataDir, compileCache } = this.#parts;
    if (options.image !== undefined) return options.image;
    try {
      return await provideImage({ into: dataDir.images, compileCache });
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.#refuseToStart(refuse("INTERNAL", { what: `the guest image could not be made: ${what.slice(0, 2_000)}` }));
      // Whoever waits for the image waits for the end instead.
      return new Promise<never>(() => undefined);
    }
  }

  #refuseToStart(refusal: Refusal): void {
    this.#refusal ??= refusal;
    this.shutDown("refused to start", 0);
  }

  #shout(text: string): void {
    process.stderr.write(sayTrouble(text));
    this.#log.write(sayTrouble(text));
  }

  *#children(): Generator<WatchedChild> {
    yield* this.#cells.children();
    if (this.#builder !== undefined) yield* this.#builder.children();
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.slice(0, 500) ?? "";
