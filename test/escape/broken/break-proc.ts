import fs from "node:fs";
import process from "node:process";
import { Account, brokenOut, type Deed } from "../broken-out.ts";

export const attack = brokenOut("break-proc", "what the system tells of processes, its own and those of others");

const here = -100;

export const deed: Deed = async ({ aims }) => {
  const account = new Account();
  const owners = ["self", "1", String(process.ppid), ...aims.pids.map(String)];
  for (const owner of owners) {
    for (const file of ["environ", "mem", "maps", "cmdline", "root/etc/passwd", "fd/3"]) {
      const path = `/proc/${owner}/${file}`;
      account.bare("openat", here, path, 0);
      await account.node(`read ${path}`, () => fs.readFileSync(path));
    }
    account.bare("readlinkat", here, `/proc/${owner}/exe`, 0, 0);
    await account.node(`list /proc/${owner}/fd`, () => fs.readdirSync(`/proc/${owner}/fd`));
  }
  for (const path of ["/proc/net/unix", "/sys/kernel", "/dev/null", "/dev/shm", "/run"]) {
    account.bare("openat", here, path, 0);
    await account.node(`read ${path}`, () => fs.statSync(path));
  }
  account.bare("syslog", 10, 0, 0);
  return account.done;
};
