/** Starts a real init with the kernel and the cell of `fixtures/`, and talks to them. Everything is cleaned up per test. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { TestContext } from "node:test";
import { roomsOfTests } from "../rooms.ts";
import { initEntry } from "../../src/init/index.ts";
import { cellNumber } from "../../src/base/index.ts";
import type { InitToKernel, KernelToInit } from "../../src/wire/index.ts";

const fixtures = join(import.meta.dirname, "fixtures");

export interface RunningInit {
  readonly process: ChildProcess;
  readonly stderr: () => string;
  readonly stdout: () => string;
  /** Its exit code (or the name of the signal), once it has ended. */
  readonly ended: Promise<number | string>;
}

/** A fresh path for a data directory that does not exist yet. */
export function makeDataDirPath(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "solo-init-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return join(root, "data");
}

export function makeDataDir(t: TestContext): string {
  const path = makeDataDirPath(t);
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** `through`: a command that becomes what follows it. */
export function startInit(
  t: TestContext,
  args: readonly string[],
  inherited: readonly ("ignore" | number)[] = [],
  through: readonly string[] = [],
): RunningInit {
  const [file, ...words] = [...through, process.execPath];
  const child = spawn(file, [...words, "--disable-warning=ExperimentalWarning", initEntry, ...args], {
    env: {
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(tmpdir(), "solo-test-compile-cache"),
    },
    stdio: ["ignore", "pipe", "pipe", ...inherited],
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? "?"));
  });
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { process: child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Init over the test's kernel and cell. */
export function startTestInit(
  t: TestContext,
  dataDir: string,
  args: readonly string[] = [],
  inherited: readonly ("ignore" | number)[] = [],
  through: readonly string[] = [],
): RunningInit {
  const own = ["--data-dir", dataDir, "--grpc", "127.0.0.1:0", "--json"];
  // The test's kernel gives no sign of life, and a test may take long on a slow machine.
  const patience = ["--kernel-silent-ms", "600000"];
  const parts = ["--kernel-entry", join(fixtures, "kernel.ts"), "--image", join(fixtures, "image")];
  // The test's cell is no cell: what it does, a sandbox forbids.
  const sandbox = ["--sandbox", "none", "--unsafe-no-sandbox"];
  // Another user's Solo keeps them in its own data directory.
  const rooms = through.length === 0 ? ["--rooms", roomsOfTests()] : [];
  return startInit(t, [...own, ...patience, ...parts, ...sandbox, ...rooms, ...args], inherited, through);
}

interface ReadyLine {
  readonly ready: true;
  readonly grpc: string;
  readonly pid: number;
  readonly kernelEpoch: number;
  readonly safeMode?: string;
}

/** Resolves once `holds` gives something; fails loudly after a long while. */
export async function until<T extends NonNullable<unknown>>(
  what: string,
  holds: () => T | undefined | false,
  msMax = 120_000,
): Promise<T> {
  const giveUpAt = performance.now() + msMax;
  for (;;) {
    const value = holds();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > giveUpAt) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function untilReady(init: RunningInit): Promise<ReadyLine> {
  const gone = init.ended.then((end) => {
    throw new Error(`init ended (${end}) before it was ready: ${init.stderr()}`);
  });
  const line = until("ready", () => /^.*"ready":true.*$/m.exec(init.stdout())?.[0]);
  return JSON.parse(await Promise.race([line, gone])) as ReadyLine;
}

/** The test's kernel, over the socket that stands for gRPC. Connects anew when a kernel is gone. */
export class KernelRemote {
  readonly heard: InitToKernel[] = [];
  readonly #socket: net.Socket;

  constructor(t: TestContext, address: string) {
    const [host, port] = address.split(":");
    this.#socket = net.connect(Number(port), host);
    t.after(() => this.#socket.destroy());
    let pending = "";
    this.#socket.on("error", () => undefined);
    this.#socket.setEncoding("utf8").on("data", (text: string) => {
      const lines = (pending + text).split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) this.heard.push(JSON.parse(line) as InitToKernel);
    });
  }

  order(message: KernelToInit): void {
    this.#socket.write(`${JSON.stringify({ type: "send", message })}\n`);
  }

  /** Has the kernel end, and waits until it did: who connects then, waits for the next one. */
  async exit(code: number): Promise<void> {
    this.#socket.write(`${JSON.stringify({ type: "exit", code })}\n`);
    await until("the kernel's end", () => this.#socket.closed);
  }

  /** The first message heard of this type (that fits), now or later. */
  hear<T extends InitToKernel["type"]>(
    type: T,
    fits: (message: Extract<InitToKernel, { type: T }>) => boolean = () => true,
  ): Promise<Extract<InitToKernel, { type: T }>> {
    return until(type, () =>
      this.heard.find(
        (message): message is Extract<InitToKernel, { type: T }> =>
          message.type === type && fits(message as Extract<InitToKernel, { type: T }>),
      ),
    );
  }
}

/** Says one word to a cell and returns its answer. */
export async function askCell(dataDir: string, socket: string, word: string): Promise<string> {
  const connection = net.connect(join(dataDir, "run", socket));
  connection.write(`${word}\n`);
  let answer = "";
  for await (const text of connection.setEncoding("utf8")) answer += String(text);
  return answer;
}

/** The number of the first cell that a test's kernel asks for. */
export const first = cellNumber(1);
/** More memory than a test's cell ever takes. */
export const roomy = 1024 ** 3;

/** An init, its kernel and one cell. */
export async function startWithCell(
  t: TestContext,
  { dataDir = makeDataDir(t), args = [] as readonly string[], rssBytesMax = roomy } = {},
) {
  const init = startTestInit(t, dataDir, args);
  const ready = await untilReady(init);
  const kernel = new KernelRemote(t, ready.grpc);
  kernel.order({ type: "spawn_cell", cell: first, rssBytesMax });
  const { socket, osPid } = await kernel.hear("cell_spawned");
  const ask = (word: string): Promise<string> => askCell(dataDir, socket, word);
  return { dataDir, init, ready, kernel, socket, osPid, ask };
}

/** Whether a process is there and not merely waiting to be collected. */
export function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** All processes below `pid`. */
export function childrenOf(pid: number): readonly number[] {
  const direct = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);
  return direct.flatMap((child) => [child, ...childrenOf(child)]);
}
