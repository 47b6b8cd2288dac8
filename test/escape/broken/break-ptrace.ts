import { Account, brokenOut, type Deed, isEnded } from "../broken-out.ts";

export const attack = brokenOut("break-ptrace", "a look into another process, as a debugger has it", isEnded);

export const deed: Deed = ({ aims }) => {
  const account = new Account();
  account.bare("ptrace", 0x4206, aims.pids[0] ?? 1, 0, 0);
  return account.done;
};
