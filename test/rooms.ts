/**
 * Where the jails of a test file's Solos keep what their programs see: a folder of its own, open to jailed users, gone when the
 * test file's process ends. Without it, a Solo of root's keeps them in /var/cache for the next one.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

let folder: string | undefined;

export function roomsOfTests(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), "solo-rooms-"));
    chmodSync(made, 0o755);
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return folder;
}
