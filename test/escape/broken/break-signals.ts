import process from "node:process";
import { Account, brokenOut, type Deed } from "../broken-out.ts";

export const attack = brokenOut("break-signals", "signals to init, to the kernel, to another's cell, to everybody");

const sigkill = 9;
const setOwner = 8;
const setSignal = 10;
const setOwnerOfSocket = 0x8901;

export const deed: Deed = async ({ aims }) => {
  const account = new Account();
  // Without a jail it only asks whether it could.
  const signal = aims.free ? 0 : sigkill;
  const others = aims.free ? aims.pids : [...aims.pids, 1, process.ppid, -1, 0];
  for (const pid of others) {
    account.bare("kill", pid, signal);
    account.bare("tgkill", pid, pid, signal);
    account.bare("tkill", pid, signal);
    account.bare("rt_sigqueueinfo", pid, signal, 0);
    account.bare("rt_tgsigqueueinfo", pid, pid, signal, 0);
    account.bare("pidfd_open", pid, 0);
    if (!aims.free) await account.node(`kill ${pid}`, () => process.kill(pid, "SIGKILL"));
    // By a descriptor whose news would go to another.
    account.bare("fcntl", 3, setOwner, pid);
  }
  account.bare("pidfd_send_signal", -1, signal, 0, 0);
  account.bare("fcntl", 3, setSignal, signal);
  account.bare("ioctl", 3, setOwnerOfSocket, 0);
  if (!aims.free) account.bare("setuid", 0x6fff_0000);
  account.bare("prlimit64", aims.pids[0] ?? 1, 7, 1n, 0n);
  return account.done;
};
