/**
 * Mounts of a node's folders, in whatever namespace: what a jail mounts is seen from within it alone, and stays for as long as
 * anything lives there.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** One line for each mount, of proc_pid_mountinfo(5), with the namespace that it is in. Of other users' processes nothing is known. */
export function mountsOf(folders: readonly string[]): readonly string[] {
  // As seen in a mount: its folder may have another parent there.
  const names = folders.map((folder) => basename(folder));
  const namespaces = new Map<string, readonly string[]>();
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
      if (namespaces.has(namespace)) continue;
      const lines = readFileSync(`/proc/${pid}/mountinfo`, "utf8").split("\n");
      namespaces.set(
        namespace,
        lines.filter((line) => names.some((name) => line.includes(name))),
      );
    } catch {
      // It has ended, or is another user's.
    }
  }
  return [...namespaces].flatMap(([namespace, lines]) => lines.map((line) => `${namespace}: ${line}`));
}
