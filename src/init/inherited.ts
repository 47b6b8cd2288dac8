/**
 * Descriptors that init itself inherited by accident. libuv marks only the first few close-on-exec; a higher one would be
 * open in every kernel and cell. Node's own are all close-on-exec, so what is not (past stderr) was inherited.
 */
import { closeSync, readdirSync, readFileSync } from "node:fs";

const closeOnExec = 0o2000000;

/** Returns how many were closed. Only Linux says which there are; elsewhere nothing is done. */
export function closeInheritedDescriptors(): number {
  let closed = 0;
  for (const fd of findDescriptors()) {
    if (fd <= 2 || isCloseOnExec(fd)) continue;
    closeSync(fd);
    closed += 1;
  }
  return closed;
}

function findDescriptors(): readonly number[] {
  try {
    return readdirSync("/proc/self/fdinfo").map(Number);
  } catch {
    return [];
  }
}

function isCloseOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    return flags === undefined || (Number.parseInt(flags, 8) & closeOnExec) !== 0;
  } catch {
    // It was the descriptor that listed the directory.
    return true;
  }
}
