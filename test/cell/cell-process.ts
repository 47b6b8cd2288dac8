/** A real cell process, driven over its socket as a kernel would drive it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { dlopen } from "node:ffi";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { provideImage } from "../../src/builder/index.ts";
import {
  incarnationNumber,
  kernelEpoch,
  cellNumber,
  parseReleaseId,
  parseServiceId,
  parseTenantId,
  defined,
  isMisfit,
  type Death,
  type ResourceLimits,
  resourceLimitsDefault,
} from "../../src/base/index.ts";
import {
  type CallMark,
  cellFlags,
  cellToKernelShape,
  type CellReport,
  type CellToKernel,
  encodeFrame,
  FrameReader,
  imageFiles,
  type KernelToCell,
  type Slots,
} from "../../src/wire/index.ts";

export const tenant = defined(parseTenantId("agent_1"), "tenant");
const release = defined(parseReleaseId("0".repeat(64)), "release");

let image: Promise<string> | undefined;

/** One image for all tests of this process; it goes with the process. */
export function testImage(): Promise<string> {
  if (image === undefined) {
    const into = mkdtempSync(join(tmpdir(), "solo-cell-images-"));
    process.once("exit", () => rmSync(into, { recursive: true, force: true }));
    image = provideImage({ into }).then(({ path }) => path);
  }
  return image;
}

interface UnlistenedServer {
  readonly fd: number;
  close(): void;
}
type CreateServerHandle = (path: string, port: number, addressType: number) => UnlistenedServer;

export interface Outcome {
  readonly result?: unknown;
  /** What the result's references mean, if it has any. */
  readonly slots?: Slots;
  readonly failure?: (CellToKernel & { readonly type: "outcome" })["failure"];
}

/** What a test may say of a service it loads; the rest has defaults. */
export interface Loading {
  readonly service?: string;
  readonly instance?: number;
  readonly incarnation?: number;
  readonly limits?: Partial<ResourceLimits>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly logLevel?: "ERROR" | "WARN" | "INFO" | "DEBUG";
  readonly probation?: boolean;
}

type Frame = { readonly header: CellToKernel; readonly body: Uint8Array };

