// Runs the command `solo` as people do: the launcher of the repository, in a process of its own, on a real Solo.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { roomsOfTests } from "../rooms.ts";

export const root = join(import.meta.dirname, "..", "..");
export const example = (name: string): string => join(root, "examples", name);

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  /** Resolves when stdout holds a match; rejects if the command ends first. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ran>;
}

/** A directory of its own, and the command in it. Disposing stops what was started and removes everything. */
export class Workplace implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), "solo-cli-"));
  readonly dataDir = join(this.dir, "data");
  readonly #running = new Set<Running>();
  readonly #user: number | undefined;

  /** `user`: whose it is, and who gives the commands; only root can have another do so. */
  constructor(user?: number) {
    this.#user = user;
    if (user !== undefined) chownSync(this.dir, user, user);
  }

  begin(...args: readonly string[]): Running {
    const child = spawn(join(root, "solo"), [...args], {
      cwd: this.dir,
      env: {
        ...process.env,
        SOLO_DATA_DIR: this.dataDir,
        // What is ours is no other user's to change.
        SOLO_ROOMS_DIR: this.#user === undefined ? roomsOfTests() : join(this.dir, "rooms"),
        NO_COLOR: "1",
        NODE_OPTIONS: "",
        NODE_TEST_CONTEXT: "",
      },
      stdio: ["ignore", "pipe", "pipe"],
      ...(this.#user === undefined ? {} : { uid: this.#user, gid: this.#user }),
    });
    const said = { stdout: "", stderr: "" };
    const listeners = new Set<() => void>();
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
        for (const listener of listeners) listener();
      });
    }
    const ended = once(child, "close").then(([code]: readonly unknown[]) => {
      this.#running.delete(running);
      return { code: typeof code === "number" ? code : null, ...said };
    });
    const running: Running = {
      pid: child.pid ?? 0,
      ended,
      kill: (signal) => void child.kill(signal),
      says: (pattern) =>
        new Promise((resolve, reject) => {
          const look = (): void => {
            const found = pattern.exec(said.stdout);
            if (found === null) return;
            listeners.delete(look);
            resolve(found);
          };
          listeners.add(look);
          look();
          void ended.then(() => reject(new Error(`ended without saying ${pattern}: ${JSON.stringify(said)}`)));
        }),
    };
    this.#running.add(running);
    return running;
  }

  solo(...args: readonly string[]): Promise<Ran> {
    return this.begin(...args).ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.solo("stop", "--within", "2s");
    for (const running of this.#running) {
      running.kill("SIGKILL");
      await running.ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
