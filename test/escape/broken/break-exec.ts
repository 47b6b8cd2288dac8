import process from "node:process";
import { Account, brokenOut, type Deed } from "../broken-out.ts";

export const attack = brokenOut("break-exec", "another program in its place");

const here = -100;
const ofDescriptor = 0x1000;

export const deed: Deed = async ({ aims }) => {
  const account = new Account();
  account.bare("execve", "/solo-nowhere", 0, 0);
  account.bare("execveat", here, "/solo-nowhere", 0, 0, 0);
  if (!aims.free) {
    for (const path of ["/bin/node", "/proc/self/exe", process.execPath]) account.bare("execve", path, 0, 0);
    account.bare("execveat", 0, "", 0, 0, ofDescriptor);
  }
  await account.node("execve", () => process.execve?.(process.execPath, [process.execPath, "-e", "0"], {}));
  return account.done;
};
