/**
 * A real Solo for tests that span processes: init, kernel, builder and cells in a temporary data directory, on a port of
 * their own. Disposing it ends it and removes the directory; a test that ends it itself may start it again in the same one.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { chown, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connect, type Connection, connectionOf, loadProfile, type SoloClient } from "../../src/client/index.ts";
import { roomsOfTests } from "../rooms.ts";
import { descendants, filesOf, isAlive, processesIn, type Role, roleOf } from "./processes.ts";

export { isAlive, kill9, processesIn } from "./processes.ts";

const initEntry = fileURLToPath(new URL("../../src/init/main.ts", import.meta.url));
const examples = fileURLToPath(new URL("../../examples/", import.meta.url));

interface Ready {
  readonly grpc: string;
  readonly pid: number;
  readonly tookMs: number;
}

export interface SoloOptions {
  /** Further arguments for init. */
  readonly args?: readonly string[];
  /** The operator's `config.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Runs as this user and group; only root can start it so. */
  readonly user?: number;
}

/** Room for more services than a tenant has by default: for tests and benchmarks of many. */
export const roomy = { tenant_processes_max: 100_000, tenant_memory_max_mb: 65_536 } as const;

export class Solo implements AsyncDisposable {
  readonly dataDir: string;
  readonly #options: SoloOptions;
  #init: ChildProcess;
  #ready: Ready;
  #ended: Promise<number | null>;
  #clients: SoloClient[] = [];
  readonly #seen = new Set<number>();
  #stderr: string[];

