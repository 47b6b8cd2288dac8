import { Account, brokenOut, type Deed, isEnded } from "../broken-out.ts";

export const attack = brokenOut("break-mount", "another root for itself", isEnded);

export const deed: Deed = () => {
  const account = new Account();
  account.bare("mount", "/", "/", 0, 4096, 0);
  return account.done;
};
