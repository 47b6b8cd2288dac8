import { Account, brokenOut, type Deed, isEnded } from "../broken-out.ts";

export const attack = brokenOut("break-namespaces", "namespaces, in which it would be root", isEnded);

export const deed: Deed = () => {
  const account = new Account();
  account.bare("unshare", 0x10000000);
  return account.done;
};
