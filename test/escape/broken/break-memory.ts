import { Account, brokenOut, type Deed, isEnded } from "../broken-out.ts";
import { at } from "../fixtures/hands.ts";

export const attack = brokenOut("break-memory", "the memory of another's cell", isEnded);

export const deed: Deed = ({ aims }) => {
  const account = new Account();
  account.bare("process_vm_readv", aims.pids.at(-1) ?? 1, at(0), 1, at(64), 1, 0);
  return account.done;
};
