/**
 * A jail: how a program, ours or another's, is started so that it can touch nothing but what it was given. Made once, used for
 * every start.
 *
 *   bubblewrap   namespaces of its own with the room as root, nothing else mounted, no network, the boot filter
 *   launcher     no package needed: Landlock or (as root) the room as root, its own network namespace, the boot filter
 *   none         nothing but what Node's permission model and V8 do
 *
 * In the first two a cell locks itself further once it is up, with a filter that lies in its folder.
 */
import type { RoomPlan } from "./room.ts";
import type { Arch } from "./seccomp/index.ts";

export const tiers = ["bubblewrap", "launcher", "none"] as const;
export type Tier = (typeof tiers)[number];

/** The program's arguments, given where its folder is seen from inside. */
export type Command = (folder: string) => readonly string[];

/** How to start one process. The descriptors are ours: dispose of them once the process is there. */
export interface Prepared extends Disposable {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** User and group; undefined: our own. */
  readonly user: number | undefined;
  /**
   * True: what is started waits for a line on the heartbeat's descriptor, so that it can be put into a cgroup first; and
   * the program will be the child of its child.
   */
  readonly gated: boolean;
  /** Descriptors that follow those of the program's, which are 0 … `lastDescriptor`. */
  readonly descriptors: readonly number[];
}

export interface PrepareOptions {
  /** Distinguishes users, where each process may have its own. */
  readonly number: number;
  /** Files to write "0" to before the program runs; only where it does not wait for us. */
  readonly cgroups: readonly string[];
  /** Have the jail say on stdout what it put in force. */
  readonly report?: boolean;
}

export interface Jail {
  readonly tier: Tier;
  readonly prepare: (command: Command, options: PrepareOptions) => Prepared;
}

/** `own`: Node, with a program of ours. `external`: an executable of whatever kind, with other system calls, and a /proc, a /dev
 * and a /tmp where the tier can give it some. */
export type Program =
  | { readonly kind: "own" }
  | {
      readonly kind: "external";
      /** In the room's root. */
      readonly path: string;
    };

/** What a program finds in its jail. */
export interface Habitat extends RoomPlan {
  readonly arch: Arch;
  readonly program: Program;
  /** Where rooms are kept. */
  readonly rooms: string;
}

/** Node's place in every room. */
const node = "bin/node";

/** Where the program is in the room's root. */
export const pathOf = (program: Program): string => (program.kind === "own" ? node : program.path);

/** In a filter, stands for the number that the process will have. No process has it. */
export const pidPlaceholder = 0x7fff_fff0;

/** The program's own: 0 to 2, its listening socket, its heartbeat, the memory that it shares with us. */
export const lastDescriptor = 5;
/** Where a jail waits for us: the heartbeat's, whose time has not come yet. */
export const gateDescriptor = 4;
export const openFilesMax = 512;

/** Nothing to dispose of, nothing to wait for. */
export const direct = { gated: false, descriptors: [], [Symbol.dispose]: () => undefined } as const;
