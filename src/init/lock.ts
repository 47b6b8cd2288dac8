/**
 * One Solo per data directory. The lock is flock(2) on an open file: it ends with the process that holds it, however that
 * process ends, so it is never stale. The text of the file only names the holder.
 */
import { ftruncateSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Refusal, refuse } from "../base/index.ts";
import { type Libc, tryLock } from "../sandbox/index.ts";

/** Keeps the lock for as long as `fd` is open. */
export function lockDataDir(libc: Libc, at: { readonly path: string; readonly fd: number }): Refusal | undefined {
  if (!tryLock(libc, at.fd)) return refuse("DATA_DIR_LOCKED", { dataDir: at.path, holder: findHolder(at.path) });
  ftruncateSync(at.fd);
  writeSync(at.fd, `${process.pid}\n`);
  return undefined;
}

function findHolder(path: string): string {
  const text = readFileSync(join(path, "lock"), "utf8");
  return /^[0-9]{1,10}\n$/.test(text) ? `process ${text.trim()}` : "another process";
}
