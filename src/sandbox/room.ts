/**
 * A room: the folder that a jailed program sees as the whole file system, made once and then only read.
 *
 *   <into>/<key>/root/       bin/node, the C libraries, cell/… (the image, the lock's filter, the canary)
 *   <into>/<key>/boot.bpf    the filter in force before the program is executed
 *   <into>/<key>/…           what else a tier keeps beside the root; never seen from inside
 *
 * The key tells everything that went in. Made aside and moved into place, so that a room is whole or absent. Everybody may
 * read it, since each cell may have a user of its own; it holds nothing that is not public.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

/** What goes into a room besides Node and its libraries. */
export interface RoomPlan {
  /** Name of the folder in the root: where the program sees itself. */
  readonly folder: string;
  /** Folders and files, by the path they get in the root. */
  readonly sources: readonly {
    readonly from: string;
    readonly to: string;
    /** `modules`: our own, without their types and tests. `programs`: files that may be executed. */
    readonly as: "files" | "modules" | "programs";
  }[];
  /** Small files, by their path in the room (those under `root/` are seen from inside). */
  readonly texts: Readonly<Record<string, string | Uint8Array>>;
}

export interface Room {
  readonly path: string;
  readonly root: string;
  /** Where they come from. */
  readonly libraries: readonly string[];
}

/** Rooms that nobody used for this long are removed when another is made, and of the others those that were used longest ago. */
const unusedMsMax = 7 * 86_400_000;
const roomsKeptMax = 16;
/** Use is noted this often. */
const notedEveryMs = 3_600_000;
const makingMsMax = 600_000;

/** Parts of the C library that Node has no need of, but native packages name. */
const companions = ["librt.so.1", "libutil.so.1"] as const;

/** Files of the C library and its like that this very Node has loaded, under the names that they are looked for by. */
export function findLibraries(): readonly string[] {
  (process.report as { excludeNetwork?: boolean }).excludeNetwork = true;
  const { sharedObjects } = process.report.getReport() as { readonly sharedObjects?: readonly string[] };
  const loaded = (sharedObjects ?? []).filter((path) => path.startsWith("/") && !path.endsWith(".node"));
  const libc = loaded.find((path) => basename(path).startsWith("libc.so"));
  const beside = libc === undefined ? [] : companions.map((name) => join(dirname(libc), name));
  return [...new Set([...loaded, ...beside])].filter((path) => existsSync(path));
}

/** The room, made again if someone cleared the cache meanwhile. Throws when the disk does not let it, now or later. */
export function roomOf(into: string, plan: RoomPlan): () => Room {
  let room = provideRoom(into, plan);
  let notedAt = performance.now();
  return () => {
    const stale = performance.now() - notedAt > notedEveryMs;
    if (stale || !existsSync(room.root)) {
      room = provideRoom(into, plan);
      notedAt = performance.now();
    }
    return room;
  };
}

