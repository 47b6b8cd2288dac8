/**
 * The data directory: made (0700) or found ours and not for others to write, locked, checked and swept before anything else
 * happens in it.
 *
 *   format          number of the layout; a newer one is refused
 *   lock            held by flock(2) for as long as init lives; names its holder
 *   epoch           the last kernel epoch that was issued
 *   run/            Unix sockets and init.json; emptied at every start; working directory of init, kernel and builder
 *   cache/          guest images, compiled modules; may be deleted while Solo is stopped
 *   log/            rotating text logs
 *
 * Everything else in it is the kernel's.
 */
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { isRefusal, type Refusal, refuse } from "../base/index.ts";
import { hasOwnUsers, type Libc } from "../sandbox/index.ts";
import { writeDurably } from "./durable-file.ts";
import { lockDataDir } from "./lock.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;

/** Of all Solos of root's on this machine. Holds nothing but what npm and Debian deliver, and Solo's own programs. */
const sharedRooms = "/var/cache/solo/rooms";

/** Raised when an older Solo could no longer read what this one writes. */
const formatKnown = 1;

export interface DataDir extends Disposable {
  readonly path: string;
  readonly run: string;
  readonly images: string;
  /** Where the folders are kept that jailed processes see as their whole file system. */
  readonly rooms: string;
  readonly compileCache: string;
  readonly logs: string;
  readonly epochFile: string;
  /** Whether this start made it: then a refused start removes it again. */
  readonly made: boolean;
}

/** Opens and locks. `rooms`: the operator chose where they are. On refusal nothing is left behind and nothing is held. */
export function openDataDir(libc: Libc, path: string, rooms?: string): DataDir | Refusal {
  const unusable = (why: string): Refusal => refuse("DATA_DIR_UNUSABLE", { dataDir: path, why });
  let made: boolean;
  try {
    made = mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined;
    const open = whyNotOurs(statSync(path));
    if (open !== undefined) return unusable(open);
  } catch (error) {
    return unusable(sayFileTrouble(error));
  }
  const lock = openLock(path);
  if (typeof lock === "string") return unusable(lock);
  const locked = lockDataDir(libc, { path, fd: lock });
  if (isRefusal(locked)) {
    closeSync(lock);
    return locked;
  }
  const prepared = prepare(path, unusable);
  if (isRefusal(prepared)) {
    // Only under the lock: another start may have found the directory that this one made.
    if (made) rmSync(path, { recursive: true, force: true });
    closeSync(lock);
    return prepared;
  }
  return {
    path,
    run: join(path, "run"),
    images: join(path, "cache", "image"),
    // Jailed processes with a user of their own could not pass through a directory that is ours alone.
    rooms: rooms ?? (hasOwnUsers() ? sharedRooms : join(path, "cache", "rooms")),
    compileCache: join(path, "cache", "compile"),
    logs: join(path, "log"),
    epochFile: join(path, "epoch"),
    made,
    [Symbol.dispose]: () => closeSync(lock),
  };
}

/** Why others could put their files in place of ours in a directory; undefined if it is ours alone to write. */
function whyNotOurs(found: Stats): string | undefined {
  if (!found.isDirectory()) return "it is not a directory";
  const [uid, mode] = [process.geteuid?.(), found.mode & 0o777];
  if (uid !== undefined && found.uid !== uid) {
    return `it belongs to user ${found.uid}, and Solo runs as user ${uid}`;
  }
  return (mode & 0o022) === 0 ? undefined : `others may write in it (mode 0${mode.toString(8)}): run chmod go-w on it`;
}

/** What may stand in a directory before the first start: the operator's settings among them. */
const isOwn: ReadonlySet<string> = new Set(["lock", "lost+found", "config.json"]);

/** A descriptor of the lock file, or why there is none. Never makes one in a directory that is someone else's. */
function openLock(path: string): number | string {
  try {
    const names = readdirSync(path);
    const foreign = names.filter((name) => !isOwn.has(name) && !name.startsWith("format"));
    if (!names.includes("format") && foreign.length > 0) {
      return `it holds other things (${foreign.slice(0, 3).join(", ")}) and was not made by Solo`;
    }
    return openSync(join(path, "lock"), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
  } catch (error) {
    return sayFileTrouble(error);
  }
}

function prepare(path: string, unusable: (why: string) => Refusal): Refusal | undefined {
  try {
    const format = readFormat(join(path, "format"));
    if (format === "damaged") return unusable("its format file is damaged");
    if (format !== undefined && format > formatKnown) {
      return refuse("DATA_DIR_NEWER", { dataDir: path, format, known: formatKnown });
    }
    if (format === undefined) writeDurably(join(path, "format"), `${formatKnown}\n`);
    rmSync(join(path, "run"), { recursive: true, force: true });
    for (const name of ["run", "cache", "log"]) {
      mkdirSync(join(path, name), { recursive: true, mode: 0o700 });
      const open = whyNotOurs(lstatSync(join(path, name)));
      if (open !== undefined) return unusable(`${name}: ${open}`);
    }
    return undefined;
  } catch (error) {
    return unusable(sayFileTrouble(error));
  }
}

function readFormat(file: string): number | "damaged" | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  return /^[0-9]{1,9}\n?$/.test(text) ? Number(text) : "damaged";
}

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);

function sayFileTrouble(error: unknown): string {
  switch (codeOf(error)) {
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EEXIST":
    case "ENOTDIR":
      return "it is not a directory";
    case "ELOOP":
      return "a symbolic link stands where a file of Solo's should";
    case "EROFS":
      return "its file system is read-only";
    case "ENOSPC":
      return "its disk is full";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