  private constructor(dataDir: string, options: SoloOptions, running: Running) {
    this.dataDir = dataDir;
    this.#options = options;
    ({ init: this.#init, ready: this.#ready, ended: this.#ended, stderr: this.#stderr } = running);
  }

  static async start(options: SoloOptions = {}): Promise<Solo> {
    const dataDir = await mkdtemp(join(tmpdir(), "solo-e2e-"));
    try {
      if (options.config !== undefined) await writeFile(join(dataDir, "config.json"), JSON.stringify(options.config));
      if (options.user !== undefined) await chown(dataDir, options.user, options.user);
      return new Solo(dataDir, options, await launch(dataDir, options));
    } catch (error) {
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  get address(): string {
    return this.#ready.grpc;
  }

  get initPid(): number {
    return this.#ready.pid;
  }

  /** What init wrote for people. */
  get stderr(): string {
    return this.#stderr.join("");
  }

  /** A client of its own connection, closed with this Solo. `admin` acts for tenant `default` unless it names one. */
  async client(as: "admin" | "default" = "admin"): Promise<SoloClient> {
    return this.connectWith(this.connection(as));
  }

  connection(as: "admin" | "default"): Connection {
    return connectionOf(loadProfile(join(this.dataDir, "profile.json")), as);
  }

  /** A client with whatever certificate, closed with this Solo. */
  connectWith(connection: Connection): SoloClient {
    const client = connect(connection);
    this.#clients.push(client);
    return client;
  }

  /** Makes a tenant; a client that speaks for it, by a certificate issued for it. */
  async tenant(tenantId: string): Promise<SoloClient> {
    const admin = await this.client();
    await admin.createTenant({ tenantId });
    return this.connectWith(await this.certificate(tenantId));
  }

  /** A fresh certificate of a tenant that exists. */
  async certificate(tenantId: string): Promise<Connection> {
    const admin = await this.client();
    const issued = await admin.issueCertificate({ tenantId });
    return { address: this.address, ca: issued.caPem, cert: issued.certificatePem, key: issued.privateKeyPem };
  }

  /** Certificates of a role, as the profile names them. */
  get certs(): string {
    return join(this.dataDir, "certs");
  }

  /** The living processes that descend from init, by their command's entry. */
  processes(): readonly { readonly pid: number; readonly role: Role }[] {
    const found = descendants(this.initPid).map((pid) => ({ pid, role: roleOf(pid) }));
    for (const { pid } of found) this.#seen.add(pid);
    return found;
  }

  /** What is left of it: those of its processes that were seen before, or that work in its data directory. */
  left(): readonly number[] {
    return [...new Set([...this.#seen, ...processesIn(this.dataDir)])].filter(isAlive);
  }

  kernelPid(): number {
    const kernel = this.processes().find(({ role }) => role === "kernel");
    assert.ok(kernel !== undefined, "a kernel runs");
    return kernel.pid;
  }

  /** Kills the kernel with -9; resolves when it is gone. The next one may be up already. */
  async killKernel(): Promise<void> {
    const pid = this.kernelPid();
    process.kill(pid, "SIGKILL");
    await until("the kernel's end", () => !isAlive(pid));
  }

  /** The process that listens on a cell's socket: the cell of this number, as events name it. */
  cellPid(number: number): number {
    const sockets = new Set(
      readFileSync("/proc/net/unix", "utf8")
        .split("\n")
        .filter((line) => line.endsWith(` cell-${number}.sock`))
        .map((line) => `socket:[${line.split(/ +/)[6]}]`),
    );
    const found = this.processes().find(
      ({ pid, role }) => role === "cell" && filesOf(pid).some((file) => sockets.has(file)),
    );
    assert.ok(found !== undefined, `cell ${number} runs`);
    return found.pid;
  }

  /** What kernel, builder and cells wrote, and init about them. */
  get processLog(): string {
    return readFileSync(join(this.dataDir, "log", "kernel.log"), "utf8");
  }

  /** As the operator does it. Resolves with init's exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.#closeClients();
    this.processes();
    this.#init.kill(signal);
    return this.#ended;
  }

  get ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Starts it again in the same data directory, once it has ended. */
  async startAgain(): Promise<void> {
    this.#closeClients();
    await this.#ended;
    ({
      init: this.#init,
      ready: this.#ready,
      ended: this.#ended,
      stderr: this.#stderr,
    } = await launch(this.dataDir, this.#options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closeClients();
    if (this.#init.exitCode === null && this.#init.signalCode === null) this.#init.kill("SIGTERM");
    const late = setTimeout(() => this.#init.kill("SIGKILL"), 20_000);
    await this.#ended;
    clearTimeout(late);
    await rm(this.dataDir, { recursive: true, force: true });
  }

  #closeClients(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }
}

interface Running {
  readonly init: ChildProcess;
  readonly ready: Ready;
  readonly ended: Promise<number | null>;
  readonly stderr: string[];
}

async function launch(dataDir: string, options: SoloOptions): Promise<Running> {
  const { user } = options;
  const args = [
    initEntry,
    "--data-dir",
    dataDir,
    "--grpc",
    "127.0.0.1:0",
    "--json",
    "--unsafe-no-sandbox",
    // What is ours is no other user's to change.
    ...(user === undefined ? ["--rooms", roomsOfTests()] : []),
    ...(options.args ?? []),
  ];
  const init = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(user === undefined ? {} : { uid: user, gid: user, env: {} }),
  });
  const stderr: string[] = [];
  init.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
  const ended = new Promise<number | null>((resolve) => init.once("close", resolve));
  const lines = createInterface(init.stdout);
  const first = await Promise.race([
    new Promise<string>((resolve) => lines.once("line", resolve)),
    ended.then((code) => {
      throw new Error(`init ended with ${code} before it was ready:\n${stderr.join("")}`);
    }),
  ]);
  const ready = JSON.parse(first) as Ready;
  return { init, ready, ended, stderr };
}

/** Resolves once `holds` does; fails with `what` after `withinMs`. Looks often, since nothing tells of the change. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `${what} within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The source of an example service. */
export const example = (name: string): Promise<Buffer> => readFile(join(examples, `${name}.ts`));

/** Calls a method and returns its result, parsed. */
export async function call(
  client: SoloClient,
  serviceId: string,
  method: string,
  args: readonly unknown[] = [],
  more: { readonly timeoutMs?: number; readonly tenantId?: string } = {},
): Promise<unknown> {
  const { result } = await client.call({ serviceId, method, args: Buffer.from(JSON.stringify(args)), ...more });
  return result.length === 0 ? undefined : JSON.parse(Buffer.from(result).toString("utf8"));
}
