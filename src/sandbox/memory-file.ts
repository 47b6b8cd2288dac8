/** Files that are nothing but memory: shared with another process by their descriptor, gone with the last one. */
import { closeSync, ftruncateSync } from "node:fs";
import { dlopen, getRawPointer } from "node:ffi";

/** A descriptor of a new one, of this length for ever; undefined where the system has none to give. */
export type MakeMemoryFile = (name: string, bytes: number) => number | undefined;

const flags = { closeOnExec: 1, allowSealing: 2 } as const;
const addSeals = 1033;
/** Nobody changes its length or these seals: whoever holds it can neither grow it nor take away what others have mapped. */
const seals = 1 | 2 | 4;

/** Linux alone has them. */
export function openMemoryFiles(): MakeMemoryFile {
  let calls: ReturnType<typeof openCalls>;
  try {
    calls = openCalls();
  } catch {
    return () => undefined;
  }
  return (name, bytes) => {
    const called = Buffer.from(`${name}\0`);
    const fd = calls.memfd_create(getRawPointer(called), flags.closeOnExec | flags.allowSealing);
    if (fd < 0) return undefined;
    try {
      ftruncateSync(fd, bytes);
      if (calls.fcntl(fd, addSeals, seals) === 0) return fd;
    } catch {
      // No memory for it just now.
    }
    closeSync(fd);
    return undefined;
  };
}

const openCalls = () =>
  dlopen(null, {
    memfd_create: { arguments: ["uint64", "uint32"], return: "int32" },
    fcntl: { arguments: ["int32", "int32", "int32"], return: "int32" },
  }).functions;