function provideRoom(into: string, plan: RoomPlan): Room {
  const libraries = findLibraries();
  const path = join(into, keyOf(plan, libraries));
  const room: Room = { path, root: join(path, "root"), libraries };
  makeOpen(into);
  refuseForeign(into);
  if (existsSync(path)) {
    const now = new Date();
    utimesSync(path, now, now);
    return room;
  }
  const aside = join(into, `.making-${randomUUID()}`);
  try {
    fill(aside, plan, libraries);
    renameSync(aside, path);
  } catch (error) {
    // Another Solo made the same meanwhile.
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  removeUnused(into, basename(path));
  return room;
}

function fill(room: string, plan: RoomPlan, libraries: readonly string[]): void {
  const root = join(room, "root");
  makeOpen(join(root, plan.folder));
  copyTree(process.execPath, join(root, "bin", "node"), 0o755);
  for (const library of libraries) copyTree(library, join(root, library), 0o644);
  for (const { from, to, as } of plan.sources) {
    if (as === "modules") copyModules(from, join(root, to));
    else copyTree(from, join(root, to), as === "programs" ? 0o755 : 0o644);
  }
  for (const [name, content] of Object.entries(plan.texts)) {
    makeOpen(dirname(join(room, name)));
    writeFileSync(join(room, name), content, { mode: 0o644 });
    chmodSync(join(room, name), 0o644);
  }
}

/**
 * With these rights at least: as one file of the disk where it has them and that is allowed, which also shares its pages in
 * memory; else as a copy.
 */
function share(named: string, to: string, rights: number): void {
  const from = realpathSync(named);
  const { mode, uid } = statSync(from);
  const needed = rights & 0o005;
  if ((mode & needed) === needed && uid === process.getuid?.()) {
    try {
      linkSync(from, to);
      return;
    } catch {
      // Another disk, or a machine that forbids it.
    }
  }
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  // One of the libraries is the linker, which Linux executes.
  chmodSync(to, rights | (mode & 0o111));
}

function copyTree(from: string, to: string, rights: number): void {
  if (statSync(from).isDirectory()) {
    makeOpen(to);
    for (const name of readdirSync(from)) copyTree(join(from, name), join(to, name), rights);
    return;
  }
  makeOpen(dirname(to));
  share(from, to, rights);
}

function copyModules(from: string, to: string): void {
  makeOpen(to);
  for (const name of readdirSync(from)) {
    const path = join(from, name);
    if (statSync(path).isDirectory()) copyModules(path, join(to, name));
    else if (/(?<!\.test|\.testing|\.d)\.[jt]s$/.test(name)) {
      writeFileSync(join(to, name.replace(/[jt]s$/, "mjs")), readModule(pathToFileURL(path)), { mode: 0o644 });
      chmodSync(join(to, name.replace(/[jt]s$/, "mjs")), 0o644);
    }
  }
}

/** Whatever the process's umask is. */
function makeOpen(path: string): void {
  if (existsSync(path)) return;
  makeOpen(dirname(path));
  mkdirSync(path, { recursive: true, mode: 0o755 });
  chmodSync(path, 0o755);
}

/** Images are named by the hash of their content; of everything else size, time and number of the file tell. */
function keyOf(plan: RoomPlan, libraries: readonly string[]): string {
  const hash = createHash("sha256");
  const add = (path: string, to: string): void => {
    const { size, mtimeMs, ino } = statSync(path);
    hash.update(`${to}\0${path}\0${size}\0${mtimeMs}\0${ino}\0`);
  };
  add(process.execPath, "node");
  for (const library of libraries) add(library, library);
  for (const { from, to, as } of plan.sources) {
    hash.update(`${as}\0`);
    if (/^[0-9a-f]{32}$/.test(basename(from))) hash.update(`${to}\0${basename(from)}\0`);
    else addTree(from, to, add);
  }
  for (const [name, content] of Object.entries(plan.texts)) hash.update(`${name}\0`).update(content);
  return hash.digest("hex").slice(0, 32);
}

function addTree(from: string, to: string, add: (path: string, to: string) => void): void {
  if (!statSync(from).isDirectory()) return add(from, to);
  for (const name of readdirSync(from).toSorted()) addTree(join(from, name), join(to, name), add);
}

/** A module of ours as JavaScript that needs no package around it; what it imports of ours has to lie beside it likewise. */
export function readModule(url: URL): string {
  const source = readFileSync(url, "utf8");
  const script = url.pathname.endsWith(".ts") ? stripTypeScriptTypes(source) : source;
  return script.replaceAll(/((?:from |import\()"\.[^"]*)\.[jt]s"/g, '$1.mjs"');
}

/** What is in a room runs, some of it before the jail holds: nobody else may put it there. */
function refuseForeign(into: string): void {
  const { mode, uid } = statSync(into);
  const us = process.getuid?.();
  if (us !== undefined && uid !== us) throw new Error(`${into} belongs to user ${uid}, and Solo runs as user ${us}`);
  if ((mode & 0o022) !== 0) throw new Error(`others may write in ${into}: run chmod go-w on it`);
}

function removeUnused(into: string, current: string): void {
  const found = readdirSync(into).map((name) => {
    const path = join(into, name);
    const ageMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    return { name, path, ageMs };
  });
  const rooms = found
    .filter(({ name }) => /^[0-9a-f]{32}$/.test(name) && name !== current)
    .toSorted((a, b) => a.ageMs - b.ageMs);
  const gone = [
    ...rooms.filter(({ ageMs }, at) => ageMs > unusedMsMax || at >= roomsKeptMax - 1),
    ...found.filter(({ name, ageMs }) => name.startsWith(".making-") && ageMs > makingMsMax),
  ];
  for (const { path } of gone) rmSync(path, { recursive: true, force: true });
}
