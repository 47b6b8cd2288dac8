/**
 * Preloaded into kernel and builder: has Linux kill this process the moment the thread that started it ends, so that
 * kill -9 of init leaves nothing behind. The variable SOLO_PARENT names the expected parent: if that one died before the
 * request was made, this process has another parent by now, and ends itself.
 *
 * Elsewhere than on Linux there is no such request; there the kernel ends when its IPC channel closes, and the builder and
 * the cells when the pipes that init holds do.
 */
import { dlopen } from "node:ffi";
import process from "node:process";

const parentDeathSignal = 1;
const sigkill = 9n;

if (process.platform === "linux") {
  const { functions } = dlopen(null, {
    prctl: { arguments: ["int32", "uint64", "uint64", "uint64", "uint64"], return: "int32" },
  });
  functions.prctl(parentDeathSignal, sigkill, 0n, 0n, 0n);
  const expected = process.env["SOLO_PARENT"];
  if (expected !== undefined && process.ppid !== Number(expected)) process.kill(process.pid, "SIGKILL");
}
delete process.env["SOLO_PARENT"];
