/** Where the programs of the other processes are, and how each is started. */
import { join } from "node:path";
import process from "node:process";
import { dieWithParentModule } from "../sandbox/index.ts";

/** This is `.ts` in the repository and `.js` once packed. */
const suffix = import.meta.filename.endsWith(".ts") ? ".ts" : ".js";

const entryOf = (room: string): string => join(import.meta.dirname, "..", room, `main${suffix}`);

export const programs = { kernel: entryOf("daemon"), builder: entryOf("builder") } as const;

const flags: readonly string[] = ["--disable-warning=ExperimentalWarning", "--import", dieWithParentModule];

/** Node's arguments for one of our own programs; it ends with init. */
export const argumentsFor = (entry: string, args: readonly string[] = []): readonly string[] => [
  ...flags,
  entry,
  ...args,
];

/** All that such a program finds in its environment. */
export const environmentFor = (compileCache: string): Readonly<Record<string, string>> => ({
  SOLO_PARENT: String(process.pid),
  NODE_COMPILE_CACHE: compileCache,
});

/**
 * The builder as a server asks V8 whether it would take a module, and no two modules are the same: V8's own cache of what it
 * compiled would keep each of them.
 */
export const moduleCheckFlags: readonly string[] = ["--experimental-vm-modules", "--no-compilation-cache"];

export const builderArguments: readonly string[] = [...moduleCheckFlags, ...argumentsFor(programs.builder)];
