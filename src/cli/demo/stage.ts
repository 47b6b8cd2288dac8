/**
 * A real Solo for the demo: its own temporary data directory, any free port. Whoever opens the stage must dispose of it;
 * then no process and no file is left, whatever happened.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { profileFile } from "../../api/index.ts";
import { connect, connectionOf, loadProfile, type SoloClient } from "../../client/index.ts";
import { initEntry } from "../../init/index.ts";
import { type InitFile, isAlive, parseReadiness } from "../node-files.ts";
import { listProcesses } from "../processes.ts";
import { Untrue } from "./narrator.ts";

const readyMsMax = 30_000;
const endMsMax = 10_000;

export class Stage implements AsyncDisposable {
  readonly dataDir = mkdtempSync(join(tmpdir(), "solo-demo-"));
  readonly #init: ChildProcess;
  readonly #ended: Promise<number | string>;
  readonly #clients: SoloClient[] = [];
  readonly #seen = new Set<number>();
  #said = "";

  constructor() {
    const args = [
      "--disable-warning=ExperimentalWarning",
      initEntry,
      "--json",
      // What it runs are our own examples; on a machine where no sandbox holds, the story says so.
      "--unsafe-no-sandbox",
      "--grpc",
      "127.0.0.1:0",
      "--data-dir",
      this.dataDir,
    ];
    // Its own process group: Ctrl-C reaches the demo, which then ends it in order.
    this.#init = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    this.#init.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-4_000);
    });
    this.#ended = new Promise((resolve) => {
      this.#init.once("exit", (code, signal) => resolve(code ?? signal ?? 0));
    });
  }

  /** What init said on stderr, and the end of the kernel's log. */
  lastWords(): string {
    const log = join(this.dataDir, "log", "kernel.log");
    const text = existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(-20).join("\n") : "";
    return `Solo said:\n${this.#said.trim()}\n${text.trim()}`;
  }

  async ready(signal: AbortSignal): Promise<InitFile> {
    const { stdout } = this.#init;
    if (stdout === null) throw new Untrue("init has no stdout");
    const lines = createInterface({ input: stdout });
    const first = once(lines, "line", { signal: AbortSignal.any([signal, AbortSignal.timeout(readyMsMax)]) });
    const answer = await Promise.race([first, this.#ended]);
    const ready = Array.isArray(answer) ? parseReadiness(String(answer[0])) : undefined;
    if (ready === undefined) throw new Untrue(`Solo did not start: ${this.#said.trim() || String(answer)}`);
    this.#seen.add(ready.pid);
    return ready;
  }

  connect(name: "admin" | "default"): SoloClient {
    const client = connect(connectionOf(loadProfile(join(this.dataDir, profileFile)), name));
    this.#clients.push(client);
    return client;
  }

  /** The processes that init parents right now. */
  processes() {
    const found = listProcesses(this.#init.pid ?? 0);
    for (const { pid } of found) this.#seen.add(pid);
    return found;
  }

  /** init's exit code, or the signal that ended it. */
  async end(): Promise<number | string> {
    const code = await Promise.race([this.#ended, timeout(endMsMax)]);
    if (code === undefined) throw new Untrue(`Solo did not end within ${endMsMax} ms`);
    return code;
  }

  /** Of all processes that were ever seen, those that are still there. */
  left(): readonly number[] {
    return [...this.#seen].filter(isAlive);
  }

  isDataGone(): boolean {
    return !existsSync(this.dataDir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    if (this.#init.exitCode === null && this.#init.signalCode === null) {
      this.#init.kill("SIGTERM");
      if ((await Promise.race([this.#ended, timeout(5_000)])) === undefined) {
        // All of its processes end with it.
        this.#init.kill("SIGKILL");
        await this.#ended;
      }
    }
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

const timeout = (ms: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms).unref();
  });