/** A kernel's end of one connection. */
export class Kernel {
  readonly #socket: net.Socket;
  readonly #reader = new FrameReader();
  readonly frames: Frame[] = [];
  readonly #watchers = new Set<() => void>();
  #lastCall = 0;
  #closed = false;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      for (const frame of this.#reader.read(chunk)) {
        if ("broken" in frame) throw new Error(`the cell broke the protocol: ${frame.broken}`);
        const header = cellToKernelShape(frame.header);
        if (isMisfit(header))
          throw new Error(`the cell sent ${header.at} ${header.misfit}: ${JSON.stringify(frame.header)}`);
        this.frames.push({ header, body: frame.body });
      }
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves when `holds` gives something; rejects when the connection ends first. */
  until<T>(holds: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = holds();
        if (found !== undefined) {
          this.#watchers.delete(look);
          resolve(found);
        } else if (this.#closed) {
          this.#watchers.delete(look);
          reject(new Error("the cell closed the connection"));
        }
      };
      this.#watchers.add(look);
      look();
    });
  }

  send(header: KernelToCell, body?: string): void {
    this.raw(encodeFrame(header, body === undefined ? undefined : new TextEncoder().encode(body)));
  }

  raw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve();
      this.#socket.once("close", () => resolve());
      this.#socket.destroy();
    });
  }

  /** Resolves once the cell has closed the connection. */
  gone(): Promise<true> {
    return this.until(() => (this.#closed ? true : undefined));
  }

  async hello(epoch: number): Promise<CellToKernel & { readonly type: "welcome" }> {
    this.send({ type: "hello", epoch: kernelEpoch(epoch), cell: cellNumber(1) });
    return this.until(() => this.all("welcome").at(-1));
  }

  all<T extends CellToKernel["type"]>(type: T): (CellToKernel & { readonly type: T })[] {
    return this.frames.flatMap(({ header }) =>
      header.type === type ? [header as CellToKernel & { readonly type: T }] : [],
    );
  }

  get reports(): CellReport[] {
    return this.all("report").map(({ report }) => report);
  }

  /** Its death, once it is reported. */
  death(incarnation: number): Promise<Death> {
    return this.until(() => {
      const ended = this.reports.find((one) => one.type === "ended" && one.incarnation === incarnation);
      return ended?.type === "ended" ? ended.death : undefined;
    });
  }

  /** What the cell reported first: that it started, or why not. */
  begun(incarnation: number): Promise<CellReport> {
    return this.until(() => this.reports.find((one) => one.incarnation === incarnation));
  }

  order(source: string, loading: Loading = {}): number {
    const incarnation = loading.incarnation ?? 1;
    this.send(
      {
        type: "load",
        service: defined(parseServiceId(loading.service ?? "svc"), "service"),
        instance: loading.instance ?? 1,
        incarnation: incarnationNumber(incarnation),
        release,
        limits: { ...resourceLimitsDefault, ...loading.limits },
        environment: loading.environment ?? {},
        logLevel: loading.logLevel ?? "DEBUG",
        probation: loading.probation ?? false,
      },
      source,
    );
    return incarnation;
  }

  /** Loads a service and waits until it runs. */
  async load(source: string, loading: Loading = {}): Promise<number> {
    const incarnation = this.order(source, loading);
    const begun = await this.begun(incarnation);
    if (begun.type !== "started") throw new Error(`it did not start: ${JSON.stringify(begun)}`);
    return incarnation;
  }

  /** Sends a call; the promise is its outcome. Its time is one that only a hang takes, unless that is the subject. */
  call(
    incarnation: number,
    method: string,
    args: readonly unknown[] = [],
    timeoutMs = 60_000,
    request?: CallMark,
  ): Promise<Outcome> {
    const id = ++this.#lastCall;
    const at = { incarnation: incarnationNumber(incarnation), method, timeoutMs, from: "test", chain: [] };
    this.send({ type: "call", id, ...at, ...(request === undefined ? {} : { request }) }, JSON.stringify(args));
    return this.outcome(id);
  }

  /** The result of a call that must succeed. */
  async result(incarnation: number, method: string, ...args: readonly unknown[]): Promise<unknown> {
    const { result, failure } = await this.call(incarnation, method, args);
    if (failure !== undefined) throw new Error(`${method} failed: ${JSON.stringify(failure)}`);
    return result;
  }

  async outcome(id: number): Promise<Outcome> {
    const { header, body } = await this.until(() =>
      this.frames.find((frame) => frame.header.type === "outcome" && frame.header.id === id),
    );
    this.frames.splice(
      this.frames.findIndex((frame) => frame.header === header),
      1,
    );
    if (header.type === "outcome" && header.failure !== undefined) return { failure: header.failure };
    const result = body.length === 0 ? undefined : (JSON.parse(new TextDecoder().decode(body)) as unknown);
    return header.type === "outcome" && header.slots !== undefined ? { result, slots: header.slots } : { result };
  }

  cast(incarnation: number, method: string, ...args: readonly unknown[]): void {
    this.send(
      { type: "cast", incarnation: incarnationNumber(incarnation), method, from: "test" },
      JSON.stringify(args),
    );
  }

  message(incarnation: number, message: unknown, from = "test"): void {
    this.send({ type: "send", incarnation: incarnationNumber(incarnation), from }, JSON.stringify(message));
  }

  stop(incarnation: number, graceMs: number, death: Death = { type: "killed", by: "test", forced: "no" }): void {
    this.send({ type: "stop", incarnation: incarnationNumber(incarnation), death, graceMs });
  }

  get logs(): string[] {
    return this.all("log").map(({ text }) => text);
  }
}

export interface CellProcess {
  readonly process: ChildProcess;
  readonly stderr: () => string;
  /** Connects one more kernel, without saying hello. */
  readonly connect: () => Promise<Kernel>;
  /** Adopted by `tenant`, connected, epoch 1. */
  readonly kernel: Kernel;
  readonly beats: () => number;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly kill: () => Promise<void>;
}

/** Starts a cell as init does, from an image of its own if one is given. */
export async function startCell(ownImage?: string): Promise<CellProcess> {
  const path = ownImage ?? (await testImage());
  const run = mkdtempSync(join(tmpdir(), "solo-cell-"));
  const socketPath = join(run, "c.sock");
  const createServerHandle = (net as unknown as { readonly _createServerHandle: CreateServerHandle })
    ._createServerHandle;
  const listener = createServerHandle(socketPath, -1, -1);
  const { lib, functions } = dlopen(null, { listen: { arguments: ["int32", "int32"], return: "int32" } });
  functions.listen(listener.fd, 511);
  lib.close();
  const child = spawn(process.execPath, [...cellFlags, `--allow-fs-read=${path}/`, join(path, imageFiles.cell)], {
    env: {},
    cwd: path,
    stdio: ["ignore", "ignore", "pipe", listener.fd, "pipe"],
  });
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  let beats = 0;
  const heartbeat = child.stdio[4] as net.Socket;
  heartbeat.on("data", (chunk: Buffer) => {
    beats += chunk.length;
  });
  heartbeat.on("error", () => undefined);
  const exited = new Promise<{ readonly code: number | null; readonly signal: string | null }>((resolve) => {
    // Not at its exit: what it wrote last may be read after that.
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const sockets: Kernel[] = [];
  const connect = (): Promise<Kernel> =>
    new Promise((resolve, reject) => {
      const socket = net.connect(socketPath);
      socket.once("error", reject);
      socket.once("connect", () => {
        const kernel = new Kernel(socket);
        sockets.push(kernel);
        resolve(kernel);
      });
    });
  const kernel = await connect();
  await kernel.hello(1);
  kernel.send({ type: "adopt", tenant });
  return {
    process: child,
    stderr: () => stderr,
    connect,
    kernel,
    beats: () => beats,
    exited,
    kill: async () => {
      await Promise.all(sockets.map((one) => one.close()));
      child.kill("SIGKILL");
      await exited;
      // Not before: closing it removes the socket's file.
      listener.close();
      rmSync(run, { recursive: true, force: true });
    },
  };
}

/** A cell of a test's own. */
export async function cellFor(t: TestContext, ownImage?: string): Promise<CellProcess> {
  const cell = await startCell(ownImage);
  t.after(() => cell.kill());
  return cell;
}

/** A module that exports a service with this body. */
export const service = (body: string): string =>
  `import { Service, Refusal } from "solo:service";\nexport default class Svc extends Service {\n${body}\n}\n`;
