/** Starts a broken cell in a jail and talks to it. Used by tests, and by `run-attacks.ts` as another user. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { provideImage } from "../../src/builder/image.ts";
import {
  type Jail,
  listen,
  makeNoJail,
  openLibc,
  openSandbox,
  type SandboxReport,
  type Tier,
} from "../../src/sandbox/index.ts";
import { cellFlags, imageFiles, jailedArgument, lockFile, pidPlaceholder } from "../../src/wire/index.ts";
import type { Targets } from "./targets.ts";

const root = join(import.meta.dirname, "..", "..");

/** The broken cell's image. */
export async function provideBrokenImage(into: string): Promise<string> {
  const { path } = await provideImage({
    into,
    sources: {
      cell: join(import.meta.dirname, "fixtures", "broken-cell.ts"),
      prelude: join(root, "src", "guest", "prelude.ts"),
      folders: [
        join(import.meta.dirname, "fixtures"),
        ...["base", "cell", "wire"].map((room) => join(root, "src", room)),
      ],
    },
  });
  return path;
}

export interface OpenTier {
  readonly jail: Jail;
  readonly report: SandboxReport;
}

export async function openTier(
  tier: Tier,
  { rooms, image }: { readonly rooms: string; readonly image: string },
): Promise<OpenTier | string> {
  const wish = { tier, required: [], noneAllowed: tier === "none" };
  const opened = await openSandbox(wish, { rooms, lockFile, pidPlaceholder }, []);
  if (typeof opened === "string") return opened;
  const inhabitant = { folder: "cell", sources: [{ from: image, to: "cell", as: "files" as const }], locks: true };
  return { jail: opened.jailFor(inhabitant) ?? makeNoJail(image), report: opened.report };
}

/** `bare`: without Node's permission model, so that what stops an attack is the operating system alone. */
export type Dress = "dressed" | "bare";

export interface BrokenCell extends AsyncDisposable {
  readonly process: ChildProcess;
  /** What came of one word; undefined if the cell was gone before it answered. */
  readonly say: (word: string) => Promise<{ readonly done: boolean; readonly said: unknown } | undefined>;
  /** As a shell says it: 128 and the signal's number, or the status. */
  readonly ended: Promise<string>;
}

interface Handle {
  readonly fd: number;
  close(): void;
}
type CreateServerHandle = (path: string, port: number, type: number) => Handle;

/** `targets`: what it may aim at; nothing, where it is to do other things. */
export function startBroken({ jail }: OpenTier, dress: Dress, targets?: Targets): BrokenCell {
  const run = mkdtempSync(join(tmpdir(), "solo-broken-"));
  const path = join(run, "s");
  const create = (net as unknown as { readonly _createServerHandle: CreateServerHandle })._createServerHandle;
  const listener = create(path, -1, -1);
  listen(openLibc(), listener.fd, 16);
  const flags = dress === "dressed" ? cellFlags : cellFlags.filter((flag) => !/^--(permission|allow-)/.test(flag));
  let gated = false;
  const child = ((): ChildProcess => {
    using start = jail.prepare(
      (folder) => [
        ...flags,
        ...(dress === "dressed" ? [`--allow-fs-read=${folder}/`] : []),
        `${folder}/${imageFiles.cell}`,
        jail.tier === "none" ? "free" : jailedArgument,
        JSON.stringify(targets ?? {}),
      ],
      { number: 77, cgroups: [] },
    );
    gated = start.gated;
    return spawn(start.file, start.args, {
      env: start.env,
      ...(start.user === undefined ? {} : { uid: start.user, gid: start.user }),
      stdio: ["ignore", "ignore", "inherit", listener.fd, "pipe", "ignore", ...start.descriptors],
      detached: true,
    });
  })();
  const heartbeat = child.stdio[4] as Duplex;
  heartbeat.on("error", () => undefined).resume();
  if (gated) heartbeat.write("\n");
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? String(code)));
  });
  return {
    process: child,
    ended,
    say: (word) =>
      new Promise((resolve) => {
        const socket = net.connect(path);
        let answer = "";
        socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
        socket.on("error", () => undefined);
        socket.on("close", () =>
          resolve(answer === "" ? undefined : (JSON.parse(answer) as { done: boolean; said: unknown })),
        );
        socket.write(`${word}\n`);
        void ended.then(() => socket.destroy());
      }),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
      listener.close();
      rmSync(run, { recursive: true, force: true });
    },
  };
}
