import childProcess from "node:child_process";
import { Worker } from "node:worker_threads";
import { Account, brokenOut, type Deed } from "../broken-out.ts";

export const attack = brokenOut("break-fork", "processes of its own");

/** Shared handlers without shared memory: no kernel makes such a process, but only a filter refuses it for what it is. */
const impossible = 0x800;
const sigchld = 17;

export const deed: Deed = async ({ aims }) => {
  const account = new Account();
  account.bare("clone", impossible, 0, 0, 0, 0);
  account.bare("clone3", 0, 0);
  if (!aims.free) {
    account.bare("fork");
    account.bare("vfork");
    account.bare("clone", sigchld, 0, 0, 0, 0);
  }
  await account.node("spawn", () => {
    const { error } = childProcess.spawnSync("/bin/true");
    if (error !== undefined) throw error;
  });
  await account.node("fork", () => childProcess.fork(__filename).kill("SIGKILL"));
  await account.node(
    "start a worker",
    () =>
      new Promise((resolve, reject) => {
        const worker = new Worker("1", { eval: true });
        worker.once("online", resolve);
        worker.once("error", reject);
      }),
  );
  return account.done;
};
