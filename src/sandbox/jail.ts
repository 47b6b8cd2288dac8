/**
 * A jail: how a program of ours is started so that it can touch nothing but what it was given. Made once, used for every
 * start.
 *
 *   bubblewrap   namespaces of its own with the room as root, nothing else mounted, no network, the boot filter
 *   launcher     no package needed: Landlock or (as root) the room as root, its own network namespace, the boot filter
 *   none         nothing but what Node's permission model and V8 do
 *
 * In the first two the program locks itself further once it is up (`lock.bpf` in its folder).
 */
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { insist } from "../base/index.ts";
import type { LaunchOrder } from "./launch/order.ts";
import { provideRoom, readModule, type Room, type RoomPlan } from "./room.ts";
import { type Arch, makeBootFilter, makeLockFilter } from "./seccomp/index.ts";
import { userOf } from "./users.ts";

export const tiers = ["bubblewrap", "launcher", "none"] as const;
export type Tier = (typeof tiers)[number];

/** What to run: Node's own arguments, given where the program's folder is seen from inside. */
export type Command = (folder: string) => readonly string[];

/** One start. The descriptors are ours: dispose of them once the process is there. */
export interface Prepared extends Disposable {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** User and group; undefined: our own. */
  readonly user: number | undefined;
  /** The started process is a shell of the jail's; the program is the child of its child. */
  readonly nested: boolean;
  /** Descriptors that follow those of the program's, which are 0 … `lastDescriptor`. */
  readonly descriptors: readonly number[];
}

export interface PrepareOptions {
  /** Distinguishes users, where each process may have its own. */
  readonly number: number;
  /** Files to write "0" to before the program runs. */
  readonly cgroups: readonly string[];
  readonly report?: boolean;
}

export interface Jail {
  readonly tier: Tier;
  readonly prepare: (command: Command, options: PrepareOptions) => Prepared;
}

export interface JailPlan {
  readonly arch: Arch;
  /** Where rooms are kept. */
  readonly rooms: string;
  /** What the program's folder holds. */
  readonly image: string;
  /** In the lock's filter, the number that stands for the process's own. */
  readonly pidPlaceholder: number;
  /** Name of the lock's filter in the folder. */
  readonly lockFile: string;
}

/** The program's own: 0 to 2, its listening socket, its heartbeat. */
const lastDescriptor = 4;
const openFilesMax = 512;
/** Bubblewrap's own process is the first of the namespace, and the program the second. */
const pidInBubblewrap = 2;
const folder = "cell";
export const canaryFile = "canary.mjs";

const suffix = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
/** The launcher's modules, kept in the room as plain JavaScript: to strip their types at each start would double its cost. */
const launcherModules = ["launch/main", "launch/landlock", "native", "seccomp/syscalls"] as const;

const planOf = (plan: JailPlan, texts: Readonly<Record<string, string | Uint8Array>>): RoomPlan => ({
  folder,
  sources: [{ from: plan.image, to: folder }],
  texts: {
    [`root/${folder}/${plan.lockFile}`]: makeLockFilter(plan.arch, plan.pidPlaceholder),
    [`root/${folder}/${canaryFile}`]: readModule(new URL(`./canary${suffix}`, import.meta.url)),
    ...texts,
  },
});

/** Made again if someone cleared the cache meanwhile. */
const provided = (rooms: string, plan: RoomPlan): (() => Room) => {
  let room = provideRoom(rooms, plan);
  return () => (existsSync(room.folder) ? room : (room = provideRoom(rooms, plan)));
};

const direct = { nested: false, descriptors: [], [Symbol.dispose]: () => undefined } as const;

export const makeNoJail = (image: string): Jail => ({
  tier: "none",
  prepare: (command) => ({
    file: process.execPath,
    args: command(image),
    env: {},
    user: undefined,
    ...direct,
  }),
});

/** `bwrap`: the program's absolute path. Throws if the room cannot be made. */
export function makeBubblewrapJail(plan: JailPlan, bwrap: string): Jail {
  const describe = planOf(plan, { "boot.bpf": makeBootFilter(plan.arch, pidInBubblewrap) });
  const room = provided(plan.rooms, describe);
  return {
    tier: "bubblewrap",
    prepare(command, { number, cgroups }) {
      const { path, root } = room();
      // The kernel reads the program from the descriptor's own place: each start needs one of its own.
      const filter = openSync(join(path, "boot.bpf"), "r");
      const filterFd = lastDescriptor + 1;
      const args = [
        ...["--ro-bind", root, "/", "--chdir", `/${folder}`],
        ...["--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent", "--new-session"],
        ...["--cap-drop", "ALL", "--hostname", "solo", "--clearenv", "--seccomp", String(filterFd)],
      ];
      return {
        file: "/bin/sh",
        args: ["-c", preamble, "sh", String(cgroups.length), ...cgroups, bwrap, ...args, "--", "/bin/node", ...command(`/${folder}`)],
        env: {},
        user: userOf(number),
        nested: true,
        descriptors: [filter],
        [Symbol.dispose]: () => closeSync(filter),
      };
    },
  };
}

/** Joins the cgroups and sets the limits that all it becomes will have. */
const preamble = [
  "n=$1; shift",
  'while [ "$n" -gt 0 ]; do echo 0 > "$1" || exit 71; shift; n=$((n - 1)); done',
  `ulimit -c 0; ulimit -n ${openFilesMax}`,
  'exec "$@"',
].join("; ");

/** Throws if the room cannot be made. */
export function makeLauncherJail(plan: JailPlan): Jail {
  const isRoot = process.getuid?.() === 0;
  const modules = launcherModules.map((name): [string, string] => [
    `launcher/${name}.mjs`,
    readModule(new URL(`./${name}${suffix}`, import.meta.url)),
  ]);
  const describe = planOf(plan, {
    "boot.bpf": makeBootFilter(plan.arch, plan.pidPlaceholder),
    ...Object.fromEntries(modules),
  });
  const room = provided(plan.rooms, describe);
  return {
    tier: "launcher",
    prepare(command, { number, cgroups, report = false }) {
      const { path, root, folder: outside, libraries } = room();
      const inside = isRoot ? `/${folder}` : outside;
      const user = userOf(number);
      const order: LaunchOrder = {
        parent: process.pid,
        cgroups,
        ...(isRoot ? { root } : {}),
        ...(user === undefined ? {} : { user }),
        readable: isRoot ? ["/"] : [root, ...libraries, "/etc/ld.so.cache", "/etc/ssl/openssl.cnf"],
        folder: inside,
        filter: join(path, "boot.bpf"),
        pidPlaceholder: plan.pidPlaceholder,
        openFilesMax,
        lastDescriptor,
        program: isRoot ? "/bin/node" : join(root, "bin", "node"),
        args: command(inside),
        env: {},
        report,
      };
      insist(order.readable.length > 0, "something can be read");
      return {
        file: process.execPath,
        args: ["--no-warnings", join(path, "launcher/launch/main.mjs"), JSON.stringify(order)],
        env: {},
        // The launcher needs what it is to give up: it changes the user itself.
        user: undefined,
        ...direct,
      };
    },
  };
}
