/**
 * The Solo under load, as those see it who use it and those who kill it: clients that find it again after its end, and its
 * processes by their roles, with the number of each cell.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import type { SoloClient, Connection } from "../../src/client/index.ts";
import { isAlive, processesIn, roomy, Solo, until } from "../e2e/solo.ts";

/** From the first sign of its end to being ready again; only a hang takes longer. */
const startMsMax = 30_000;

export interface CellProcess {
  readonly pid: number;
  /** As the log knows it; undefined while it has no socket yet. */
  readonly cell: number | undefined;
}

export class Node implements AsyncDisposable {
  readonly #solo: Solo;
  readonly #connections = new Map<string, Connection>();
  readonly #clients = new Map<string, SoloClient>();
  #up: Promise<void> = Promise.resolve();

  private constructor(solo: Solo) {
    this.#solo = solo;
  }

  static async start(): Promise<Node> {
    return new Node(await Solo.start({ config: roomy }));
  }

  get solo(): Solo {
    return this.#solo;
  }

  /** Makes a tenant that {@link client} can speak for. */
  async addTenant(tenantId: string): Promise<void> {
    await this.client("admin").createTenant({ tenantId });
    this.#connections.set(tenantId, await this.#solo.certificate(tenantId));
  }

  /** One connection for each name, at the address where the node is now. */
  client(name: string): SoloClient {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const connection = this.#connections.get(name);
    const client = this.#solo.connectWith(
      connection === undefined ? this.#solo.connection("admin") : { ...connection, address: this.#solo.address },
    );
    this.#clients.set(name, client);
    return client;
  }

  /** Resolves when no start of the node is under way. */
  whenUp(): Promise<void> {
    return this.#up;
  }

  // ------------------------------------------------------------------ its processes

  kernel(): number | undefined {
    return this.#solo.processes().find(({ role }) => role === "kernel")?.pid;
  }

  builder(): number | undefined {
    return this.#solo.processes().find(({ role }) => role === "builder")?.pid;
  }

  cells(): readonly CellProcess[] {
    const paths = unixSockets();
    return this.#solo
      .processes()
      .filter(({ role }) => role === "cell")
      .map(({ pid }) => ({ pid, cell: cellOf(pid, paths) }));
  }

  /** init and all that it started. */
  everything(): readonly number[] {
    return [this.#solo.initPid, ...this.#solo.processes().map(({ pid }) => pid)];
  }

  /** Whatever works in its data directory, whoever started it. */
  remaining(): readonly number[] {
    return processesIn(this.#solo.dataDir);
  }

  /**
   * Starts the node again once everything of it has ended, which must happen by itself when init is gone. `interruptions`:
   * after so many milliseconds each, whatever has been started by then is killed, and it is started anew.
   */
  startAgain(interruptions: readonly number[] = []): Promise<void> {
    this.#clients.clear();
    this.#up = this.#start(interruptions);
    // Whoever waits for it hears of a failure; nobody has to.
    this.#up.catch(() => undefined);
    return this.#up;
  }

  async #start(interruptions: readonly number[]): Promise<void> {
    await this.#solo.ended;
    await this.#gone("the end of every process of the node");
    for (const afterMs of interruptions) {
      const ready = this.#solo.startAgain().then(
        () => true,
        () => false,
      );
      await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, afterMs))]);
      for (const pid of this.remaining()) kill(pid);
      // It was too quick, or could not be found yet: then it ends as a node that is ready does.
      if (await ready) for (const pid of this.everything()) kill(pid);
      await this.#solo.ended;
      await this.#gone("the end of an interrupted start");
    }
    await this.#solo.startAgain();
  }

  async #gone(what: string): Promise<void> {
    await until(what, () => this.remaining().length === 0, startMsMax).catch((cause: unknown) => {
      throw new Error(`there is still ${this.remaining().map(commandOf).join("; ")}`, { cause });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#solo[Symbol.asyncDispose]();
  }
}

/** What a process runs, and in which state it is. */
function commandOf(pid: number): string {
  try {
    const [command, stat] = ["cmdline", "stat"].map((name) => readFileSync(`/proc/${pid}/${name}`, "utf8"));
    return `${pid} ${command?.replaceAll("\0", " ").trim()} (${stat?.slice(stat.lastIndexOf(")") + 2).slice(0, 20)})`;
  } catch {
    return `${pid}`;
  }
}

/** Kills with -9; false if it had ended before. */
export function kill(pid: number | undefined): boolean {
  if (pid === undefined || !isAlive(pid)) return false;
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    // It ended in between.
    return false;
  }
}

/** Paths of all Unix sockets, by inode (proc(5), /proc/net/unix). */
function unixSockets(): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const line of readFileSync("/proc/net/unix", "utf8").split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [inode, path] = [fields[6], fields[7]];
    if (inode !== undefined && path !== undefined) paths.set(inode, path);
  }
  return paths;
}

/** A cell listens on a socket that has its number in its name. */
function cellOf(pid: number, paths: ReadonlyMap<string, string>): number | undefined {
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      const cell = /cell-(\d+)\.sock$/.exec(paths.get(inode ?? "") ?? "")?.[1];
      if (cell !== undefined) return Number(cell);
    }
  } catch {
    // It has just ended, or closed a descriptor while we looked.
  }
  return undefined;
}
